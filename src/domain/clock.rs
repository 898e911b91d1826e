//! The one place where a clock is read. Everything else is told the time, so that a test can set it.

use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;

/// The time of day and a time that never goes back.
pub trait Clock: Send + Sync + Debug {
    /// The time of day, in UTC. It may jump when the machine's clock is set.
    fn now(&self) -> Timestamp;

    /// The time since some fixed instant of this process; it never goes back. For waits and deadlines.
    fn elapsed(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: std::time::Instant,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the room that reads the clock"
)]
impl SystemClock {
    /// A clock whose elapsed time begins now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the room that reads the clock"
)]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The instant at which an invocation has to answer, on the clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline that lies `after` the present.
    #[must_use]
    pub fn after(clock: &dyn Clock, after: Duration) -> Self {
        Self(clock.elapsed().saturating_add(after))
    }

    /// The deadline that lies `after` an instant of the clock's time.
    #[must_use]
    pub fn since(instant: Duration, after: Duration) -> Self {
        Self(instant.saturating_add(after))
    }

    /// The same deadline, but `margin` earlier: what is left for writing the answer.
    #[must_use]
    pub fn earlier_by(self, margin: Duration) -> Self {
        Self(self.0.saturating_sub(margin))
    }

    /// The time left; zero when it has passed.
    #[must_use]
    pub fn remaining(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.elapsed())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(self, clock: &dyn Clock) -> bool {
        self.remaining(clock).is_zero()
    }
}
