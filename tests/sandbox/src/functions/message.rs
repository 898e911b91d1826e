//! A Service Bus message, as it is sent and as the broker holds it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a sender gives to the broker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// The body.
    pub body: Vec<u8>,
    /// The message id; the broker gives one to a message without.
    pub message_id: Option<String>,
    /// The correlation id.
    pub correlation_id: Option<String>,
    /// What the sender says the body is.
    pub content_type: Option<String>,
    /// The subject, in older words the label.
    pub subject: Option<String>,
    /// Whom it is for.
    pub to: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The application's own properties.
    pub application_properties: Map<String, Value>,
    /// How long it lives, if not as long as the broker's default.
    pub time_to_live: Option<Duration>,
    /// When it may be delivered first, if not at once.
    pub scheduled_for: Option<Timestamp>,
}

impl Message {
    /// A message of this body and nothing else.
    #[must_use]
    pub fn of(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    /// A message that says it is JSON.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self {
            content_type: Some("application/json".to_owned()),
            ..Self::of(body.to_string())
        }
    }
}

/// A message as the broker holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedMessage {
    /// What was sent. Its message id is always there.
    pub message: Message,
    /// Its place in the entity.
    pub sequence_number: i64,
    /// When it was sent.
    pub enqueued_at: Timestamp,
    /// When it would lapse.
    pub expires_at: Timestamp,
    /// How often it was delivered so far.
    pub delivery_count: u32,
    /// Why it is in the dead-letter queue, if it is.
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

/// Why a message lies in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Service Bus's word for it, such as `MaxDeliveryCountExceeded`.
    pub reason: String,
    /// The sentence that goes with it.
    pub description: String,
}
