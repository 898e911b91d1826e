//! Looks at the incident of an alert that names nobody. What a trigger sends is the incident as it was when it was made, and the
//! entities of some products arrive minutes later (Azure/Azure-Sentinel, issues 4661, 9820 and 10372): until then it waits, and
//! keeps nobody else out.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::alert;
use crate::domain::{
    AlertHeader, Deadline, IncidentNote, IncidentQuestion, IncidentStatus, NothingToDoReason,
    Parsed,
};
use crate::incident::{Incident, Incidents, Named};

use super::Service;

/// How long a message waits for its incident's entities in all. They have been seen to take ten minutes.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// The waits between two looks: the first ones are short, for entities that are only just on their way.
const LOOKS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(12),
];

/// The longest of them.
const LONGEST_LOOK: Duration = Duration::from_secs(20);

/// How long one look may take, for an alert that has a place to wait.
const A_LOOK: Duration = Duration::from_secs(20);

/// How long it may take for an alert that has none, for HTTP callers, and beyond the cuts of those who are named.
pub(super) const A_GLANCE: Duration = Duration::from_secs(5);

/// How many messages wait within an invocation at the most: half of host.json's `maxConcurrentCalls`, so that the other half is free
/// for users who can be cut.
pub(super) const WAITING_PLACES: usize = 128;

/// How long a message rests that finds no place to wait, before it goes on to the end of the queue.
const REST: Duration = Duration::from_secs(2);

/// How looking at the incident ended.
pub(super) enum Looked {
    /// There is something to act on, or nothing more to wait for.
    Ready(Parsed),
    /// The entities have not arrived, and there is time yet.
    Pending(Parsed),
}

impl Service {
    /// The alert as its incident is now, if it names nobody yet and the incident may be read; else as it is. `since` is when its first
    /// message was queued; `None`, as for an HTTP caller, looks once and waits for nothing.
    pub(super) async fn look_at_incident(
        &self,
        mut parsed: Parsed,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Looked {
        let Some((incidents, incident)) = self.unread_incident(&parsed) else {
            return Looked::Ready(parsed);
        };
        let until = since.and_then(|since| since.checked_add(PATIENCE).ok());
        // What was waited for is worked on in the same delivery, so that time is left for it.
        let waits_until = deadline.earlier_by(self.settings.queue_deadline / 3);
        // Without a free one it goes on to the end of the queue.
        let place = since.and_then(|_| self.waiting_places.try_acquire().ok());
        for number in 0.. {
            // Azure that is slow or away keeps nobody's place.
            let a_look = if place.is_some() { A_LOOK } else { A_GLANCE };
            let by = deadline.min(Deadline::after(&*self.clock, a_look));
            match self.look(incidents, &incident, parsed.header(), by).await {
                Look::Found(now) => return Looked::Ready(*now),
                Look::NotNow(problem) => note(&mut parsed, problem),
                Look::Never(problem) => {
                    note(&mut parsed, Some(problem));
                    return Looked::Ready(parsed);
                }
            }
            let wait = LOOKS.get(number).copied().unwrap_or(LONGEST_LOOK);
            if until.is_none_or(|until| self.clock.now() >= until) {
                return Looked::Ready(parsed);
            }
            if place.is_none() {
                tokio::time::sleep(REST.min(waits_until.remaining(&*self.clock))).await;
                break;
            }
            if waits_until.remaining(&*self.clock) <= wait {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        Looked::Pending(parsed)
    }

    /// The incident that would have to say which users the alert is about.
    fn unread_incident(&self, parsed: &Parsed) -> Option<(&Incidents, Incident)> {
        let incidents = self.incidents.as_ref()?;
        let (IncidentQuestion::WhoIsNamed, id) = parsed.incident_question()? else {
            return None;
        };
        match incidents.named(id) {
            Named::Ours(incident) => Some((incidents, incident)),
            Named::OtherWorkspace | Named::NoResource => None,
        }
    }

    /// Whether a message may cut a user that it does not name.
    pub(super) fn may_name_somebody(&self, parsed: &Parsed) -> bool {
        self.unread_incident(parsed).is_some()
    }

    async fn look(
        &self,
        incidents: &Incidents,
        incident: &Incident,
        sent: &AlertHeader,
        deadline: Deadline,
    ) -> Look {
        let read = match incidents.now(incident, deadline).await {
            // Its alerts have gone to another incident, and its entities with them: a person has to see that.
            Ok(now) if now.is_merged => {
                tracing::warn!("incident.merged");
                return Look::Never(MERGED.to_owned());
            }
            Ok(now) => now,
            Err(not_read) => {
                let problem = not_read.problem;
                tracing::warn!(problem, "incident.unread");
                return if not_read.may_pass {
                    Look::NotNow(Some(problem))
                } else {
                    Look::Never(problem)
                };
            }
        };
        let mut now = alert::parse(&read.body());
        match &now {
            Parsed::NothingToDo(nothing)
                if matches!(
                    nothing.reason,
                    NothingToDoReason::EntitiesPending | NothingToDoReason::NoAccount
                ) =>
            {
                return Look::NotNow(None);
            }
            Parsed::Malformed(malformed) => {
                let (path, expected) = (&malformed.path, &malformed.expected);
                tracing::warn!(path, expected, "incident.unreadable");
                return Look::Never(format!(
                    "What Azure tells of the incident cannot be read, at {path}."
                ));
            }
            Parsed::Alert(_) | Parsed::NothingToDo(_) => {}
        }
        let header = now.header_mut();
        header.incident_id.clone_from(&sent.incident_id);
        header.comment_by = sent.comment_by;
        header.handed_on.clone_from(&sent.handed_on);
        header.alert_id = sent.alert_id.clone().or(header.alert_id.take());
        header.reason.clone_from(&sent.reason);
        header.requested_by.clone_from(&sent.requested_by);
        Look::Found(Box::new(now))
    }
}

/// One look.
enum Look {
    Found(Box<Parsed>),
    /// Nobody is named; with a problem, if it could not be read.
    NotNow(Option<String>),
    /// It cannot be read, or tells nothing, whenever it is asked; with the problem.
    Never(String),
}

const MERGED: &str =
    "The incident was merged into another one, which holds its alerts now. Next: send that one.";

/// Says what came of the latest look.
fn note(parsed: &mut Parsed, problem: Option<String>) {
    if let Parsed::NothingToDo(nothing) = parsed {
        nothing.incident = problem.map(|problem| IncidentNote {
            problem: Some(problem),
            ..IncidentNote::of(IncidentStatus::Unknown)
        });
    }
}
