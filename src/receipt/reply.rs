//! The reply to an HTTP caller: one JSON document about the whole alert.
//!
//! `alert` (what was read), `receipts` (the contract in the room's documentation), `summary` (every outcome with its
//! number, zero included, so that a workflow can address each by name) and `comment` (for the incident, as it is). For
//! Event Grid's question whether an endpoint is ours there is `validationResponse` as well.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    Caller, IncidentNote, Masked, NothingToDo, NothingToDoReason, Outcome, Parsed, Receipt,
    TenantId, UserId,
};

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
            Parsed::NothingToDo(NothingToDo {
                reason: NothingToDoReason::SubscriptionValidation { code },
                ..
            }) => Some(code),
            Parsed::Alert(_) | Parsed::NothingToDo(_) | Parsed::Malformed(_) => None,
        },
    })
}

/// What an operator's command came to.
#[derive(Debug, Clone, Copy)]
pub struct OperatorReport<'a> {
    /// The receipts.
    pub receipts: &'a [Receipt],
    /// The users for whom nothing was done, as they were written, since the work was broken off.
    pub not_begun: &'a [String],
    /// The users of whom it is unknown what was done, as they were written, since the work was broken off at once.
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
    /// The users for whom nothing was done, since the work was broken off.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_begun: &'a [String],
    /// The users of whom it is unknown what was done, since the work was broken off at once.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unknown: &'a [String],
    /// Why it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// The reply to a caller over HTTP.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reply<'a> {
    /// What was read.
    alert: AlertRecord<'a>,
    /// One for each subject, in the alert's order.
    receipts: &'a [Receipt],
    /// How many receipts ended in which way: each outcome with its number, zero included.
    summary: Summary,
    /// HTML for a comment on the incident.
    comment: String,
    /// Event Grid's code, where it asked whether the endpoint is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_response: Option<&'a String>,
}

/// What was read, and for an alert that was capped the messages that lift the cap for the users it withheld.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct AlertRecord<'a> {
    /// `alert`, `nothing_to_do` or `malformed`.
    verdict: &'static str,
    /// Why there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    nothing_to_do: Option<&'static str>,
    /// If it is no alert: what it was taken for.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_for: Option<&'static str>,
    /// If it was merged into another incident: that one's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirected_to: Option<&'a str>,
    /// What cannot be understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem<'a>>,
    /// The accounts that it names and does not flag, at most a hundred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentioned: Vec<Mentioned>,
    /// How many more it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    mentioned_left_out: Option<usize>,
    /// The parts that name nobody yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<Unread<'a>>,
    /// Where there is nothing to do: what came of asking its incident, and of writing into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a IncidentNote>,
    /// `enforce` or `observe`.
    mode: &'static str,
    /// The shape by which it was read.
    shape: &'static str,
    /// The severity in the sender's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    /// The alert's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_id: Option<&'a str>,
    /// The incident's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_id: Option<&'a str>,
    /// When the account was flagged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    flagged_at: Option<Timestamp>,
    /// The tenant of the alert itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// Why it was asked for, in a manual message.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Who called, by a checked token.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<Caller>,
    /// Who asked, by the message's own claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by_claim: Option<&'a str>,
    /// How many users the message says that it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<usize>,
    /// The messages that lift the cap per alert for the users that it withheld.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    confirm: Vec<Confirmation<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
struct Problem<'a> {
    /// The JSON path.
    path: &'a str,
    /// What was expected there.
    expected: &'a str,
}

/// The most accounts of a reply that are only named.
const MENTIONED_LIMIT: usize = 100;

/// An account that is not acted on, and why.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
struct Mentioned {
    /// The account as it was written.
    subject: Masked,
    /// Its object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    /// What it is in the event.
    #[serde(rename = "as")]
    role: &'static str,
    /// Why it is not acted on.
    why: &'static str,
}

impl Mentioned {
    fn all(parsed: &Parsed) -> Vec<Self> {
        let mentioned = parsed.mentioned().iter().take(MENTIONED_LIMIT);
        mentioned
            .map(|mention| Self {
                subject: Masked(mention.account.written()),
                id: mention.account.id,
                role: mention.why.as_str(),
                why: mention.why.sentence(),
            })
            .collect()
    }
}

/// A part of a batch that names nobody yet.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
struct Unread<'a> {
    /// Where it stands.
    path: &'a str,
    /// Why it names nobody.
    reason: &'static str,
}

impl<'a> Unread<'a> {
    fn all(parsed: &'a Parsed) -> Vec<Self> {
        let Parsed::Alert(alert) = parsed else {
            return Vec::new();
        };
        let parts = alert.unread.iter().take(MENTIONED_LIMIT);
        parts
            .map(|part| Self {
                path: &part.path,
                reason: part.reason.as_str(),
            })
            .collect()
    }
}

/// What a reason tells besides its word.
fn told(reason: &NothingToDoReason) -> (Option<&'static str>, Option<&str>) {
    match reason {
        NothingToDoReason::NotAnAlert { taken_for } => (Some(taken_for), None),
        NothingToDoReason::Redirected { into } => (None, into.as_deref()),
        NothingToDoReason::NoAccount
        | NothingToDoReason::EntitiesPending
        | NothingToDoReason::NoUser
        | NothingToDoReason::NotificationOnly
        | NothingToDoReason::Resolved
        | NothingToDoReason::SubscriptionValidation { .. } => (None, None),
    }
}

impl<'a> AlertRecord<'a> {
    fn of(report: &AlertReport<'a>) -> Self {
        let header = report.parsed.header();
        let (taken_for, redirected_to) = match report.parsed {
            Parsed::NothingToDo(nothing) => told(&nothing.reason),
            Parsed::Alert(_) | Parsed::Malformed(_) => (None, None),
        };
        let left_out = report
            .parsed
            .mentioned()
            .len()
            .saturating_sub(MENTIONED_LIMIT);
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
            taken_for,
            redirected_to,
            problem,
            mentioned: Mentioned::all(report.parsed),
            mentioned_left_out: Some(left_out).filter(|count| *count > 0),
            unread: Unread::all(report.parsed),
            incident: match report.parsed {
                Parsed::NothingToDo(nothing) => nothing.incident.as_ref(),
                Parsed::Alert(_) | Parsed::Malformed(_) => None,
            },
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
