//! Why there is nothing to do, if several parts of a payload have different reasons.

use crate::domain::{Mention, MentionedAs, NothingToDoReason, Subject};

/// The reason for a payload that flags no user.
pub(crate) fn of(
    subjects: &[Subject],
    mentioned: &[Mention],
    otherwise: NothingToDoReason,
) -> NothingToDoReason {
    let is_over = |mention: &Mention| matches!(mention.why, MentionedAs::AlertOver(_));
    if otherwise.leaves_users_unread() {
        otherwise
    } else if !subjects.is_empty() {
        NothingToDoReason::NoUser
    } else if mentioned.iter().any(is_over) && rank(&otherwise) <= rank(&NothingToDoReason::NoUser)
    {
        match otherwise {
            NothingToDoReason::Redirected { into } => NothingToDoReason::Redirected { into },
            NothingToDoReason::NoAccount
            | NothingToDoReason::EntitiesPending
            | NothingToDoReason::NoUser
            | NothingToDoReason::NotificationOnly
            | NothingToDoReason::Resolved
            | NothingToDoReason::NotAnAlert { .. }
            | NothingToDoReason::SubscriptionValidation { .. } => NothingToDoReason::Resolved,
        }
    } else if !mentioned.is_empty() && otherwise == NothingToDoReason::NoAccount {
        NothingToDoReason::NoUser
    } else {
        otherwise
    }
}

/// Orders reasons by how much they say about a payload of several parts.
pub(crate) fn rank(reason: &NothingToDoReason) -> u8 {
    match reason {
        NothingToDoReason::NotAnAlert { .. } => 0,
        NothingToDoReason::Resolved | NothingToDoReason::Redirected { .. } => 1,
        NothingToDoReason::NoAccount => 2,
        NothingToDoReason::NoUser => 3,
        NothingToDoReason::NotificationOnly => 4,
        NothingToDoReason::EntitiesPending => 5,
        NothingToDoReason::SubscriptionValidation { .. } => 6,
    }
}
