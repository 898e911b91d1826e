//! Ends every session of a user: the one call of this room that changes something.
//!
//! It demands a [`Clearance`], which only the guard can make, and takes the user from there, so that what was decided on
//! and what is done cannot differ. The call moves an instant forward and nothing else, so trying it again is harmless.

use std::fmt;

use crate::http::Method;
use jiff::Timestamp;
use serde::Deserialize;

use super::Directory;
use crate::domain::{Call, Deadline};
use crate::graph::{CallError, Journal, Moment, Operation, Question, Reply, Sent, Tally, path};
use crate::guard::Clearance;

/// A revocation that Graph accepted. That is not proof yet that the sessions are dead: see [`Directory::verify`].
#[derive(Debug)]
pub struct Revocation {
    /// When Graph answered: its `Date` header, else our clock.
    pub answered_at: Timestamp,
    /// When the accepted request was sent.
    pub called_at: Moment,
    /// The clearance, if Graph said in a success that it did not do it.
    pub unused: Option<Clearance>,
    /// Every request that was sent for it, also those that failed.
    pub calls: Vec<Call>,
}

/// A revocation that Graph did not accept, or did not say so.
#[derive(Debug)]
pub struct RevokeFailure {
    /// Why.
    pub error: CallError,
    /// Every request that was sent.
    pub calls: Vec<Call>,
    /// When the first request was sent whose effect is unknown: it may have been carried out, so the property is worth
    /// reading. `None` if surely nothing was done.
    pub unclear_since: Option<Moment>,
    /// The clearance, if surely nothing was done with it.
    pub unused: Option<Clearance>,
}

impl fmt::Display for RevokeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for RevokeFailure {}

impl Directory {
    /// Ends every session of the cleared user, and spends the clearance: `POST /users/{id}/revokeSignInSessions`, without a body ("user:
    /// revokeSignInSessions"). Any 2xx is a success.
    ///
    /// # Errors
    /// If no attempt was accepted within the time that there was.
    pub async fn revoke(
        &self,
        clearance: Clearance,
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
            Ok(reply) => {
                let (called_at, answered_at) = match sent.last() {
                    Some(last) => (last.moment, last.ended),
                    None => (self.moment(), self.client().clock.now()),
                };
                Ok(Revocation {
                    answered_at,
                    called_at,
                    unused: says_false(&reply).then_some(clearance),
                    calls,
                })
            }
            Err(error) => {
                let unclear = sent.iter().find(|sent| sent.unclear);
                Err(RevokeFailure {
                    error,
                    calls,
                    unclear_since: unclear.map(|sent| sent.moment),
                    unused: unclear.is_none().then_some(clearance),
                })
            }
        }
    }
}

/// Whether a success says `{"value": false}`. The documentation of the call promises a `true` and names no other answer.
fn says_false(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct WireAnswer {
        value: bool,
    }
    let answer = reply.answer.body.as_ref().ok();
    answer
        .and_then(|body| serde_json::from_slice::<WireAnswer>(body).ok())
        .is_some_and(|answer| !answer.value)
}

fn call(sent: &Sent) -> Call {
    Call {
        operation: Operation::RevokeSessions.template().to_owned(),
        at: sent.ended,
        status: sent.status,
        request_id: sent.request_id.clone(),
        client_request_id: match sent.request_id {
            Some(_) => None,
            None => Some(sent.client_request_id.to_string()),
        },
    }
}
