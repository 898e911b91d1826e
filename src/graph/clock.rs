//! Tells the time by Graph's clock, as well as it can be known from here.
//!
//! `signInSessionsValidFromDateTime` is written by Graph's clock, so the moment of a call is compared with it on that
//! clock too. Graph tells it in the `Date` header, cut to the whole second, in an answer that takes its time on the way. So
//! what is known of a moment is between which two instants it lies: not before that second plus the time since the answer was
//! here, and before the end of that second plus the time since its question was sent. Only answers that came before the moment
//! say something of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far our own clock may be off, as long as Graph has not said the time: what Kerberos tolerates, and more than any host
/// that keeps time is off.
const UNKNOWN: SignedDuration = SignedDuration::from_mins(5);

/// What is known of Graph's clock, from its last answer.
#[derive(Debug, Default)]
pub(crate) struct GraphClock(Mutex<Option<Told>>);

/// A time that Graph said.
#[derive(Debug, Clone, Copy)]
struct Told {
    date: Timestamp,
    /// When its question was sent and when its answer was here, on our monotonic clock.
    asked: Duration,
    received: Duration,
}

/// A moment on Graph's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// It is surely not before this.
    pub earliest: Timestamp,
    /// It is surely not after this.
    pub latest: Timestamp,
}

impl Moment {
    /// Whether a property of whole seconds that was `before` a call of this moment and is `read` after it shows that sessions
    /// from before the call are dead: it lies later than it did, and not in a second that was over before the call. Where it
    /// is not known what it was before, it has to lie in a second that is surely later than the call.
    #[must_use]
    pub fn shows(self, before: Option<Timestamp>, read: Timestamp) -> bool {
        match before {
            Some(before) => read > before && read.as_second() >= self.earliest.as_second(),
            None => read.as_second() > self.latest.as_second(),
        }
    }
}

impl GraphClock {
    /// Learns from an answer that bears `date`.
    pub(super) fn learn(&self, date: Timestamp, asked: Duration, received: Duration) {
        let told = Told {
            date,
            asked,
            received,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }

    /// Now, which is `ours` on our own clock and `elapsed` on the monotonic one.
    pub(crate) fn moment(&self, ours: Timestamp, elapsed: Duration) -> Moment {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Some(told) => Moment {
                earliest: later(told.date, since(elapsed, told.received)),
                latest: later(
                    told.date,
                    since(elapsed, told.asked).saturating_add(SignedDuration::from_secs(1)),
                ),
            },
            None => Moment {
                earliest: later(ours, -UNKNOWN),
                latest: later(ours, UNKNOWN),
            },
        }
    }

    /// The time of day, rather too early by a second than too late; ours where Graph has said none.
    pub(super) fn earliest(&self, ours: Timestamp, elapsed: Duration) -> Timestamp {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.map_or(ours, |told| later(told.date, since(elapsed, told.received)))
    }
}

fn since(now: Duration, then: Duration) -> SignedDuration {
    SignedDuration::try_from(now.saturating_sub(then)).unwrap_or(SignedDuration::MAX)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_lies_between_what_the_last_answer_lets_be_known_of_it() {
        let clock = GraphClock::default();
        let ours = time("2026-11-24T10:00:00Z");
        let (asked, received) = (Duration::from_secs(100), Duration::from_secs(109));
        // An answer whose body took nine seconds.
        clock.learn(time("2026-11-24T10:07:30Z"), asked, received);
        let moment = clock.moment(ours, Duration::from_secs(110));
        assert_eq!(moment.earliest, time("2026-11-24T10:07:31Z"));
        assert_eq!(moment.latest, time("2026-11-24T10:07:41Z"));
        assert_eq!(
            clock.earliest(ours, Duration::from_secs(110)),
            moment.earliest
        );
    }

    #[test]
    fn our_own_clock_is_believed_to_within_minutes_as_long_as_graph_tells_no_time() {
        let clock = GraphClock::default();
        let ours = time("2026-11-24T10:00:00Z");
        let moment = clock.moment(ours, Duration::from_secs(9));
        assert_eq!(moment.earliest, time("2026-11-24T09:55:00Z"));
        assert_eq!(moment.latest, time("2026-11-24T10:05:00Z"));
    }

    #[test]
    fn only_a_property_that_moved_after_the_call_shows_that_earlier_sessions_are_dead() {
        let moment = Moment {
            earliest: time("2026-11-24T10:00:05.4Z"),
            latest: time("2026-11-24T10:00:07.2Z"),
        };
        let before = Some(time("2026-11-24T09:00:00Z"));
        for (before, read, shown) in [
            (before, "2026-11-24T10:00:05Z", true),
            (before, "2026-11-24T10:00:09Z", true),
            // It moved, but before the call: a replica that lagged has caught up.
            (before, "2026-11-24T10:00:04Z", false),
            (before, "2026-11-24T09:00:00Z", false),
            (before, "2026-11-24T08:00:00Z", false),
            // It stood there already.
            (
                Some(time("2026-11-24T10:00:06Z")),
                "2026-11-24T10:00:06Z",
                false,
            ),
            // Nobody knows where it stood.
            (None, "2026-11-24T10:00:05Z", false),
            (None, "2026-11-24T10:00:07Z", false),
            (None, "2026-11-24T10:00:08Z", true),
        ] {
            assert_eq!(moment.shows(before, time(read)), shown, "{before:?} {read}");
        }
    }
}
