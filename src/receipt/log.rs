//! A receipt as one line of a log: what happened to which object id, and no name of anybody.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{Caller, Masked, Outcome, Receipt, TenantId, Times, UserId, log_hash};

use super::size;

/// One line of JSON for the log. It names users by object id alone, and where none is known by the hash that stands in the
/// receipt too. Ids that senders choose are written only if they look like ids, else as `***`. Why and by whose claim a cut
/// was asked for are free text, which may name anybody: a ticket's number and an object id are written, anything else is
/// its hash among the `tenant`'s.
#[must_use]
pub fn log_line(receipt: &Receipt, tenant: TenantId) -> String {
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
        subject_id: receipt.subject_id,
        subject_hash: receipt.subject_hash,
        policy: receipt.policy,
        before: receipt.sessions_valid_from.before,
        after: receipt.sessions_valid_from.after,
        times: receipt.times,
        source: receipt.source,
        calls: receipt.calls.len(),
        last_status: last_call.and_then(|call| call.status),
        last_request_id: last_call.and_then(|call| loggable(call.request_id.as_deref())),
        attempts: receipt.attempts,
        elapsed_milliseconds: receipt.elapsed.as_millis(),
        at: receipt.at,
        requested_by: receipt.requested_by,
        requested_by_claim: remark(receipt.requested_by_claim.as_ref(), tenant, object_id),
        requested_because: remark(receipt.requested_because.as_ref(), tenant, ticket),
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
    subject_hash: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Timestamp>,
    #[serde(flatten)]
    times: Times,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
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
    requested_by_claim: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_because: Option<String>,
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

/// A remark as it may stand in the log: the part of it that names nobody, if it has one, else its hash.
fn remark(
    remark: Option<&Masked>,
    tenant: TenantId,
    nameless: fn(&str) -> Option<&str>,
) -> Option<String> {
    let Masked(text) = remark?;
    Some(match nameless(text) {
        Some(part) => part.to_owned(),
        None => format!("hash:{}", log_hash(tenant, text)),
    })
}

/// The object id by which a claim begins, as that of a hand-over does.
fn object_id(text: &str) -> Option<&str> {
    let (id, rest) = text.split_at_checked(36)?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
    (ends && Uuid::try_parse(id).is_ok()).then_some(id)
}

/// The number of a ticket, such as `INC-4711` or `CHG0031337`, where the text is nothing else.
fn ticket(text: &str) -> Option<&str> {
    let number = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let prefix = text.len() - number.len();
    let digits = number.strip_prefix(['-', '#']).unwrap_or(number);
    let is_ticket = (2..=10).contains(&prefix)
        && (3..=12).contains(&digits.len())
        && digits.bytes().all(|c| c.is_ascii_digit());
    is_ticket.then_some(text)
}
