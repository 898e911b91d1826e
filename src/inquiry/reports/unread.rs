//! Why a report could not be read, and what it takes: a permission, a licence, a directory role, or patience.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::Way;
use super::questions::{Report, ReportName};
use crate::domain::Deadline;
use crate::graph::CallError;
use crate::identity::TokenFacts;

/// Graph's code for a tenant without Entra ID P1 (microsoftgraph/microsoft-graph-docs-contrib, issue 7276).
const NOT_PREMIUM: &str = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";

/// Why a report could not be read, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The token lacks the permission.
    Permission,
    /// The tenant lacks the licence.
    Licence,
    /// The permission is there: either the licence or a directory role is not.
    LicenceOrRole,
    /// The service throttles.
    Throttled,
    /// It was left out for lack of time.
    NotAsked,
    /// Something else.
    Failed,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NotReadable")]
pub struct Unread {
    /// `risk`, `lastSignIns` or `signedInSince`.
    #[schemars(with = "String")]
    pub report: ReportName,
    /// `permission`, `licence`, `licence_or_role`, `throttled`, `not_asked` or `failed`.
    #[schemars(with = "String")]
    pub because: Because,
    /// The Graph permission that it needs.
    pub permission: &'static str,
    /// The licence that the tenant needs for it.
    pub licence: &'static str,
    /// What happened and the next step, as sentences.
    pub detail: String,
}

impl Unread {
    /// An error of a report, with what it takes.
    pub(super) fn of(report: &'static Report, error: &CallError) -> Self {
        let token = error.token();
        let permission = report.permission();
        let licence = report.licence;
        let happened = error.what_happened();
        let lacks = token.is_some_and(|token| {
            report
                .inquiry
                .permissions
                .iter()
                .any(|permission| !permission.is_held(token.permissions()))
        });
        let kind = if token.is_some_and(TokenFacts::is_delegated) {
            "delegated"
        } else {
            "application"
        };
        let because = match error.status() {
            Some(403) if error.code() == Some(NOT_PREMIUM) => Because::Licence,
            Some(403) if lacks => Because::Permission,
            Some(403) => Because::LicenceOrRole,
            Some(429) => Because::Throttled,
            Some(_) | None => Because::Failed,
        };
        let detail = match because {
            Because::Licence => {
                format!("{happened} This tenant has no licence for it: it needs {licence}.")
            }
            Because::Permission => format!(
                "{happened} Your token lacks the {kind} Graph permission {permission}. Next: an administrator consents to it \
                 for what you are signed in with, or sign in as somebody who has it. The tenant needs {licence} for it."
            ),
            Because::LicenceOrRole => format!(
                "{happened} Your token carries the {kind} Graph permission {permission}, so either the tenant has no \
                 licence for it ({licence}), or your directory role does not allow it: {} does.",
                report.inquiry.role
            ),
            Because::Throttled | Because::NotAsked => {
                format!("{happened} {}. Next: ask again in a minute.", report.limit)
            }
            Because::Failed => error.to_string(),
        };
        Self {
            report: report.name,
            because,
            permission,
            licence,
            detail,
        }
    }
}

impl Way {
    /// Fails if a question would not get its turn in time.
    pub(super) fn turn(&self, report: &'static Report, deadline: Deadline) -> Result<(), Unread> {
        let left: Duration = deadline.remaining(&*self.client.clock);
        if self.quota.wait() < left {
            return Ok(());
        }
        Err(Unread {
            report: report.name,
            because: Because::NotAsked,
            permission: report.permission(),
            licence: report.licence,
            detail: format!(
                "It was not asked for, so as not to keep you waiting. {}. Next: ask for fewer users at once.",
                report.limit
            ),
        })
    }
}
