//! A success, and what it took.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::cause::Cause;
use super::error::EntraError;
use super::operation::Operation;
use super::refusal;
use super::transport::Answer;

/// A success, and what it took.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) operation: Operation,
    pub(super) answer: Answer,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl Reply {
    /// Reads the body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, EntraError> {
        match &self.answer.body {
            Ok(body) => serde_json::from_slice(body)
                .map_err(|_| self.unreadable("it is not the JSON document that is documented")),
            Err(failure) => Err(
                EntraError::new(self.operation, Cause::Transport(failure.clone()))
                    .after(self.attempts, self.elapsed),
            ),
        }
    }

    /// The error that this success cannot be used, and why.
    pub(super) fn unreadable(&self, what: &'static str) -> EntraError {
        let cause = Cause::Unreadable {
            what,
            request_id: refusal::request_id(&self.answer),
        };
        EntraError::new(self.operation, cause).after(self.attempts, self.elapsed)
    }
}
