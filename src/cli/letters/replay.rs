//! Puts a message that was given up back on the function's queue, so that nothing is lost wherever it breaks off.

use uuid::Uuid;

use super::view::Letter;
use crate::cli::bus::Failure;
use crate::queue::{Locked, Outgoing, QueuePath, ServiceBus};

/// Under which ids copies are sent: that of the original, its place and its time, so that a copy that is sent twice is one
/// message where the queue detects duplicates, and is not taken for the original.
const COPIES: Uuid = Uuid::from_u128(0x6d1c_3f0a_52b7_4d0e_9a83_1be1_7f0c_55d2);

/// Sends a copy and ends the original, in this order: whatever breaks in between, the message is still there. Returns the
/// copy's id.
pub(super) async fn replay(
    bus: &ServiceBus,
    to: &QueuePath,
    locked: &Locked,
    letter: &Letter,
) -> Result<Uuid, Failure> {
    // Nobody else has the message as long as the lock holds; without it no copy is sent.
    bus.renew(locked).await?;
    let message = locked.message();
    let name = format!(
        "{} {} {}",
        letter.queue, message.sequence_number, message.message_id
    );
    let id = Uuid::new_v5(&COPIES, name.as_bytes());
    let mut properties = message.properties.clone();
    properties.retain(|name, _| !name.starts_with("deadletter"));
    properties.insert("evict-replayed-from".to_owned(), letter.queue.clone());
    if let Some(because) = &letter.because {
        properties.insert("evict-replayed-because".to_owned(), because.clone());
    }
    let copy = Outgoing {
        body: message.body.clone(),
        message_id: id.to_string(),
        correlation_id: message.correlation_id.clone(),
        content_type: message.content_type.clone(),
        properties,
        ..Outgoing::default()
    };
    bus.send(to, &copy).await?;
    bus.complete(locked).await.map_err(|error| {
        let told = Failure::from(error);
        let why = told.text.lines().next().unwrap_or_default();
        Failure::new(
            told.exit,
            format!(
                "a copy is on the queue {to} as {id}, but the original is still in {}: {why}\n  Next: drop the original, number {}; replaying it again would ask for the same users twice.",
                letter.queue, letter.sequence_number
            ),
        )
    })?;
    Ok(id)
}
