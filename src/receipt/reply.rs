//! The reply to an HTTP caller: one JSON document about the whole alert.
//!
//! `alert` (what was read), `receipts` (the contract in the room's documentation), `summary` (every outcome with its
//! number, zero included, so that a workflow can address each by name) and `comment` (for the incident, as it is). For
//! Event Grid's question whether an endpoint is ours there is `validationResponse` as well.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Caller, NothingToDoReason, Outcome, Parsed, Receipt, TenantId};

use super::comment::comment;
use super::confirmation::{self, Confirmation};
use super::{AlertReport, QUEUE_MESSAGE_LIMIT, size};

/// The reply's body.
#[must_use]
pub fn reply_json(report: &AlertReport<'_>) -> String {
    size::json(&Reply {
        alert: AlertRecord::of(report),
        receipts: report.receipts,
        summary: Summary::of(report.receipts),
        comment: comment(report),
        validation_response: match report.parsed {
            Parsed::NothingToDo(nothing) => match &nothing.reason {
                NothingToDoReason::SubscriptionValidation { code } => Some(code),
                NothingToDoReason::NoAccount
                | NothingToDoReason::EntitiesNotArrived
                | NothingToDoReason::NoUser
                | NothingToDoReason::NotificationOnly
                | NothingToDoReason::Resolved
                | NothingToDoReason::NotAnAlert => None,
            },
            Parsed::Alert(_) | Parsed::Malformed(_) => None,
        },
    })
}

/// What an operator's command came to.
#[derive(Debug, Clone, Copy)]
pub struct OperatorReport<'a> {
    /// The receipts.
    pub receipts: &'a [Receipt],
    /// Whom nothing was done for, as they were written, since the work was broken off.
    pub not_begun: &'a [String],
    /// Of whom it is not known what was done, as they were written, since the work was broken off at once.
    pub unknown: &'a [String],
    /// Why it was asked for.
    pub reason: Option<&'a str>,
}

/// The answer to an operator at a shell: `receipts`, `summary` as above, `notBegun` and `unknown` if the work was broken
/// off, and `reason` if one was given.
#[must_use]
pub fn operator_json(report: &OperatorReport<'_>) -> String {
    size::json(&OperatorReply {
        receipts: report.receipts,
        summary: Summary::of(report.receipts),
        not_begun: report.not_begun,
        unknown: report.unknown,
        reason: report.reason,
    })
}

/// What was done for the users who were named.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OperatorReply<'a> {
    /// One for each user, in the order in which they were named.
    receipts: &'a [Receipt],
    /// How many receipts ended in which way.
    summary: Summary,
    /// Whom nothing was done for, since the work was broken off.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_begun: &'a [String],
    /// Of whom it is not known what was done, since the work was broken off at once.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unknown: &'a [String],
    /// Why it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    alert: AlertRecord<'a>,
    receipts: &'a [Receipt],
    summary: Summary,
    comment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_response: Option<&'a String>,
}

/// What was read, and for an alert that was capped the messages that lift the cap for the users it withheld.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertRecord<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nothing_to_do: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem<'a>>,
    mode: &'static str,
    shape: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flagged_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<Caller>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by_claim: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    confirm: Vec<Confirmation<'a>>,
}

#[derive(Debug, Serialize)]
struct Problem<'a> {
    path: &'a str,
    expected: &'a str,
}

impl<'a> AlertRecord<'a> {
    fn of(report: &AlertReport<'a>) -> Self {
        let header = report.parsed.header();
        let (nothing_to_do, problem) = match report.parsed {
            Parsed::Alert(_) => (None, None),
            Parsed::NothingToDo(nothing) => (Some(nothing.reason.as_str()), None),
            Parsed::Malformed(malformed) => {
                let problem = Problem {
                    path: &malformed.path,
                    expected: &malformed.expected,
                };
                (None, Some(problem))
            }
        };
        Self {
            verdict: report.parsed.verdict(),
            nothing_to_do,
            problem,
            mode: report.mode.as_str(),
            shape: header.shape.as_str(),
            severity: header.severity.as_deref(),
            alert_id: header.alert_id.as_deref(),
            incident_id: header.incident_id.as_deref(),
            flagged_at: header.flagged_at,
            tenant: header.tenant,
            reason: header.reason.as_deref(),
            requested_by: report.requested_by,
            requested_by_claim: header.requested_by.as_deref(),
            expect: header.expect,
            confirm: confirmation::of(report, QUEUE_MESSAGE_LIMIT),
        }
    }
}

/// How many receipts ended in which way.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
struct Summary {
    revoked: usize,
    already_cut: usize,
    withheld: usize,
    not_effective: usize,
    not_found: usize,
    ambiguous: usize,
    not_a_user: usize,
    failed: usize,
    deferred: usize,
    handed_over: usize,
}

impl Summary {
    fn of(receipts: &[Receipt]) -> Self {
        let mut summary = Self::default();
        for receipt in receipts {
            let count = match receipt.outcome {
                Outcome::Revoked { .. } => &mut summary.revoked,
                Outcome::AlreadyCut => &mut summary.already_cut,
                Outcome::Withheld { .. } => &mut summary.withheld,
                Outcome::NotEffective { .. } => &mut summary.not_effective,
                Outcome::NotFound => &mut summary.not_found,
                Outcome::Ambiguous { .. } => &mut summary.ambiguous,
                Outcome::NotAUser { .. } => &mut summary.not_a_user,
                Outcome::Failed { .. } => &mut summary.failed,
                Outcome::Deferred => &mut summary.deferred,
                Outcome::HandedOver => &mut summary.handed_over,
            };
            *count += 1;
        }
        summary
    }
}
