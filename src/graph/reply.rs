//! A success, and what it took.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{CallError, Cause, Operation, refusal};
use crate::http::Answer;

/// A success, and what it took.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(super) operation: Operation,
    pub(crate) answer: Answer,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl Reply {
    /// Reads the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        match &self.answer.body {
            Ok(body) => serde_json::from_slice(body)
                .map_err(|_| self.unreadable("it is not the JSON document that is documented")),
            Err(failure) => Err(
                CallError::new(self.operation, Cause::Transport(failure.clone()))
                    .after(self.attempts, self.elapsed),
            ),
        }
    }

    /// The error that this success cannot be used, and why.
    pub(crate) fn unreadable(&self, what: &'static str) -> CallError {
        let cause = Cause::Unreadable {
            what,
            request_id: refusal::request_id(&self.answer),
        };
        CallError::new(self.operation, cause).after(self.attempts, self.elapsed)
    }
}
