//! Goes through queues under locks, and gives back what was not ended.

use std::collections::BTreeSet;

use crate::cli::Exit;
use crate::cli::bus::Failure;
use crate::cli::progress::{Interrupt, Progress, heeding};
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

/// How much was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// As much as was wanted.
    All,
    /// There is more than can be held at once: a message came again, for it was locked too long ago.
    NotAll,
    /// The person at the terminal stopped it.
    Stopped,
}

impl Seen {
    /// How a command ends that only looked.
    pub(super) fn exit(self) -> Exit {
        match self {
            Self::All | Self::NotAll => Exit::Success,
            Self::Stopped => Exit::Partly,
        }
    }
}

/// Looks at each message. A Ctrl-C ends it after the message in hand, and gives back what is held; a second one ends it at once.
pub(super) async fn walk(
    bus: &ServiceBus,
    sources: &[QueuePath],
    progress: &Progress<'_>,
    mut visit: impl AsyncFnMut(&Locked) -> Result<Step, Failure>,
) -> Result<Seen, Failure> {
    let interrupt = Interrupt::default();
    let work = async {
        // Held until the end: given back earlier, a message would come again at once, before those behind it.
        let mut held = Vec::new();
        let mut shown = async |locked: &Locked| {
            progress.step();
            visit(locked).await
        };
        let seen = look(bus, sources, &interrupt, &mut held, &mut shown).await;
        for locked in &held {
            // Its lock ends by itself otherwise.
            let _given_back = bus.abandon(locked).await;
        }
        seen
    };
    let first = || "finishing the message in hand, and giving back what is locked".to_owned();
    match heeding(&interrupt, progress, first, work).await {
        Some(seen) => seen,
        None => Err(Failure::new(
            Exit::Interrupted,
            "ended at once.\nNext: list what is there; what was locked comes back by itself within minutes, and of a message whose \
             replay was under way a copy may be on the queue already.",
        )),
    }
}

async fn look(
    bus: &ServiceBus,
    sources: &[QueuePath],
    interrupt: &Interrupt,
    held: &mut Vec<Locked>,
    visit: &mut impl AsyncFnMut(&Locked) -> Result<Step, Failure>,
) -> Result<Seen, Failure> {
    for source in sources {
        let mut known = BTreeSet::new();
        while let Some(locked) = bus.lock_next(source).await? {
            if interrupt.is_asked() {
                held.push(locked);
                return Ok(Seen::Stopped);
            }
            if !known.insert(locked.message().sequence_number) {
                held.push(locked);
                return Ok(Seen::NotAll);
            }
            match visit(&locked).await {
                Ok(Step::GiveBack) => held.push(locked),
                Ok(Step::Enough) => {
                    held.push(locked);
                    return Ok(Seen::All);
                }
                Ok(Step::Gone) => {}
                Ok(Step::GoneAndEnough) => return Ok(Seen::All),
                Err(failure) => {
                    held.push(locked);
                    return Err(failure);
                }
            }
        }
    }
    Ok(if interrupt.is_asked() {
        Seen::Stopped
    } else {
        Seen::All
    })
}
