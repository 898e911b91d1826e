//! Counts the requests that were sent to Graph for one subject.

use std::sync::atomic::{AtomicU32, Ordering};

/// A count of requests, shared by all that is asked for one subject, also at the same time. Requests for a token are
/// not counted: they serve every subject.
#[derive(Debug, Default)]
pub struct Tally(AtomicU32);

impl Tally {
    /// A count that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many requests have been sent, each retry counted.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
