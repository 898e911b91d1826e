//! What an incident shows of an alert at a glance, once that has ended: a label, and the tasks that only people can do.

use crate::domain::{
    IncidentLabel, IncidentTask, NothingToDoReason, Outcome, Parsed, Story, WithholdReason,
};

use super::AlertReport;
use super::comment::{NAME_LIMIT, SENTENCE_LIMIT};
use super::incident_lines::{self, Line};
use super::markup::text;

/// The most tasks because of one alert; its comment tells the rest.
const MOST_TASKS: usize = 20;

/// The label of an alert that has ended; `None` while some of it goes on.
#[must_use]
pub fn incident_label(report: &AlertReport<'_>, story: &Story) -> Option<IncidentLabel> {
    if let Parsed::NothingToDo(nothing) = report.parsed
        && nothing.reason == NothingToDoReason::EntitiesPending
    {
        return Some(IncidentLabel::NoEntities);
    }
    let mut users = story.left_out;
    let mut cut = story.left_out_cut;
    for line in lines(report, story) {
        match line.outcome {
            Outcome::HandedOver => return None,
            Outcome::NotAUser { .. } => {}
            Outcome::Revoked { .. }
            | Outcome::AlreadyCut
            | Outcome::Withheld { .. }
            | Outcome::NotEffective { .. }
            | Outcome::NotFound
            | Outcome::Ambiguous { .. }
            | Outcome::Failed { .. }
            | Outcome::Deferred => {
                users += 1;
                cut += usize::from(line.outcome.is_cut());
            }
        }
    }
    Some(match cut {
        0 => IncidentLabel::NobodyCut,
        _ if cut == users => IncidentLabel::Done,
        _ => IncidentLabel::Partly,
    })
}

/// The tasks of an alert, for the users who have ended.
#[must_use]
pub fn incident_tasks(report: &AlertReport<'_>, story: &Story) -> Vec<IncidentTask> {
    if let Parsed::NothingToDo(nothing) = report.parsed
        && nothing.reason == NothingToDoReason::EntitiesPending
    {
        return vec![IncidentTask {
            key: "entities".to_owned(),
            title: "Find out whom this incident is about".to_owned(),
            description: WITHOUT_ENTITIES.to_owned(),
        }];
    }
    let mut tasks: Vec<IncidentTask> = Vec::new();
    for task in lines(report, story).iter().filter_map(task) {
        if tasks.len() < MOST_TASKS && !tasks.iter().any(|known| known.key == task.key) {
            tasks.push(task);
        }
    }
    tasks
}

const WITHOUT_ENTITIES: &str = "Its entities had not arrived when Evict gave up waiting for them, or could not be read, so nobody was cut. Next: see whom it names now; then send it again, put the message back that waits in evict-rejected, or cut the sessions of the user who is meant.";

fn lines<'a>(report: &AlertReport<'a>, story: &'a Story) -> Vec<Line<'a>> {
    let now = report.receipts.iter().map(Line::of).collect();
    incident_lines::all(now, story)
}

/// What only a person can do about an account.
fn task(line: &Line<'_>) -> Option<IncidentTask> {
    let account = text(&line.account, NAME_LIMIT);
    let (what, title) = match line.outcome {
        Outcome::NotEffective { .. } => (
            "home-tenant",
            format!("Have the home tenant of {account} cut the sessions"),
        ),
        Outcome::Ambiguous { .. } => ("ambiguous", format!("Say which user is meant by {account}")),
        Outcome::Withheld {
            reason: WithholdReason::ProtectedUser | WithholdReason::ProtectedGroup,
        } => (
            "protected",
            format!("Decide about {account}, who is protected and may be compromised"),
        ),
        Outcome::Withheld {
            reason:
                WithholdReason::TokenTenant
                | WithholdReason::OtherTenant
                | WithholdReason::MembershipUnknown
                | WithholdReason::ProtectedGroupMissing
                | WithholdReason::BelowMinimumSeverity
                | WithholdReason::BlastRadius
                | WithholdReason::Observe
                | WithholdReason::ClearedBySource,
        }
        | Outcome::Revoked { .. }
        | Outcome::AlreadyCut
        | Outcome::NotFound
        | Outcome::NotAUser { .. }
        | Outcome::Failed { .. }
        | Outcome::Deferred
        | Outcome::HandedOver => return None,
    };
    let of = line
        .id
        .map_or_else(|| line.account.to_lowercase(), |id| id.to_string());
    Some(IncidentTask {
        key: format!("{what} {of}"),
        title,
        description: text(&line.sentence, SENTENCE_LIMIT),
    })
}
