//! A receipt as one line of a log: what happened to which object id, and no name of anybody.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Caller, Outcome, Receipt, UserId};

use super::size;

/// One line of JSON for the host's `Logs`. It names users by object id alone; a subject that the directory did not name
/// stands in it only if it was written as an object id. Ids that senders choose are written only if they look like ids,
/// else as `***`.
#[must_use]
pub fn log_line(receipt: &Receipt) -> String {
    let (verified, reason) = match &receipt.outcome {
        Outcome::Revoked { verified } => (Some(*verified), None),
        Outcome::Withheld { reason } => (None, Some(reason.as_str())),
        Outcome::NotAUser { kind } => (None, Some(kind.as_str())),
        Outcome::AlreadyCut
        | Outcome::NotEffective { .. }
        | Outcome::NotFound
        | Outcome::Ambiguous { .. }
        | Outcome::Failed { .. }
        | Outcome::Deferred
        | Outcome::HandedOver => (None, None),
    };
    let correlation = &receipt.correlation;
    let last_call = receipt.calls.last();
    size::json(&Line {
        outcome: receipt.outcome.as_str(),
        verified,
        reason,
        user: receipt.user.as_ref().map(|user| user.id),
        subject_id: match receipt.user {
            Some(_) => None,
            None => receipt.subject.0.parse().ok(),
        },
        policy: receipt.policy,
        before: receipt.sessions_valid_from.before,
        after: receipt.sessions_valid_from.after,
        calls: receipt.calls.len(),
        last_status: last_call.and_then(|call| call.status),
        last_request_id: last_call.and_then(|call| loggable(call.request_id.as_deref())),
        attempts: receipt.attempts,
        elapsed_milliseconds: receipt.elapsed.as_millis(),
        at: receipt.at,
        requested_by: receipt.requested_by,
        alert_id: loggable(correlation.alert_id.as_deref()),
        incident_id: loggable(correlation.incident_id.as_deref()),
        message_id: loggable(correlation.message_id.as_deref()),
        correlation_id: loggable(correlation.correlation_id.as_deref()),
        invocation_id: loggable(Some(&correlation.invocation_id)),
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "receipt")]
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Timestamp>,
    calls: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_request_id: Option<&'a str>,
    attempts: u32,
    elapsed_milliseconds: u128,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<Caller>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'a str>,
}

/// An id if it looks like one, `***` if it might as well be a name (an address, an account, words) or, in a table that was
/// exported from the log, a formula: those begin with `=`, `+`, `-` or `@` (OWASP, "CSV Injection").
fn loggable(id: Option<&str>) -> Option<&str> {
    id.map(|id| {
        let is_id = id.len() <= 512
            && id.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
            && id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./:!~+=".contains(c));
        if is_id { id } else { "***" }
    })
}
