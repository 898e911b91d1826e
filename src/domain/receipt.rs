//! The receipt: the record of one subject's containment. `receipt` renders it; this file says what it holds.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::accounts::identifiers::{UserId, UserPrincipalName};
use super::accounts::user::{FoundBy, User};
use super::caller::Caller;
use super::incident::IncidentNote;
use super::outcome::Outcome;

/// The user of a receipt, as the directory names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReceiptUser {
    /// The object id.
    pub id: UserId,
    /// The user principal name.
    pub user_principal_name: UserPrincipalName,
}

impl From<&User> for ReceiptUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            user_principal_name: user.upn.clone(),
        }
    }
}

/// `signInSessionsValidFromDateTime` before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct SessionsValidFrom {
    /// As it was read before anything was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub before: Option<Timestamp>,
    /// As it was read back afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub after: Option<Timestamp>,
}

/// How fast it was, as far as each is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// When the alert was made, by its sender's word; of several the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub alert_at: Option<Timestamp>,
    /// When its first message was put on the queue, by the broker's clock, or its HTTP call came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub received_at: Option<Timestamp>,
    /// From when on sessions are valid, if that was read after the cut: the property, which has no fractions of a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub cut_at: Option<Timestamp>,
    /// When that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub proved_at: Option<Timestamp>,
}

/// A call to Graph that changed something, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// What was called, such as `POST /users/{id}/revokeSignInSessions`.
    pub operation: String,
    /// When the answer came, by Graph's own clock where it told.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// The HTTP status; absent when no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's `request-id`, by which Microsoft's support finds the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The `client-request-id` that was sent, by which it is found where Graph's own is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
}

/// Something that a revocation does not end at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct StillAlive {
    /// What it is, as a sentence.
    pub what: String,
    /// Until when it may live; absent where no bound is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub until: Option<Timestamp>,
}

/// The ids by which a receipt is found again elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Correlation {
    /// The alert's id, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<String>,
    /// The incident's id, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<String>,
    /// The message's id, only if the broker said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The message's correlation id, only if the broker said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The host's id of the invocation.
    pub invocation_id: String,
}

/// The record of one subject's containment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The subject as it was written.
    pub subject: Masked,
    /// The object id that the sender gave, where the directory named no user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<UserId>,
    /// The subject by a hash, where no object id is known: the log has the same one, and no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "Option<String>", extend("format" = "uuid")))]
    pub subject_hash: Option<Uuid>,
    /// The user that the directory named for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ReceiptUser>,
    /// By what of the subject the directory knew that user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_by: Option<FoundBy>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What that means here and what to do next, as sentences for a person. May name the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The setting that decided, such as `EVICT_PROTECTED_GROUPS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'static str>,
    /// The property before and after.
    pub sessions_valid_from: SessionsValidFrom,
    /// How fast it was.
    #[serde(flatten)]
    pub times: Times,
    /// The shape of the alert's first message, which tells where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// What was called that changes something, and when.
    pub calls: Vec<Call>,
    /// How many requests were sent to Graph for this subject.
    pub attempts: u32,
    /// The time spent on this subject, in milliseconds.
    #[serde(rename = "elapsedMilliseconds", serialize_with = "milliseconds")]
    #[cfg_attr(feature = "operator", schemars(with = "u64"))]
    pub elapsed: Duration,
    /// When this record was made.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// What stays alive, and until when that may be.
    pub still_alive: Vec<StillAlive>,
    /// Who called over HTTP, as a checked token proves; absent on the queue, and where callers need no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<Caller>,
    /// Who asked for it by the alert's own word, which anybody may have written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by_claim: Option<Masked>,
    /// Why, by the alert's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_because: Option<Masked>,
    /// What was written into the alert's incident; absent where this program writes nothing there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentNote>,
    /// The ids by which it is found again.
    pub correlation: Correlation,
}

/// A text that may hold personal data: written out in receipts, masked in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked(pub String);

impl std::fmt::Debug for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
