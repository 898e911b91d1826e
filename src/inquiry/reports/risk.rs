//! Reads what Identity Protection says of a user ("Get riskyUser", "riskyUser resource type").

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::questions::RISK;
use super::{Reports, Unread};
use crate::domain::{Deadline, UserId};
use crate::graph::{CallError, Question, Tally, path};

/// The risk of a user, in Identity Protection's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// `none`, `low`, `medium`, `high` or `hidden`.
    pub level: String,
    /// `none`, `atRisk`, `confirmedCompromised`, `remediated`, `dismissed` or `confirmedSafe`.
    pub state: String,
    /// What brought the user into that state, if somebody or something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_updated: Option<Timestamp>,
}

#[derive(Deserialize)]
struct WireRisk {
    #[serde(rename = "riskLevel")]
    level: Option<String>,
    #[serde(rename = "riskState")]
    state: Option<String>,
    #[serde(rename = "riskDetail")]
    detail: Option<String>,
    #[serde(rename = "riskLastUpdatedDateTime")]
    last_updated: Option<String>,
}

impl Reports {
    /// The risk of a user. A user that Identity Protection does not know was never at risk.
    ///
    /// # Errors
    /// If it cannot be read, with what it takes.
    pub async fn risk(&self, user: UserId, deadline: Deadline) -> Result<Risk, Unread> {
        self.risk.turn(&RISK, deadline)?;
        let path = path::user_in("/identityProtection/riskyUsers", user);
        let mut question = Question::get(RISK.operation(), path);
        question.user = Some(user);
        let tally = Tally::new();
        let asked = self.risk.client.ask(&question, &tally, deadline);
        let risk: Result<WireRisk, CallError> = asked.await;
        match risk {
            Ok(wire) => Ok(Risk {
                level: wire.level.unwrap_or_else(none),
                state: wire.state.unwrap_or_else(none),
                detail: wire.detail.filter(|detail| detail != "none"),
                last_updated: wire.last_updated.and_then(|time| time.parse().ok()),
            }),
            Err(error) if error.status() == Some(404) => Ok(Risk {
                level: none(),
                state: none(),
                detail: None,
                last_updated: None,
            }),
            Err(error) => Err(Unread::of(&RISK, &error)),
        }
    }
}

fn none() -> String {
    "none".to_owned()
}
