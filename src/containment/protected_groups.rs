//! Whether the protected groups exist. Graph leaves an id that names no group out of its answers, so a typing error in
//! the setting would protect nobody and say nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use crate::domain::{Deadline, GroupId};
use crate::entra::{EntraError, Tally};

use super::Parts;

/// How long a group that was seen is believed to exist. A group that is missing is asked for each time, so that a
/// mended directory counts at once.
const SEEN_FOR: Duration = Duration::from_mins(5);

/// The groups that were seen, and when.
#[derive(Debug, Default)]
pub(super) struct ProtectedGroups {
    seen: Mutex<HashMap<GroupId, Duration>>,
}

impl ProtectedGroups {
    /// The configured groups that do not exist.
    pub(super) async fn missing(
        &self,
        parts: &Parts,
        deadline: Deadline,
    ) -> Result<Vec<GroupId>, EntraError> {
        let now = parts.clock.elapsed();
        let groups = &parts.policy.protected_groups;
        let unseen: Vec<GroupId> = groups
            .iter()
            .copied()
            .filter(|group| !self.was_seen(*group, now))
            .collect();
        let tally = Tally::new();
        let answers = unseen
            .iter()
            .map(|group| parts.entra.group_exists(*group, &tally, deadline));
        // Each answer is heard, whatever became of the others: it may say that the app has to wait.
        let answers = join_all(answers).await;
        let mut missing = Vec::new();
        let mut failed = None;
        for (group, answer) in unseen.into_iter().zip(answers) {
            match answer {
                Ok(true) => {
                    self.lock().insert(group, now);
                }
                Ok(false) => missing.push(group),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            None => Ok(missing),
            Some(error) => Err(error),
        }
    }

    fn was_seen(&self, group: GroupId, now: Duration) -> bool {
        self.lock()
            .get(&group)
            .is_some_and(|at| now.saturating_sub(*at) < SEEN_FOR)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<GroupId, Duration>> {
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
        groups.lock().insert(group(1), minutes(1));
        assert!(groups.was_seen(group(1), minutes(1)));
        assert!(groups.was_seen(group(1), minutes(5)));
        assert!(!groups.was_seen(group(1), minutes(6)));
        assert!(!groups.was_seen(group(1), minutes(9)));
        assert!(!groups.was_seen(group(2), minutes(1)));
    }
}
