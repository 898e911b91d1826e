//! Reads back whether a user's sessions are dead.
//!
//! The proof is `signInSessionsValidFromDateTime`: sessions made before it are refused. It has the precision of a second,
//! and a directory read may come from a replica that lags behind, so it is read again until it has moved or the time is
//! over. That it moved proves that earlier sessions are dead, not that our call moved it: a password change moves it too.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::Entra;
use super::cause::Cause;
use super::client::Question;
use super::error::EntraError;
use super::operation::Operation;
use super::path;
use super::tally::Tally;
use crate::domain::{Deadline, UserId};

const PROPERTY: &str = "signInSessionsValidFromDateTime";

/// The wait after the first reading; it doubles up to [`LONGEST_WAIT`]. Most reads are current at once.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// A replica lags by seconds, so asking more often than this only costs.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What was read back.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Whether the property lies at or after the moment that was asked about, cut to the second.
    pub verified: bool,
    /// The property as it was last read.
    pub sessions_valid_from: Option<Timestamp>,
    /// What stood in the way of reading it, if something did.
    pub problem: Option<EntraError>,
}

#[derive(Deserialize)]
struct WireSessions {
    #[serde(rename = "signInSessionsValidFromDateTime")]
    valid_from: Option<String>,
}

impl Entra {
    /// Reads the property until it lies at or after `since` (on Graph's clock, cut to the second), for at most `budget`.
    pub async fn verify(
        &self,
        user: UserId,
        since: Timestamp,
        budget: Duration,
        tally: &Tally,
        deadline: Deadline,
    ) -> Verification {
        let clock = &*self.client().clock;
        let deadline = deadline.min(Deadline::after(clock, budget));
        let mut question = Question::get(
            Operation::ReadUser,
            format!(
                "{}{}",
                path::user(user),
                path::query(&[("select", &format!("id,{PROPERTY}"))])
            ),
        );
        question.user = Some(user);
        let mut last_read = None;
        let mut wait = FIRST_WAIT;
        loop {
            let answer: Result<WireSessions, EntraError> =
                self.client().ask(&question, tally, deadline).await;
            let sessions = match answer {
                Ok(sessions) => sessions,
                Err(error) => return unverified(last_read, Some(error)),
            };
            let Some(valid_from) = sessions.valid_from.and_then(|time| time.parse().ok()) else {
                let token = self.identity(deadline).await.ok();
                let error = EntraError::new(Operation::ReadUser, Cause::PropertyAbsent(PROPERTY))
                    .with_token(token);
                return unverified(last_read, Some(error));
            };
            last_read = Some(valid_from);
            if has_moved(valid_from, since) {
                return Verification {
                    verified: true,
                    sessions_valid_from: last_read,
                    problem: None,
                };
            }
            if wait >= deadline.remaining(clock) {
                return unverified(last_read, None);
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }
}

fn unverified(last_read: Option<Timestamp>, problem: Option<EntraError>) -> Verification {
    Verification {
        verified: false,
        sessions_valid_from: last_read,
        problem,
    }
}

/// Whether a property of whole seconds lies at or after a moment that is known more finely.
#[must_use]
pub fn has_moved(valid_from: Timestamp, since: Timestamp) -> bool {
    valid_from.as_second() >= since.as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_cut_to_the_second_before_it_is_compared() {
        let since = "2026-11-24T10:00:00.900Z".parse().unwrap();
        for (read, moved) in [
            ("2026-11-24T10:00:00Z", true),
            ("2026-11-24T10:00:01Z", true),
            ("2026-11-24T09:59:59Z", false),
            ("2026-11-24T09:59:59.999Z", false),
        ] {
            assert_eq!(has_moved(read.parse().unwrap(), since), moved, "{read}");
        }
    }
}
