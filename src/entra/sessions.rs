//! Ends every session of a user: the one call of this room that changes something.
//!
//! It demands a [`Clearance`], which only the guard can make, and takes the user from there, so that what was decided on
//! and what is done cannot differ. The call moves an instant forward and nothing else, so trying it again is harmless.

use std::fmt;

use jiff::Timestamp;
use reqwest::Method;

use super::Entra;
use super::client::Question;
use super::error::EntraError;
use super::journal::{Journal, Sent};
use super::operation::Operation;
use super::path;
use super::tally::Tally;
use crate::domain::{Call, Deadline};
use crate::guard::Clearance;

/// A revocation that Graph accepted. That is not proof yet that the sessions are dead: see [`Entra::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// When Graph answered: its `Date` header, else our clock.
    pub answered_at: Timestamp,
    /// When the accepted request was sent, on Graph's clock as well as it can be told from here; rather too early.
    pub called_at: Timestamp,
    /// Every request that was sent for it, also those that failed.
    pub calls: Vec<Call>,
}

/// A revocation that Graph did not accept, or did not say so.
#[derive(Debug, Clone)]
pub struct RevokeFailure {
    /// Why.
    pub error: EntraError,
    /// Every request that was sent.
    pub calls: Vec<Call>,
    /// When the first request was sent whose effect is unknown, on Graph's clock: it may have been carried out, so the
    /// property is worth reading. `None` if surely nothing was done.
    pub unclear_since: Option<Timestamp>,
}

impl fmt::Display for RevokeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for RevokeFailure {}

impl Entra {
    /// Ends every session of the cleared user: `POST /users/{id}/revokeSignInSessions`, without a body ("user:
    /// revokeSignInSessions"). Any 2xx is a success.
    ///
    /// # Errors
    /// If no attempt was accepted within the time that there was.
    pub async fn revoke(
        &self,
        clearance: &Clearance,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Revocation, RevokeFailure> {
        let user = clearance.user_id();
        let mut question = Question::get(
            Operation::RevokeSessions,
            format!("{}/revokeSignInSessions", path::user(user)),
        );
        question.method = Method::POST;
        question.user = Some(user);
        let journal = Journal::default();
        let result = self
            .client()
            .send(&question, &journal, tally, deadline)
            .await;
        let sent = journal.into_sent();
        let calls = sent.iter().map(call).collect();
        match result {
            Ok(_) => {
                let now = self.client().clock.now();
                let (at, ended) = sent.last().map_or((now, now), |last| (last.at, last.ended));
                Ok(Revocation {
                    answered_at: ended,
                    called_at: self.client().graph_clock.at(at),
                    calls,
                })
            }
            Err(error) => Err(RevokeFailure {
                error,
                calls,
                unclear_since: sent
                    .iter()
                    .find(|sent| sent.unclear)
                    .map(|sent| self.client().graph_clock.at(sent.at)),
            }),
        }
    }
}

fn call(sent: &Sent) -> Call {
    Call {
        operation: Operation::RevokeSessions.template().to_owned(),
        at: sent.ended,
        status: sent.status,
        request_id: sent.request_id.clone(),
    }
}
