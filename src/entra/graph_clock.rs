//! Tells the time by Graph's clock, as well as it can be known from here.
//!
//! `signInSessionsValidFromDateTime` is written by Graph's clock, so the moment of a call is compared with it on that
//! clock too. Graph tells it in the `Date` header, cut to the whole second.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// How far Graph's clock is ahead of ours, learned from the last answer; nothing until the first.
#[derive(Debug, Default)]
pub(super) struct GraphClock {
    ahead_milliseconds: AtomicI64,
}

impl GraphClock {
    /// Learns from an answer that bears `date` and came at `received` on our clock.
    pub(super) fn learn(&self, date: Timestamp, received: Timestamp) {
        let ahead = date.duration_since(received).as_millis();
        let ahead = i64::try_from(ahead).unwrap_or_default();
        self.ahead_milliseconds.store(ahead, Ordering::Relaxed);
    }

    /// What Graph's clock showed at that moment of ours, or up to about a second earlier: the header is cut to the second
    /// and older than its arrival. Too early is the safe side, because a property that moved then lies after it.
    pub(super) fn at(&self, ours: Timestamp) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_milliseconds.load(Ordering::Relaxed));
        ours.checked_add(ahead).unwrap_or(ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_a_call_is_told_on_graphs_clock() {
        let clock = GraphClock::default();
        let sent: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let received: Timestamp = "2026-11-24T10:00:00.4Z".parse().unwrap();
        assert_eq!(clock.at(sent), sent);
        clock.learn("2026-11-24T10:07:30Z".parse().unwrap(), received);
        assert_eq!(clock.at(sent).to_string(), "2026-11-24T10:07:29.6Z");
    }
}
