//! The sandbox's time of day: the machine's, moved by hand. Everything in the sandbox that has an age uses it. It must
//! not be used for waiting: waits are `tokio::time`, so that a paused runtime can skip them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::sync::lock;

/// A clock that every part of the sandbox shares. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SandboxClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    offset: Mutex<SignedDuration>,
}

#[derive(Debug)]
enum Source {
    /// The machine's clock.
    Machine,
    /// The runtime's clock, which a test can pause and which then skips every wait.
    Runtime {
        wall: Timestamp,
        instant: tokio::time::Instant,
    },
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the sandbox reads the machine's clock"
)]
fn machine_now() -> Timestamp {
    Timestamp::now()
}

impl SandboxClock {
    /// A clock that shows the machine's time.
    #[must_use]
    pub fn new() -> Self {
        Self::from_source(Source::Machine)
    }

    /// A clock that begins at the machine's time and then follows the runtime's, `tokio::time::pause` included. For
    /// tests whose program runs in the same paused runtime.
    #[must_use]
    pub fn following_runtime() -> Self {
        Self::from_source(Source::Runtime {
            wall: machine_now(),
            instant: tokio::time::Instant::now(),
        })
    }

    fn from_source(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            offset: Mutex::new(SignedDuration::ZERO),
        }))
    }

    /// The sandbox's time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let real = match &self.0.source {
            Source::Machine => machine_now(),
            Source::Runtime { wall, instant } => plus(*wall, instant.elapsed()),
        };
        real.checked_add(self.offset()).unwrap_or(real)
    }

    /// How far the sandbox's time is ahead of the real one.
    #[must_use]
    pub fn offset(&self) -> SignedDuration {
        *lock(&self.0.offset)
    }

    /// Moves the sandbox's time forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        let mut offset = lock(&self.0.offset);
        *offset = offset.saturating_add(by);
    }

    /// Sets how far the sandbox's time is ahead of the real one; negative for behind.
    pub fn set_offset(&self, offset: SignedDuration) {
        *lock(&self.0.offset) = offset;
    }
}

impl Default for SandboxClock {
    fn default() -> Self {
        Self::new()
    }
}

/// `at` plus `by`; `at` itself if that exceeds the range of a timestamp.
pub(crate) fn plus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

/// `at` minus `by`; `at` itself if that exceeds the range of a timestamp.
pub(crate) fn minus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(at)
}

/// The whole second of `at`: the precision of the directory's own times.
pub(crate) fn floor_to_second(at: Timestamp) -> Timestamp {
    let whole = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    Timestamp::from_second(whole).unwrap_or(at)
}

/// `at` in the form of the `Date` header and of a `Retry-After` date.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_follows_the_runtime_skips_its_waits() {
        let clock = SandboxClock::following_runtime();
        let before = clock.now();
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(clock.now() >= plus(before, Duration::from_hours(1)));
    }

    #[test]
    fn clones_move_together() {
        let clock = SandboxClock::new();
        let other = clock.clone();
        let before = clock.now();
        other.advance(Duration::from_secs(90));
        assert!(clock.now() >= plus(before, Duration::from_secs(90)));
        other.set_offset(SignedDuration::from_secs(-60));
        assert!(clock.now() < before);
    }

    #[test]
    fn a_date_is_written_as_http_writes_it() {
        let at: Timestamp = "2025-10-07T08:41:03.9Z".parse().unwrap();
        assert_eq!(http_date(at), "Tue, 07 Oct 2025 08:41:03 GMT");
        assert_eq!(floor_to_second(at).to_string(), "2025-10-07T08:41:03Z");
    }
}
