//! A message of the input queue.

use std::fmt;

use super::broker::{BrokerWord, Metadata};
use super::encoding::Payload;

/// A message of the queue, as its sender put it there.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The body, byte for byte, fully decoded. Empty for a message without a body. A body that was not UTF-8 has
    /// arrived with replacement characters, unless the trigger's binding says `dataType: binary`.
    pub body: Vec<u8>,
    /// What Service Bus says of it.
    pub broker: BrokerWord,
}

impl QueueMessage {
    pub(super) fn new(message: Payload, metadata: &Metadata) -> Self {
        let body = message.into_message();
        let broker = BrokerWord::believed(metadata, &body);
        Self { body, broker }
    }
}

impl fmt::Debug for QueueMessage {
    /// Shows the body by its length alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueMessage")
            .field("body_bytes", &self.body.len())
            .field("broker", &self.broker)
            .finish()
    }
}
