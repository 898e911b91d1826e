//! Puts a message back on the function's queue. Wherever it breaks off, nothing is lost.

use uuid::Uuid;

use super::act::Trouble;
use super::view::Letter;
use crate::cli::failure::Failure;
use crate::service_bus::{Lock, Outgoing, QueuePath, Received, ServiceBus, ServiceBusFailure};

/// The namespace of the copies' ids. An id derives from the original's id, queue and number: a second replay is a duplicate
/// where the queue detects those, and no copy is taken for the original.
const COPIES: Uuid = Uuid::from_u128(0x6d1c_3f0a_52b7_4d0e_9a83_1be1_7f0c_55d2);

pub(super) struct Copy {
    pub(super) id: Uuid,
    /// Whether the copy carries the note of where it came from and why; a note that makes it too large is left out.
    pub(super) is_noted: bool,
}

/// Sends a copy, then completes the original: a failure in between leaves the message in place.
pub(super) async fn replay(
    bus: &ServiceBus,
    to: &QueuePath,
    lock: &Lock,
    message: &Received,
    letter: &Letter,
) -> Result<Copy, Trouble> {
    // While the lock holds, no other receiver has the message; without a lock no copy is sent.
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
    let is_noted = match bus.send(to, &with_note(&bare, letter)).await {
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

fn with_note(bare: &Outgoing, letter: &Letter) -> Outgoing {
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
