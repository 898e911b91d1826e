//! Goes through queues under locks, and gives back what was not ended.

use std::collections::BTreeSet;

use crate::cli::bus::Failure;
use crate::queue::{Locked, QueuePath, ServiceBus};

/// What becomes of a message that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is given back at the end, and the next one comes.
    GiveBack,
    /// It is given back at the end, and none comes after it.
    Enough,
    /// It was ended, and the next one comes.
    Gone,
    /// It was ended, and none comes after it.
    GoneAndEnough,
}

impl Step {
    /// The same, for a message that was ended.
    pub(super) fn gone(self) -> Self {
        match self {
            Self::GiveBack | Self::Gone => Self::Gone,
            Self::Enough | Self::GoneAndEnough => Self::GoneAndEnough,
        }
    }
}

/// Looks at each message. Whether all were seen: a message that comes again was locked too long ago, so there is more than
/// can be held at once.
pub(super) async fn walk(
    bus: &ServiceBus,
    sources: &[QueuePath],
    mut visit: impl AsyncFnMut(&Locked) -> Result<Step, Failure>,
) -> Result<bool, Failure> {
    // Held until the end: given back earlier, a message would come again at once, before those behind it.
    let mut held = Vec::new();
    let seen = look(bus, sources, &mut held, &mut visit).await;
    for locked in &held {
        // Its lock ends by itself otherwise.
        let _given_back = bus.abandon(locked).await;
    }
    seen
}

async fn look(
    bus: &ServiceBus,
    sources: &[QueuePath],
    held: &mut Vec<Locked>,
    visit: &mut impl AsyncFnMut(&Locked) -> Result<Step, Failure>,
) -> Result<bool, Failure> {
    for source in sources {
        let mut known = BTreeSet::new();
        while let Some(locked) = bus.lock_next(source).await? {
            if !known.insert(locked.message().sequence_number) {
                held.push(locked);
                return Ok(false);
            }
            match visit(&locked).await {
                Ok(Step::GiveBack) => held.push(locked),
                Ok(Step::Enough) => {
                    held.push(locked);
                    return Ok(true);
                }
                Ok(Step::Gone) => {}
                Ok(Step::GoneAndEnough) => return Ok(true),
                Err(failure) => {
                    held.push(locked);
                    return Err(failure);
                }
            }
        }
    }
    Ok(true)
}
