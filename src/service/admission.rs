//! Who may call, and what a caller reads who may not.
//!
//! Over HTTP that is decided by the token, if one is asked for. What comes by the queue was let in by Service Bus, if it came by the
//! queue: a holder of the app's master key can hand the function a text that no broker has sent (`/admin/functions`), past any
//! token. So where HTTP callers have to prove themselves, a message has to show that a broker sent it.

use serde::Serialize;
use serde_json::json;

use crate::alert;
use crate::callers::Refusal;
use crate::domain::{Caller, Parsed};
use crate::host::{HttpReply, HttpRequest, QueueMessage, Reply};

use super::Service;

/// Who lets HTTP callers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HttpAccess {
    /// The handler, by an Entra token. The host asks for no function key, as far as is known.
    EntraToken,
    /// The Functions host by a function key, and then the handler by an Entra token.
    FunctionKeyAndEntraToken,
    /// The Functions host, by a function key.
    FunctionKey,
    /// The person who started the handler: it stands outside of a function app's folder.
    Unknown,
}

impl HttpAccess {
    /// Its name in the self-check and in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntraToken => "entra_token",
            Self::FunctionKeyAndEntraToken => "function_key_and_entra_token",
            Self::FunctionKey => "function_key",
            Self::Unknown => "unknown",
        }
    }
}

impl Service {
    /// Who calls; nobody in particular where callers need no token.
    pub(super) async fn admit(&self, request: &HttpRequest) -> Result<Option<Caller>, Refusal> {
        let Some(callers) = &self.callers else {
            return Ok(None);
        };
        let authorization: Vec<&str> = request.headers("Authorization").collect();
        callers.admit(&authorization).await.map(Some)
    }

    /// The answer to a message that would cut somebody and that no broker has sent, where that has to be shown. It is held for as
    /// long as a first delivery that could not be finished: if it was a broker's after all, whose body claims each of the broker's
    /// words for itself, it comes again and ends in the dead letters.
    pub(super) async fn unproved(&self, message: &QueueMessage) -> Option<Reply> {
        if self.callers.is_none() || message.broker.shows_a_broker() {
            return None;
        }
        match alert::parse(&message.body) {
            Parsed::Alert(_) => {}
            parsed if self.may_name_somebody(&parsed) => {}
            Parsed::NothingToDo(_) | Parsed::Malformed(_) => return None,
        }
        let problem = "No broker has sent this message: it has no delivery count, no time, no number and no lock that its \
                       body cannot have written. Whoever holds the app's master key can start the function so.";
        tracing::error!(
            problem,
            next = "find out who used the master key; if a message on the queue is meant, rename the properties of its body \
                    that bear the names of Service Bus's own",
            "invocation.unproved"
        );
        tokio::time::sleep(self.settings.redelivery_wait).await;
        Some(Reply::abandoned(problem))
    }
}

/// The answer to somebody who is not let in: what was missing, and no more.
pub(super) fn refused(refusal: &Refusal) -> Reply {
    let caller = match refusal {
        Refusal::NotAllowed(caller) => Some(caller.object_id),
        Refusal::NoToken
        | Refusal::SeveralTokens
        | Refusal::NoEntraToken
        | Refusal::Unproved(_)
        | Refusal::NoKeys => None,
    };
    let caller = caller.map(|id| id.to_string());
    tracing::warn!(
        status = refusal.status(),
        problem = %refusal,
        caller = caller.as_deref(),
        "caller.refused"
    );
    let body = json!({
        "error": {
            "problem": refusal.to_string(),
            "next": refusal.next_step(),
        }
    });
    let mut reply = HttpReply::json(refusal.status(), body.to_string());
    if let Some(challenge) = refusal.challenge() {
        reply
            .headers
            .push(("WWW-Authenticate".to_owned(), challenge.to_owned()));
    }
    Reply::completed().with_http(reply)
}
