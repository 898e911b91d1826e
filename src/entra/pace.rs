//! How fast this process writes while Graph limits its writes.
//!
//! Graph counts refused calls too, so a hundred waiting users who are all tried again when a wait is over spend what the
//! wait has earned on being refused, and nobody is cut. So once a write was refused, writes leave one by one, at a pace
//! that finds out by itself what this process's share is: it grows a little with every write that is accepted, and is
//! halved by a refusal. Several instances of the app, and other apps in the tenant, share the limit without knowing of
//! each other, so the share cannot be configured.
//!
//! Graph's `x-ms-throttle-limit-percentage` is not used: it does not say which of the limits it speaks of, and a storm's
//! reads come near theirs long before its writes do.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The pace after the first refusal, in writes a second: half of what Graph grants an app in a tenant (3,000 in 150 s,
/// "Microsoft Graph service-specific throttling limits"), because another instance may be at work too.
const FIRST: f64 = 10.0;

/// No pace is slower: a limit that is tighter than this shows in how long Graph says to wait.
const SLOWEST: f64 = 1.0;

/// How long after the last refusal writes are paced: the longest window over which Graph counts writes (same source).
const REMEMBERED: Duration = Duration::from_mins(5);

/// The pace; none as long as Graph refuses no write.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Slowed>>);

#[derive(Debug)]
struct Slowed {
    per_second: f64,
    /// When the last refusal came, on the clock that never goes back.
    at: Duration,
}

impl Pace {
    /// A write was refused. Refusals that come together count as one: say it once for all of them.
    pub(super) fn slow_down(&self, now: Duration) {
        let mut slowed = self.lock();
        let per_second = match &*slowed {
            Some(before) if before.is_remembered(now) => (before.per_second / 2.0).max(SLOWEST),
            Some(_) | None => FIRST,
        };
        *slowed = Some(Slowed {
            per_second,
            at: now,
        });
    }

    /// A write was accepted. At any pace this adds one write a second for each second of writing.
    pub(super) fn speed_up(&self) {
        if let Some(slowed) = &mut *self.lock() {
            slowed.per_second += slowed.per_second.recip();
        }
    }

    /// The time from one write to the next; zero where Graph has not refused any lately.
    pub(super) fn gap(&self, now: Duration) -> Duration {
        self.lock()
            .as_ref()
            .filter(|slowed| slowed.is_remembered(now))
            .map_or(Duration::ZERO, |slowed| {
                Duration::from_secs_f64(slowed.per_second.recip())
            })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Slowed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slowed {
    fn is_remembered(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) < REMEMBERED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nobody_is_paced_before_a_refusal_and_long_after_it() {
        let pace = Pace::default();
        pace.speed_up();
        assert_eq!(pace.gap(SECOND), Duration::ZERO);
        pace.slow_down(SECOND);
        assert_eq!(pace.gap(SECOND * 2), Duration::from_millis(100));
        assert_eq!(pace.gap(SECOND + REMEMBERED), Duration::ZERO);
        // What is forgotten is not halved either.
        pace.slow_down(SECOND + REMEMBERED);
        assert_eq!(pace.gap(SECOND + REMEMBERED), Duration::from_millis(100));
    }

    #[test]
    fn a_second_of_writing_adds_a_write_a_second_and_a_refusal_halves_the_pace() {
        let pace = Pace::default();
        pace.slow_down(SECOND);
        let mut written = Duration::ZERO;
        while written < 10 * SECOND {
            written += pace.gap(SECOND);
            pace.speed_up();
        }
        let per_second = pace.gap(SECOND).as_secs_f64().recip();
        assert!((19.5..20.5).contains(&per_second), "{per_second}");
        pace.slow_down(SECOND);
        let halved = pace.gap(SECOND).as_secs_f64().recip();
        assert!((halved * 2.0 - per_second).abs() < 0.1, "{halved}");
        for _ in 0..100 {
            pace.slow_down(SECOND);
        }
        assert_eq!(pace.gap(SECOND), SECOND);
    }
}
