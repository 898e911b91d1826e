//! Whether a user is in a protected group: what Graph says, and whether it could have seen that.

use futures_util::future::join;

use crate::directory::Blind;
use crate::domain::{Deadline, UserId};
use crate::graph::{CallError, Disposition, Tally};
use crate::guard::Membership;

use super::Context;

/// What is known of the user's membership, where `blind` tells in which groups nobody would be seen. An error that may pass, or
/// that ends once a permission is granted, is handed on, so that the subject is kept for then; any other makes the membership
/// unreadable, and the guard withholds.
pub(super) async fn read(
    context: &Context,
    user: UserId,
    blind: impl Future<Output = Result<Blind, CallError>>,
    tally: &Tally,
    deadline: Deadline,
) -> Result<Membership, CallError> {
    let (directory, groups) = (&context.directory, &context.policy.protected_groups);
    if groups.is_empty() {
        return Ok(Membership::Known {
            asked: Vec::new(),
            member_of: Vec::new(),
        });
    }
    let saw_before = directory.sees_hidden(deadline).await;
    let (member_of, blind) =
        join(directory.memberships(user, groups, tally, deadline), blind).await;
    let member_of = match member_of {
        Ok(member_of) => member_of,
        Err(error) => return unreadable(error),
    };
    match blind {
        _ if !member_of.is_empty() => Ok(Membership::seen(groups, member_of, &[], &[])),
        Ok(Blind { missing, hidden }) if hidden.is_empty() => {
            Ok(Membership::seen(groups, member_of, &missing, &[]))
        }
        // The answer came under some token between these two, so that only both together vouch for it.
        Ok(Blind { missing, hidden }) => {
            match (saw_before, directory.sees_hidden(deadline).await) {
                (Ok(true), Ok(true)) => Ok(Membership::seen(groups, member_of, &missing, &[])),
                (Ok(_), Ok(_)) => Ok(Membership::seen(groups, member_of, &missing, &hidden)),
                (Err(error), _) | (_, Err(error)) => unreadable(error),
            }
        }
        Err(error) => unreadable(error),
    }
}

fn unreadable(error: CallError) -> Result<Membership, CallError> {
    match error.disposition() {
        Disposition::RetryLater { .. } | Disposition::FixPermission => Err(error),
        Disposition::FixAlert | Disposition::GiveUp => {
            Ok(Membership::Unreadable(error.to_string()))
        }
    }
}
