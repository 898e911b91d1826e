//! The only place where a clock is read. All other code receives the time, so that a test can set it.

use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;

/// The time of day and a monotonic time.
pub trait Clock: Send + Sync + Debug {
    /// The time of day, in UTC. It may jump when the machine's clock is set.
    fn now(&self) -> Timestamp;

    /// The monotonic time since some fixed instant of this process, for waits and deadlines.
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
    /// Starts a clock at the elapsed time zero.
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

/// The instant by which an invocation has to answer, in monotonic time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline that lies `after` from now.
    #[must_use]
    pub fn after(clock: &dyn Clock, after: Duration) -> Self {
        Self(clock.elapsed().saturating_add(after))
    }

    /// The deadline that lies `after` an instant of the monotonic time.
    #[must_use]
    pub fn since(instant: Duration, after: Duration) -> Self {
        Self(instant.saturating_add(after))
    }

    /// The same deadline, earlier by `margin`, which is kept for writing the answer.
    #[must_use]
    pub fn earlier_by(self, margin: Duration) -> Self {
        Self(self.0.saturating_sub(margin))
    }

    /// The time left; zero once the deadline has passed.
    #[must_use]
    pub fn remaining(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.elapsed())
    }

    /// Whether the deadline has passed.
    #[must_use]
    pub fn has_passed(self, clock: &dyn Clock) -> bool {
        self.remaining(clock).is_zero()
    }
}
