//! How fast this process calls while Graph limits its calls.
//!
//! Graph counts refused calls too, so a hundred waiting users who are all tried again when a wait is over spend what the
//! wait has earned on being refused, and nobody is cut. So once a call was refused, calls leave one by one, at a pace
//! that finds out by itself what this process's share is: it grows a little with every call that is accepted, and is
//! halved by a refusal. Several instances of the app, and other apps in the tenant, share the limit without knowing of
//! each other, so the share cannot be configured.
//!
//! What is granted of writes is known to within a factor, so their pace begins there. What is granted of all calls differs a
//! hundredfold between tenants, so there one call probes whether any is let through, and then the pace doubles with each
//! second up to half of what was sent when the refusal came, if that was more.
//!
//! Graph's `x-ms-throttle-limit-percentage` is not used: it does not say which of the limits it speaks of, and a storm's
//! reads come near theirs long before its writes do.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The pace after a refusal, in calls a second: of writes half of what Graph grants an app in a tenant (3,000 in 150 s,
/// "Microsoft Graph service-specific throttling limits"), because another instance may be at work too.
const FIRST: f64 = 10.0;

/// No pace is slower: a limit that is tighter than this shows in how long Graph says to wait.
const SLOWEST: f64 = 1.0;

/// How long after the last refusal calls are paced: the longest window over which Graph counts writes (same source).
const REMEMBERED: Duration = Duration::from_mins(5);

/// The pace; none as long as Graph refuses nothing.
#[derive(Debug)]
pub(super) struct Pace {
    /// Whether a refusal is followed by a probe.
    probes: bool,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    slowed: Option<Slowed>,
    counted: Counted,
}

#[derive(Debug)]
struct Slowed {
    per_second: f64,
    /// Up to where the pace doubles with each second.
    doubles_to: f64,
    /// Whether nothing was let through since the refusal.
    is_probing: bool,
    /// When the last refusal came, on the monotonic clock.
    at: Duration,
}

/// How many calls left in this second of the monotonic clock, and in the one before.
#[derive(Debug, Default)]
struct Counted {
    second: u64,
    now: u32,
    before: u32,
}

impl Counted {
    fn add(&mut self, now: Duration) {
        match now.as_secs().saturating_sub(self.second) {
            0 => {}
            1 => self.before = std::mem::take(&mut self.now),
            _ => (self.before, self.now) = (0, 0),
        }
        self.second = now.as_secs();
        self.now = self.now.saturating_add(1);
    }

    fn per_second(&self) -> f64 {
        f64::from(self.now.max(self.before))
    }
}

impl Pace {
    /// The pace of writes.
    pub(super) fn of_writes() -> Self {
        Self::new(false)
    }

    /// The pace of all calls.
    pub(super) fn of_everything() -> Self {
        Self::new(true)
    }

    fn new(probes: bool) -> Self {
        Self {
            probes,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// A call left.
    pub(super) fn left(&self, now: Duration) {
        self.lock().counted.add(now);
    }

    /// A call was refused. Refusals that come together count as one: say it once for all of them.
    pub(super) fn slow_down(&self, now: Duration) {
        let mut state = self.lock();
        let remembered = state
            .slowed
            .as_ref()
            .filter(|slowed| slowed.is_remembered(now));
        let per_second = match remembered {
            Some(before) => (before.per_second / 2.0).max(SLOWEST),
            None if self.probes => (state.counted.per_second() / 2.0).max(FIRST),
            None => FIRST,
        };
        state.slowed = Some(Slowed {
            per_second: if self.probes {
                per_second.min(FIRST)
            } else {
                per_second
            },
            doubles_to: per_second,
            is_probing: self.probes,
            at: now,
        });
    }

    /// A call was accepted. At any pace this adds one call a second for each second of calling, and doubles the pace with each
    /// second where there is far to go yet.
    pub(super) fn speed_up(&self) {
        let mut state = self.lock();
        let Some(slowed) = &mut state.slowed else {
            return;
        };
        if std::mem::take(&mut slowed.is_probing) {
            self.changed.notify_waiters();
        } else if slowed.per_second < slowed.doubles_to {
            slowed.per_second = (slowed.per_second + 1.0).min(slowed.doubles_to);
        } else {
            slowed.per_second += slowed.per_second.recip();
        }
    }

    /// The time from one call to the next; zero where Graph has not refused any lately. Nothing follows a probe until it is
    /// answered, or has had its time.
    pub(super) fn gap(&self, now: Duration) -> Duration {
        self.lock()
            .slowed
            .as_ref()
            .filter(|slowed| slowed.is_remembered(now))
            .map_or(Duration::ZERO, |slowed| {
                let per_second = if slowed.is_probing {
                    SLOWEST
                } else {
                    slowed.per_second
                };
                Duration::from_secs_f64(per_second.recip())
            })
    }

    /// Ends as soon as a probe was let through.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let pace = Pace::of_writes();
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
        let pace = Pace::of_writes();
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

    #[test]
    fn after_a_refusal_one_call_probes_and_then_the_pace_doubles_up_to_half_of_what_was_sent() {
        let pace = Pace::of_everything();
        let per_second = |now| pace.gap(now).as_secs_f64().recip();
        assert_eq!(pace.gap(SECOND), Duration::ZERO);
        for _ in 0..200 {
            pace.left(SECOND);
        }
        pace.slow_down(SECOND);
        assert_eq!(pace.gap(SECOND), SECOND);
        pace.speed_up();
        assert!((per_second(SECOND) - 10.0).abs() < 0.1);
        for _ in 0..10 {
            pace.speed_up();
        }
        assert!((per_second(SECOND) - 20.0).abs() < 0.1);
        for _ in 0..1_000 {
            pace.speed_up();
        }
        let at_last = per_second(SECOND);
        assert!((100.0..115.0).contains(&at_last), "{at_last}");
        // The next refusal halves it, and the next probe is alone again.
        pace.slow_down(SECOND * 2);
        assert_eq!(pace.gap(SECOND * 2), SECOND);
        for _ in 0..41 {
            pace.speed_up();
        }
        assert!(per_second(SECOND * 2) > at_last / 2.0 - 11.0);
        assert!(per_second(SECOND * 2) < at_last / 2.0 + 1.0);
    }
}
