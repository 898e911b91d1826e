//! Reads when a user last signed in ("signInActivity resource type"). It needs more permissions than the user does, so it is
//! a question of its own.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::questions::ACTIVITY;
use super::{Reports, Unread};
use crate::domain::{Deadline, UserId};
use crate::graph::{Question, Tally, path};

/// When a user last signed in. What is left out never happened, as far as the directory has noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Last")]
pub struct LastSignIns {
    /// The last success of either kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub successful: Option<Timestamp>,
    /// The last attempt of the user, successful or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub interactive: Option<Timestamp>,
    /// The last attempt of a client app on the user's behalf, successful or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub non_interactive: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    sign_in_activity: Option<WireActivity>,
}

#[derive(Default, Deserialize)]
struct WireActivity {
    #[serde(rename = "lastSuccessfulSignInDateTime")]
    successful: Option<String>,
    #[serde(rename = "lastSignInDateTime")]
    interactive: Option<String>,
    #[serde(rename = "lastNonInteractiveSignInDateTime")]
    non_interactive: Option<String>,
}

impl Reports {
    /// When a user last signed in.
    ///
    /// # Errors
    /// If it cannot be read, with what it takes.
    pub async fn last_sign_ins(
        &self,
        user: UserId,
        deadline: Deadline,
    ) -> Result<LastSignIns, Unread> {
        let select = path::query(&[("select", "signInActivity")]);
        let path = format!("{}{select}", path::user(user));
        let mut question = Question::get(ACTIVITY.operation(), path);
        question.user = Some(user);
        let tally = Tally::new();
        let asked = self.activity.ask(&question, &tally, deadline);
        let wire: WireUser = asked.await.map_err(|error| Unread::of(&ACTIVITY, &error))?;
        let activity = wire.sign_in_activity.unwrap_or_default();
        let time = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Ok(LastSignIns {
            successful: time(activity.successful),
            interactive: time(activity.interactive),
            non_interactive: time(activity.non_interactive),
        })
    }
}
