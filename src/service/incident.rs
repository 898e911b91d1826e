//! Tells the incident that an alert belongs to what became of it. It comes after the cuts and changes none of them; what it
//! could not write stands in the receipts.

use std::time::Duration;

use futures_util::future::join;
use jiff::Timestamp;

use crate::domain::{
    CommentBy, CommentState, Deadline, IncidentLabel, IncidentNote, NothingToDoReason, Parsed,
    Receipt, Story,
};
use crate::incident::{Incident, Incidents, Named, NotWritten, comment_id};
use crate::receipt::{self, AlertReport, EventKey};

use super::Service;

/// How long the comment is tried. On the queue this comes after the time of the delivery, where a wait before redelivery
/// would stand: a reader of it has no wait.
const LONGEST: Duration = Duration::from_secs(20);

/// How long it is tried at least, however late it is.
const SHORTEST: Duration = Duration::from_secs(4);

/// What the comment on an incident needs to know of the alert's way.
pub(super) struct Telling<'a> {
    /// What this message or call is known by, if it is the alert's first.
    pub(super) key: EventKey<'a>,
    /// Who writes the comment, unless the sender says it.
    pub(super) usually: CommentBy,
    /// When the invocation has to be answered.
    pub(super) deadline: Deadline,
}

/// Whose incident it is, and what its comment tells already.
pub(super) enum Place {
    Ours(Incident, Story),
    OtherWorkspace,
}

impl Service {
    /// Writes the alert's comment, if it is this program's to write, and says in the receipts what became of it. Gives what the
    /// comment tells then, for whatever goes on.
    pub(super) async fn tell_incident(
        &self,
        parsed: &mut Parsed,
        receipts: &mut [Receipt],
        telling: &Telling<'_>,
    ) -> Option<Story> {
        let incidents = self.incidents.as_ref()?;
        let (said, told) = match place(incidents, parsed, telling)? {
            Place::OtherWorkspace => (
                Said {
                    problem: Some(OTHER_WORKSPACE.to_owned()),
                    ..Said::of(CommentState::OtherWorkspace)
                },
                None,
            ),
            Place::Ours(incident, story) => {
                let report = AlertReport {
                    parsed,
                    receipts,
                    mode: self.settings.mode,
                    requested_by: None,
                };
                let deadline = self.comment_by(telling.deadline);
                let said = say(
                    incidents,
                    &incident,
                    &story,
                    &report,
                    self.clock.now(),
                    deadline,
                );
                (said.await, Some(receipt::told_so_far(&story, receipts)))
            }
        };
        for receipt in receipts {
            receipt.incident = Some(said.beside(receipt.incident.take()));
        }
        if let Parsed::NothingToDo(nothing) = parsed {
            nothing.incident = Some(said.beside(nothing.incident.take()));
        }
        told
    }

    fn comment_by(&self, deadline: Deadline) -> Deadline {
        let left = deadline.remaining(&*self.clock);
        Deadline::after(&*self.clock, left.clamp(SHORTEST, LONGEST))
    }
}

const OTHER_WORKSPACE: &str = "The incident lies in no workspace of EVICT_SENTINEL_WORKSPACES, so nothing was written there. Next: add its workspace to the setting and give the app's identity Microsoft Sentinel Responder there.";

/// What became of what was written to an incident.
struct Said {
    comment: CommentState,
    label: Option<IncidentLabel>,
    tasks: Option<usize>,
    problem: Option<String>,
}

impl Said {
    fn of(comment: CommentState) -> Self {
        Self {
            comment,
            label: None,
            tasks: None,
            problem: None,
        }
    }

    /// The same, with what came of asking the incident before.
    fn beside(&self, asked: Option<IncidentNote>) -> IncidentNote {
        let unasked = asked.as_ref().and_then(|note| note.problem.clone());
        let problems: Vec<String> = unasked.into_iter().chain(self.problem.clone()).collect();
        IncidentNote {
            status: asked.and_then(|note| note.status),
            comment: Some(self.comment),
            label: self.label,
            tasks: self.tasks,
            problem: (!problems.is_empty()).then(|| problems.join(" ")),
        }
    }
}

/// Writes the comment; where it stands, adds the label and the tasks.
async fn say(
    incidents: &Incidents,
    incident: &Incident,
    story: &Story,
    report: &AlertReport<'_>,
    now: Timestamp,
    deadline: Deadline,
) -> Said {
    let comment = receipt::incident_comment(report, story, now);
    let id = comment_id(incident, story.first);
    let written = incidents.write_comment(incident, id, &comment, deadline);
    if let Err(error) = written.await {
        let problem = error.to_string();
        tracing::error!(comment = %id, problem, "incident.comment.failed");
        return Said {
            problem: Some(problem),
            ..Said::of(CommentState::Failed)
        };
    }
    tracing::info!(comment = %id, "incident.comment.written");
    let label = receipt::incident_label(report, story);
    let tasks = receipt::incident_tasks(report, story);
    let labelled = async {
        match label {
            Some(label) => incidents.add_label(incident, label, deadline).await,
            None => Ok(()),
        }
    };
    let (labelled, assigned) =
        join(labelled, incidents.add_tasks(incident, &tasks, deadline)).await;
    let mut problems = Vec::new();
    if let Err(NotWritten { problem }) = &labelled {
        tracing::error!(comment = %id, problem, "incident.label.failed");
        problems.push(problem.as_str());
    }
    if let Err(NotWritten { problem }) = &assigned {
        tracing::error!(comment = %id, problem, "incident.tasks.failed");
        problems.push(problem.as_str());
    }
    Said {
        label: label.filter(|_| labelled.is_ok()),
        tasks: Some(tasks.len()).filter(|count| *count > 0 && assigned.is_ok()),
        problem: (!problems.is_empty()).then(|| problems.join(" ")),
        ..Said::of(CommentState::Written)
    }
}

/// Where the alert's comment belongs; `None` if there is none to write.
pub(super) fn place(
    incidents: &Incidents,
    parsed: &Parsed,
    telling: &Telling<'_>,
) -> Option<Place> {
    let header = parsed.header();
    let id = header.incident_id.as_deref()?;
    let by = header.comment_by.unwrap_or(telling.usually);
    if by != CommentBy::Evict || !is_worth_telling(parsed) {
        return None;
    }
    match incidents.named(id) {
        Named::NoResource => None,
        Named::OtherWorkspace => Some(Place::OtherWorkspace),
        Named::Ours(incident) => {
            let earlier = header.handed_on.as_ref();
            let story = earlier.and_then(|earlier| earlier.story.clone());
            let story = story.unwrap_or_else(|| Story::of(receipt::first_message(telling.key)));
            Some(Place::Ours(incident, story))
        }
    }
}

/// Whether somebody who looks at the incident waits for an answer. One that is over, or no alert at all, gets none: it would be
/// reported again with every change of the incident.
fn is_worth_telling(parsed: &Parsed) -> bool {
    match parsed {
        Parsed::Alert(_) => true,
        Parsed::NothingToDo(nothing) => match nothing.reason {
            NothingToDoReason::NoAccount
            | NothingToDoReason::EntitiesPending
            | NothingToDoReason::NoUser => true,
            NothingToDoReason::NotificationOnly
            | NothingToDoReason::Resolved
            | NothingToDoReason::Redirected { .. }
            | NothingToDoReason::NotAnAlert { .. }
            | NothingToDoReason::SubscriptionValidation { .. } => false,
        },
        Parsed::Malformed(_) => false,
    }
}
