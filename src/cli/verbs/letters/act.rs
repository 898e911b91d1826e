//! Acts on the chosen messages, several at a time. A message that fails does not hold up the others; a failure that all
//! would share ends the work.

use std::cell::Cell;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::walk::{AT_ONCE, Found, Walk};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::service_bus::{QueueError, ServiceBusFailure, ServiceBusOperation};

/// This many failures in a row end the work.
const MOST_IN_A_ROW: usize = 3;

/// Why a message was not dealt with.
pub(super) struct Trouble {
    pub(super) failure: Failure,
    /// Whether every other message would fail alike.
    is_for_all: bool,
    /// Whether the failure is this message's alone, such as an expired lock.
    is_its_own: bool,
    /// Whether a part was done, as the text says.
    pub(super) is_half_done: bool,
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
    /// A failure of one message alone.
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            is_for_all: false,
            is_its_own: true,
            is_half_done: false,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) failed: usize,
    /// Messages that were not started.
    pub(super) left: usize,
    first: Option<Exit>,
    /// Whether a Ctrl-C ended the work.
    stopped: bool,
}

impl Tally {
    /// A Ctrl-C came before the first message.
    pub(super) fn stopped() -> Self {
        Self {
            stopped: true,
            ..Self::default()
        }
    }

    pub(super) fn was_stopped(&self) -> bool {
        self.stopped
    }

    /// The exit code: partly done if some messages are done and some are not, that of the first failure if none is.
    pub(super) fn exit(&self) -> Exit {
        match self.first {
            Some(first) if self.done == 0 => first,
            Some(_) => Exit::Partly,
            None if self.left > 0 => Exit::Partly,
            None => Exit::Success,
        }
    }
}

/// Acts on each message, and reports in their order.
pub(super) async fn each<T>(
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
                walk.forget(found);
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
