//! Puts a message that was given up back on the function's queue, so that nothing is lost wherever it breaks off.

use uuid::Uuid;

use super::act::Trouble;
use super::view::Letter;
use crate::cli::failure::Failure;
use crate::service_bus::{Lock, Outgoing, QueuePath, Received, ServiceBus, ServiceBusFailure};

/// Under which ids copies are sent: that of the original, its place and its time, so that a copy that is sent twice is one
/// message where the queue detects duplicates, and is not taken for the original.
const COPIES: Uuid = Uuid::from_u128(0x6d1c_3f0a_52b7_4d0e_9a83_1be1_7f0c_55d2);

/// A copy that is on the queue.
pub(crate) struct Copy {
    /// Its message id.
    pub(crate) id: Uuid,
    /// Whether it says where it came from and why it had been given up; it does not where it would be too large with that.
    pub(crate) is_noted: bool,
}

/// Sends a copy and ends the original, in this order: whatever breaks in between, the message is still there.
pub(crate) async fn replay(
    bus: &ServiceBus,
    to: &QueuePath,
    lock: &Lock,
    message: &Received,
    letter: &Letter,
) -> Result<Copy, Trouble> {
    // Nobody else has the message as long as the lock holds; without it no copy is sent.
    bus.renew(lock).await?;
    let name = format!(
        "{} {} {}",
        letter.queue, message.sequence_number, message.message_id
    );
    let id = Uuid::new_v5(&COPIES, name.as_bytes());
    let bare = Outgoing {
        body: message.body.clone(),
        message_id: id.to_string(),
        correlation_id: message.correlation_id.clone(),
        content_type: message.content_type.clone(),
        time_to_live: message.time_to_live,
        routing: message.routing.clone(),
        properties: message.senders_properties(),
        ..Outgoing::default()
    };
    let is_noted = match bus.send(to, &noted(&bare, letter)).await {
        Ok(()) => true,
        Err(error) if matches!(error.cause, ServiceBusFailure::TooLarge(_)) => {
            bus.send(to, &bare).await?;
            false
        }
        Err(error) => return Err(error.into()),
    };
    bus.complete(lock).await.map_err(|error| {
        let mut trouble = Trouble::from(error);
        let why = trouble.failure.text.lines().next().unwrap_or_default();
        let text = format!(
            "a copy is on the queue {to} as {id}, but the original is still in {}: {why}\n  Next: drop the original, `--number {}`; replaying it again would ask for the same users twice.",
            letter.queue, letter.sequence_number
        );
        trouble.failure = Failure::new(trouble.failure.exit, text);
        trouble.is_half_done = true;
        trouble
    })?;
    Ok(Copy { id, is_noted })
}

fn noted(bare: &Outgoing, letter: &Letter) -> Outgoing {
    let mut copy = bare.clone();
    let mut note = |name: &str, value: &str| {
        copy.properties.insert(name.to_owned(), value.into());
    };
    note("evict-replayed-from", &letter.queue);
    if let Some(because) = &letter.because {
        note("evict-replayed-because", because);
    }
    copy
}
