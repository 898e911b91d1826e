//! The one instant before which nobody calls Graph.
//!
//! Throttled calls keep counting against the limit ("Microsoft Graph throttling guidance"), so a call made too early
//! prolongs the wait for everybody. The instant is shared by the whole process and only ever moves forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::{Clock, Deadline};

/// The shared instant.
#[derive(Debug)]
pub(super) struct Throttle {
    clock: Arc<dyn Clock>,
    /// Nanoseconds on the clock that never goes back.
    not_before: AtomicU64,
}

impl Throttle {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            not_before: AtomicU64::new(0),
        }
    }

    /// Lets nobody call for `wait` from now. A shorter wait than one that already runs changes nothing.
    pub(super) fn hold(&self, wait: Duration) {
        let until = nanoseconds(self.clock.elapsed().saturating_add(wait));
        self.not_before.fetch_max(until, Ordering::SeqCst);
    }

    /// How long nobody may call yet; `None` when calls may be made.
    pub(super) fn waiting(&self) -> Option<Duration> {
        let until = Duration::from_nanos(self.not_before.load(Ordering::SeqCst));
        let left = until.saturating_sub(self.clock.elapsed());
        (!left.is_zero()).then_some(left)
    }

    /// Returns when calls may be made.
    ///
    /// # Errors
    /// At once, with the time that would have to be waited, if that does not end before the deadline.
    pub(super) async fn pass(&self, deadline: Deadline) -> Result<(), Duration> {
        // The instant may have moved on while this waited, so it is read again.
        while let Some(wait) = self.waiting() {
            if wait >= deadline.remaining(&*self.clock) {
                return Err(wait);
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
