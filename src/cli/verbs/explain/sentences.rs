//! The words of `evict explain` for a person.

use crate::domain::{IncidentQuestion, NothingToDoReason, Parsed, Subject, SubjectKind};
use crate::incident::is_sentinel_incident;

/// What the function asks the payload's incident: the word for it, and for a person.
pub(super) fn asked_of_the_incident(parsed: &Parsed) -> Option<(&'static str, &'static str)> {
    let (question, id) = parsed.incident_question()?;
    is_sentinel_incident(id).then_some(match question {
        IncidentQuestion::WhoIsNamed => (
            "awaited",
            "asked for up to 15 minutes, if EVICT_SENTINEL_WORKSPACES names the incident's workspace",
        ),
        IncidentQuestion::WhatHasChanged => (
            "refreshed",
            "asked for again if the message is older than two minutes and EVICT_SENTINEL_WORKSPACES names the incident's workspace",
        ),
    })
}

pub(super) fn headline(subjects: &[Subject]) -> String {
    let is_user = |subject: &&Subject| subject.account.kind == SubjectKind::User;
    match (subjects.len(), subjects.iter().filter(is_user).count()) {
        (1, _) => "An alert that flags one user.".to_owned(),
        (all, users) if all == users => format!("An alert that flags {users} users."),
        (all, 1) => format!("An alert that flags {all} accounts, one of them a user."),
        (all, users) => format!("An alert that flags {all} accounts, {users} of them users."),
    }
}

pub(super) fn sentence(reason: &NothingToDoReason) -> &'static str {
    match reason {
        NothingToDoReason::NoAccount => "it names no account",
        NothingToDoReason::EntitiesPending => {
            "its entities have not arrived yet; ask for it again later"
        }
        NothingToDoReason::NoUser => "it flags no user among the accounts it names",
        NothingToDoReason::NotificationOnly => {
            "it says that something is there, but not whom it is about; read that itself"
        }
        NothingToDoReason::Resolved => "it is over, by its sender's own word",
        NothingToDoReason::Redirected { .. } => "it was merged into another incident",
        NothingToDoReason::NotAnAlert { .. } => "it is no alert",
        NothingToDoReason::SubscriptionValidation { .. } => {
            "Event Grid asks whether this endpoint is meant"
        }
    }
}
