//! Whether somebody who is in a protected group would be seen in it. Graph leaves an id that names no group out of its answers,
//! and so it does with a group whose members the caller may not see ("directoryObject: checkMemberGroups"): either would
//! protect nobody and say nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use crate::directory::{Blind, Group};
use crate::domain::{Deadline, GroupId};
use crate::graph::{CallError, Tally};

use super::Context;

/// How long a group that was seen is believed to exist. A group that is missing is asked for each time, so that a
/// mended directory counts at once.
const SEEN_FOR: Duration = Duration::from_mins(5);

/// The groups that were seen, how, and when.
#[derive(Debug, Default)]
pub(super) struct ProtectedGroups {
    seen: Mutex<HashMap<GroupId, (Group, Duration)>>,
}

impl ProtectedGroups {
    /// The configured groups in which nobody would be seen, or only under a token that sees hidden members.
    pub(super) async fn blind(
        &self,
        context: &Context,
        deadline: Deadline,
    ) -> Result<Blind, CallError> {
        let now = context.clock.elapsed();
        let tally = Tally::new();
        let answers = context.policy.protected_groups.iter().map(async |group| {
            let answer = match self.was_seen(*group, now) {
                Some(seen) => Ok(Some(seen)),
                None => context.directory.group(*group, &tally, deadline).await,
            };
            (*group, answer)
        });
        // Each answer is heard, whatever became of the others: it may say that the app has to wait.
        let answers = join_all(answers).await;
        let mut blind = Blind::default();
        let mut failed = None;
        for (id, answer) in answers {
            match answer {
                Ok(Some(group)) => {
                    self.lock().entry(id).or_insert((group, now));
                    if group.hides_members {
                        blind.hidden.push(id);
                    }
                }
                Ok(None) => blind.missing.push(id),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            None => Ok(blind),
            Some(error) => Err(error),
        }
    }

    fn was_seen(&self, group: GroupId, now: Duration) -> Option<Group> {
        let mut seen = self.lock();
        let (found, at) = *seen.get(&group)?;
        if now.saturating_sub(at) < SEEN_FOR {
            return Some(found);
        }
        seen.remove(&group);
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<GroupId, (Group, Duration)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_group_that_was_seen_is_believed_for_five_minutes_and_no_other_is() {
        let group = |number| GroupId::from_uuid(Uuid::from_u128(number)).unwrap();
        let groups = ProtectedGroups::default();
        let minutes = Duration::from_mins;
        let open = Group {
            hides_members: false,
        };
        groups.lock().insert(group(1), (open, minutes(1)));
        assert_eq!(groups.was_seen(group(1), minutes(1)), Some(open));
        assert_eq!(groups.was_seen(group(1), minutes(5)), Some(open));
        assert_eq!(groups.was_seen(group(2), minutes(1)), None);
        assert_eq!(groups.was_seen(group(1), minutes(6)), None);
        assert_eq!(groups.was_seen(group(1), minutes(1)), None);
    }
}
