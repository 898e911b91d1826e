//! Who may call over HTTP, and what somebody is told who may not.

use serde::Serialize;
use serde_json::json;

use crate::callers::Refusal;
use crate::domain::Caller;
use crate::host::{HttpReply, HttpRequest, Reply};

use super::Service;

/// Who lets HTTP callers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpAccess {
    /// The handler, by an Entra token. The host asks for no function key, as far as is known.
    EntraToken,
    /// The Functions host by a function key, and then the handler by an Entra token.
    FunctionKeyAndEntraToken,
    /// The Functions host, by a function key.
    FunctionKey,
    /// Whoever started the handler: it stands outside of a function app's folder.
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
