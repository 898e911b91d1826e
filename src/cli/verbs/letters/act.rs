//! Does something to each of the chosen messages, some at a time. One that fails does not keep those behind it; what would fail
//! for all of them ends it, and says how many are left.

use std::cell::Cell;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::walk::{AT_ONCE, Found, Walk};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::service_bus::{QueueError, ServiceBusFailure, ServiceBusOperation};

/// After so many failures in a row no message is begun any more.
const MOST_IN_A_ROW: usize = 3;

/// Why it was not done.
pub(crate) struct Trouble {
    pub(crate) failure: Failure,
    /// Whether it would be the same for every other message.
    is_for_all: bool,
    /// Whether it is this message's alone, however many others fail in the same way: its lock has ended.
    is_its_own: bool,
    /// Whether something was done all the same, as its text says.
    pub(crate) is_half_done: bool,
}

impl From<QueueError> for Trouble {
    fn from(error: QueueError) -> Self {
        let is_for_all = match &error.cause {
            ServiceBusFailure::NotAuthorized(_)
            | ServiceBusFailure::Forbidden(_)
            | ServiceBusFailure::NoConnection(_) => true,
            ServiceBusFailure::Gone(..) => error.operation == ServiceBusOperation::Send,
            ServiceBusFailure::TooLarge(_)
            | ServiceBusFailure::Throttled(_)
            | ServiceBusFailure::Unavailable(..)
            | ServiceBusFailure::Network(_)
            | ServiceBusFailure::Refused(..)
            | ServiceBusFailure::Unexpected(_) => false,
        };
        let is_its_own = matches!(
            error.cause,
            ServiceBusFailure::Gone(..) | ServiceBusFailure::TooLarge(_)
        ) && !is_for_all;
        Self {
            failure: error.into(),
            is_for_all,
            is_its_own,
            is_half_done: false,
        }
    }
}

impl From<Failure> for Trouble {
    /// For what concerns one message alone.
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            is_for_all: false,
            is_its_own: true,
            is_half_done: false,
        }
    }
}

/// How much was done.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    /// Those that were not begun.
    pub(crate) left: usize,
    /// The exit code of the first failure.
    first: Option<Exit>,
    /// Whether a Ctrl-C ended it.
    stopped: bool,
}

impl Tally {
    /// Nothing was begun, since a Ctrl-C came before.
    pub(crate) fn stopped() -> Self {
        Self {
            stopped: true,
            ..Self::default()
        }
    }

    /// Whether a Ctrl-C ended it before all was done.
    pub(crate) fn was_stopped(&self) -> bool {
        self.stopped
    }

    /// How the command ends: some done and some not is partly done, nothing done is as the first failure says.
    pub(crate) fn exit(&self) -> Exit {
        match self.first {
            Some(first) if self.done == 0 => first,
            Some(_) => Exit::Partly,
            None if self.left > 0 => Exit::Partly,
            None => Exit::Success,
        }
    }
}

/// Does it to each, and tells of each in their order.
pub(crate) async fn each<T>(
    walk: &Walk<'_, '_>,
    chosen: &[Found],
    one: impl AsyncFn(&Found) -> Result<T, Trouble>,
    mut tell: impl FnMut(&Found, Result<T, Trouble>) -> Result<(), Failure>,
) -> Result<Tally, Failure> {
    let in_a_row = Cell::new(0);
    let ended = Cell::new(false);
    let attempt = async |found| {
        if walk.interrupt.is_asked() || ended.get() {
            return None;
        }
        let done = one(found).await;
        match &done {
            Ok(_) => in_a_row.set(0),
            Err(trouble) => {
                in_a_row.set(in_a_row.get() + usize::from(!trouble.is_its_own));
                if trouble.is_for_all || in_a_row.get() >= MOST_IN_A_ROW {
                    ended.set(true);
                }
            }
        }
        Some(done)
    };
    let mut tally = Tally::default();
    let mut attempts = stream::iter(chosen.iter().map(attempt)).buffered(AT_ONCE);
    for found in chosen {
        match attempts.next().await.flatten() {
            None => tally.left += 1,
            Some(Ok(done)) => {
                tally.done += 1;
                walk.is_gone(found);
                tell(found, Ok(done))?;
            }
            Some(Err(trouble)) => {
                tally.failed += 1;
                tally.first.get_or_insert(trouble.failure.exit);
                tell(found, Err(trouble))?;
            }
        }
    }
    tally.stopped = tally.left > 0 && walk.interrupt.is_asked();
    Ok(tally)
}
