//! Describes what could not be read, with the permission or the role that it takes.

use super::reach::{Unread, UnreadReason, What};
use super::{Listed, Missing};
use crate::graph::{CallError, Disposition, Operation};

pub(super) fn note<T>(unread: &mut Vec<Unread>, what: What, answer: &Listed<T>) {
    match &answer.missing {
        Some(Missing::Failed(error)) => unread.push(failed(what, error)),
        Some(Missing::TooLong) => unread.push(Unread {
            what,
            reason: UnreadReason::TooLong,
            permissions: Vec::new(),
            role: None,
            detail: "There are more than are read; what is shown is the beginning. Next: look at the rest in the portal."
                .to_owned(),
            happened: None,
        }),
        None => {}
    }
}

pub(super) fn failed(what: What, error: &CallError) -> Unread {
    let operation = error.operation();
    let reason = match error.disposition() {
        Disposition::FixPermission => UnreadReason::Permission,
        Disposition::RetryLater { .. } | Disposition::FixAlert | Disposition::GiveUp => {
            UnreadReason::Failed
        }
    };
    Unread {
        what,
        reason,
        permissions: operation
            .permissions()
            .iter()
            .map(|permission| permission.name)
            .collect(),
        role: match operation {
            Operation::Inquire(inquiry) => Some(inquiry.role),
            _ => None,
        },
        detail: error.to_string(),
        happened: happened(error),
    }
}

/// The answer of the service, without advice.
fn happened(error: &CallError) -> Option<String> {
    let service = error.operation().service().as_str();
    let code = error
        .code()
        .map_or_else(String::new, |code| format!(" {code}"));
    let request = error
        .request_id()
        .map_or_else(String::new, |id| format!(" (request-id {id})"));
    let status = error.status()?;
    Some(format!("{service} answered {status}{code}{request}."))
}

/// Graph sends only the ids of groups that may not be read.
pub(super) fn nameless_groups() -> Unread {
    Unread {
        what: What::Groups,
        reason: UnreadReason::Permission,
        permissions: vec!["GroupMember.Read.All"],
        role: Some("Directory Readers or Global Reader"),
        detail: "Graph told the ids of some groups and nothing else, so it is not known whether directory roles can be given \
                 to them. That needs the Graph permission GroupMember.Read.All."
            .to_owned(),
        happened: Some("Graph told the ids of some groups and nothing else.".to_owned()),
    }
}

/// An operator who sees no subscription learns nothing about the user.
pub(super) fn no_subscription() -> Unread {
    const ROLE: &str =
        "the Azure role Reader on the management groups or subscriptions that matter";
    Unread {
        what: What::AzureRoles,
        reason: UnreadReason::Permission,
        permissions: Vec::new(),
        role: Some(ROLE),
        detail: format!(
            "You see no subscription of this tenant, so it is not known which Azure roles the user has. It needs {ROLE}, for \
             whoever is signed in."
        ),
        happened: None,
    }
}
