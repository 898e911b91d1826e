//! What the requests for one subject share: how many were sent to Graph, and how urgent they are.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::Urgency;

/// A count of requests, shared by all that is asked for one subject, also at the same time, and their urgency. Requests for a
/// token are not counted: they serve every subject.
#[derive(Debug)]
pub struct Tally {
    sent: AtomicU32,
    urgency: Urgency,
}

impl Tally {
    /// A count that stands at zero, of requests that go before all others.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Urgency::FIRST)
    }

    /// A count that stands at zero, of requests that are so urgent.
    #[must_use]
    pub fn of(urgency: Urgency) -> Self {
        Self {
            sent: AtomicU32::new(0),
            urgency,
        }
    }

    /// How many requests have been sent, each retry counted.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn urgency(&self) -> Urgency {
        self.urgency
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}
