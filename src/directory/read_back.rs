//! Reads back whether a user's sessions are dead.
//!
//! The proof is `signInSessionsValidFromDateTime`: sessions made before it are refused. It has the precision of a second,
//! and a directory read may come from a replica that lags behind, so it is read again until it has moved or the time is
//! over. A property that stood where it stands before the call proves nothing. That it moved proves that earlier sessions are dead, not that our call moved it: a password change moves it too.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::Directory;
use crate::domain::{Deadline, UserId};
use crate::graph::{CallError, Cause, Moment, Operation, Question, Tally, path};

const PROPERTY: &str = "signInSessionsValidFromDateTime";

/// The wait after the first reading; it doubles up to [`LONGEST_WAIT`]. Most reads are current at once.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// A replica lags by seconds, so asking more often than this only costs.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What was read back.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Whether the property shows that sessions from before the moment that was asked about are dead.
    pub verified: bool,
    /// The property as it was last read.
    pub sessions_valid_from: Option<Timestamp>,
    /// What stood in the way of reading it, if something did.
    pub problem: Option<CallError>,
}

#[derive(Deserialize)]
struct WireSessions {
    #[serde(rename = "signInSessionsValidFromDateTime")]
    valid_from: Option<String>,
}

impl Directory {
    /// Reads the property until it shows that sessions from before `since` are dead, for at most `budget`. `before` is what it
    /// was when it was read before that moment.
    pub async fn verify(
        &self,
        user: UserId,
        before: Option<Timestamp>,
        since: Moment,
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
            let answer: Result<WireSessions, CallError> =
                self.client().ask(&question, tally, deadline).await;
            let sessions = match answer {
                Ok(sessions) => sessions,
                Err(error) => return unverified(last_read, Some(error)),
            };
            let Some(valid_from) = sessions.valid_from.and_then(|time| time.parse().ok()) else {
                let token = self.identity(deadline).await.ok();
                let error = CallError::new(Operation::ReadUser, Cause::PropertyAbsent(PROPERTY))
                    .with_token(token);
                return unverified(last_read, Some(error));
            };
            last_read = Some(valid_from);
            if since.shows(before, valid_from) {
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

fn unverified(last_read: Option<Timestamp>, problem: Option<CallError>) -> Verification {
    Verification {
        verified: false,
        sessions_valid_from: last_read,
        problem,
    }
}
