//! The receipt: the record of one subject's containment. This file defines its contents, and `receipt` renders it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::accounts::identifiers::{UserId, UserPrincipalName};
use super::accounts::user::{FoundBy, User};
use super::caller::Caller;
use super::incident::IncidentNote;
use super::outcome::Outcome;

/// The user of a receipt, as the directory returned it.
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
    /// The value before any call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub before: Option<Timestamp>,
    /// The value read back afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub after: Option<Timestamp>,
}

/// The times of an alert and its cut, as far as each is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// When the alert was made, as its sender states; the latest of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub alert_at: Option<Timestamp>,
    /// When its first message was enqueued, by the broker's clock, or when its HTTP call arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub received_at: Option<Timestamp>,
    /// The start of valid sessions, if it was read after the cut: the property, which has whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub cut_at: Option<Timestamp>,
    /// When that property was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub proved_at: Option<Timestamp>,
}

/// A call to Graph that changed something, or attempted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The call, such as `POST /users/{id}/revokeSignInSessions`.
    pub operation: String,
    /// The time of the answer, by Graph's own clock if it stated one.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// The HTTP status; absent when no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's `request-id`, by which Microsoft's support finds the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The `client-request-id` that was sent, by which the call is found if Graph's own id is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
}

/// Something that a revocation does not end at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct StillAlive {
    /// Its description, as a sentence.
    pub what: String,
    /// The latest time of its end; absent if no bound is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub until: Option<Timestamp>,
}

/// The ids by which a receipt is found in other systems.
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
    /// The message's id, only if the broker stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The message's correlation id, only if the broker stated it.
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
    /// The subject as the sender wrote it.
    pub subject: Masked,
    /// The object id that the sender gave, if the directory found no user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<UserId>,
    /// A hash of the subject, if no object id is known. The log has the same hash, and no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "Option<String>", extend("format" = "uuid")))]
    pub subject_hash: Option<Uuid>,
    /// The user that the directory found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ReceiptUser>,
    /// The identifier by which the directory found that user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_by: Option<FoundBy>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What that means here and what to do next, as sentences for a person. It may name the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The setting that decided, such as `EVICT_PROTECTED_GROUPS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'static str>,
    /// The property before and after the call.
    pub sessions_valid_from: SessionsValidFrom,
    /// The times of the alert and the cut.
    #[serde(flatten)]
    pub times: Times,
    /// The shape of the alert's first message, which shows its origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// The calls that change something, with their times.
    pub calls: Vec<Call>,
    /// The number of requests that were sent to Graph for this subject.
    pub attempts: u32,
    /// The time spent on this subject, in milliseconds.
    #[serde(rename = "elapsedMilliseconds", serialize_with = "milliseconds")]
    #[cfg_attr(feature = "operator", schemars(with = "u64"))]
    pub elapsed: Duration,
    /// When this receipt was written.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// What stays alive, and until when.
    pub still_alive: Vec<StillAlive>,
    /// The HTTP caller that a checked token proves; absent on the queue, and if callers need no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<Caller>,
    /// Who asked, as the alert claims, which anybody may have written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by_claim: Option<Masked>,
    /// The reason, as the alert claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_because: Option<Masked>,
    /// What was written into the alert's incident; absent if this program writes nothing there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentNote>,
    /// The ids by which the receipt is found again.
    pub correlation: Correlation,
}

/// A text that may hold personal data: plain in receipts, masked in `Debug`.
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
