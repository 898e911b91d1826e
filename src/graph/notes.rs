//! What is logged of a call that failed. No line names a user.

use std::time::Duration;

use super::retry::Failure;
use super::{CallError, Journal, Question};

/// An attempt failed, and there will be another.
pub(super) fn note_retry(
    question: &Question,
    failure: &Failure,
    journal: &Journal,
    wait: Duration,
) {
    let refusal = failure.cause.refusal();
    tracing::debug!(
        operation = question.operation.template(),
        user = question.user.map(tracing::field::display),
        status = refusal.map(|refusal| refusal.status),
        code = refusal.and_then(|refusal| refusal.code.as_deref()),
        request_id = failure.cause.request_id(),
        client_request_id = journal.last_client_request_id(),
        attempts = journal.len(),
        wait_milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        problem = %failure.cause.told(question.operation.service()),
        "graph.call.retried"
    );
}

/// A call was given up.
pub(super) fn note_failure(question: &Question, journal: &Journal, error: &CallError) {
    let operation = question.operation.template();
    let user = question.user.map(tracing::field::display);
    let (status, code) = (error.status(), error.code());
    let (request_id, attempts) = (error.request_id(), error.attempts());
    let client_request_id = journal.last_client_request_id();
    if error.is_absence() {
        // An ordinary answer to the question whether something exists.
        tracing::debug!(
            operation,
            user,
            status,
            code,
            request_id,
            client_request_id,
            attempts,
            "graph.not_found"
        );
    } else {
        tracing::warn!(
            operation,
            user,
            status,
            code,
            request_id,
            client_request_id,
            attempts,
            %error,
            "graph.call.failed"
        );
    }
}
