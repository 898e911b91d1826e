//! A message of the queue.

use std::fmt;

use super::broker::{BrokerWord, Metadata};
use super::encoding::Payload;

/// A message of the queue, as its sender put it there.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The body, byte for byte, out of all layers of encoding. Empty for a message without a body. A body that was no
    /// UTF-8 has arrived with replacement characters, unless the trigger's binding says `dataType: binary`.
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
    /// The body is shown by its length alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueMessage")
            .field("body_bytes", &self.body.len())
            .field("broker", &self.broker)
            .finish()
    }
}
