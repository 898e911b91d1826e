//! A Service Bus message, as sent and as stored by the broker.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The AMQP body type of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BodyKind {
    /// Bytes, which REST and nearly every sender writes.
    #[default]
    Data,
    /// A value that is not a string, such as a number.
    Value,
    /// A sequence of values.
    Sequence,
}

/// A message as its sender gives it to the broker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// The body.
    pub body: Vec<u8>,
    /// What kind of body it is.
    pub body_kind: BodyKind,
    /// The message id; the broker assigns one if it is missing.
    pub message_id: Option<String>,
    /// The correlation id.
    pub correlation_id: Option<String>,
    /// The content type, as the sender states it.
    pub content_type: Option<String>,
    /// The subject, formerly called label.
    pub subject: Option<String>,
    /// The address of the recipient.
    pub to: Option<String>,
    /// The address for replies.
    pub reply_to: Option<String>,
    /// Its session.
    pub session_id: Option<String>,
    /// The application's own properties.
    pub application_properties: Map<String, Value>,
    /// Its lifetime, if it differs from the broker's default.
    pub time_to_live: Option<Duration>,
    /// The earliest time of its delivery, if it is scheduled.
    pub scheduled_for: Option<Timestamp>,
}

impl Message {
    /// A message with this body alone.
    #[must_use]
    pub fn of(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    /// A message with the content type of JSON.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self {
            content_type: Some("application/json".to_owned()),
            ..Self::of(body.to_string())
        }
    }
}

/// A message as the broker stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedMessage {
    /// The message as sent, with its message id set.
    pub message: Message,
    /// Its sequence number in the entity.
    pub sequence_number: i64,
    /// When it was sent.
    pub enqueued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How often it was delivered so far.
    pub delivery_count: u32,
    /// Why it was dead-lettered; `None` if it was not.
    pub dead_letter: Option<DeadLetter>,
}

impl QueuedMessage {
    /// The body as text; None if it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.message.body).ok()
    }

    /// The body as JSON; None if it is not.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.message.body).ok()
    }

    /// The message id.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.message.message_id.as_deref().unwrap_or_default()
    }
}

/// Why a message was dead-lettered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Service Bus's reason code, such as `MaxDeliveryCountExceeded`.
    pub reason: String,
    /// The sentence that goes with it.
    pub description: String,
}
