//! Where a message stood before it was put aside.

use jiff::Timestamp;
use serde::Serialize;

use super::size::cut;
use crate::domain::Correlation;

/// Which delivery of which message is rejected.
#[derive(Debug, Clone, Copy)]
pub struct RejectedFrom<'a> {
    /// The ids of the message and the invocation.
    pub correlation: &'a Correlation,
    /// Which delivery it was, if the broker said so.
    pub delivery_count: Option<u32>,
    /// When it was rejected.
    pub at: Timestamp,
}

/// The same as JSON. One object, because the names in it at the top level would overwrite the broker's own word if the
/// message were put on the input queue.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Origin<'a> {
    /// The message's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    /// Its sender's correlation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// Which delivery it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_count: Option<u32>,
    /// The host's id of the invocation.
    invocation_id: &'a str,
    /// When it was put aside.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    at: Timestamp,
}

impl<'a> Origin<'a> {
    pub(super) fn of(from: &RejectedFrom<'a>) -> Self {
        let short = |id: &Option<String>| id.as_deref().map(|id| cut(id, 1024).into_owned());
        Self {
            message_id: short(&from.correlation.message_id),
            correlation_id: short(&from.correlation.correlation_id),
            delivery_count: from.delivery_count,
            invocation_id: &from.correlation.invocation_id,
            at: from.at,
        }
    }
}
