//! The ledger of one process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::ledger::LedgerFuture;
use crate::domain::{Admission, Clock, Ledger, LedgerError};

const HOUR: Duration = Duration::from_hours(1);

/// What was cut within the past hour, by this process.
#[derive(Debug)]
pub struct MemoryLedger {
    clock: Arc<dyn Clock>,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    last_reservation: u64,
    list: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Duration,
    users: usize,
    reservation: u64,
}

impl MemoryLedger {
    /// An empty ledger.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            entries: Mutex::default(),
        }
    }

    fn with_entries<T>(&self, act: impl FnOnce(&mut Entries, Duration) -> T) -> T {
        let now = self.clock.elapsed();
        // A poisoned lock means that a thread died between two statements that cannot panic; the list is whole.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .list
            .retain(|entry| now.saturating_sub(entry.at) < HOUR);
        act(&mut entries, now)
    }
}

impl Ledger for MemoryLedger {
    fn admit(&self, wanted: usize, cap: usize) -> LedgerFuture<'_, Result<Admission, LedgerError>> {
        let admission = self.with_entries(|entries, at| {
            let used: usize = entries.list.iter().map(|entry| entry.users).sum();
            let granted = wanted.min(cap.saturating_sub(used));
            entries.last_reservation += 1;
            let reservation = entries.last_reservation;
            if granted > 0 {
                entries.list.push(Entry {
                    at,
                    users: granted,
                    reservation,
                });
            }
            Admission {
                granted,
                used,
                reservation,
            }
        });
        Box::pin(async move { Ok(admission) })
    }

    fn settle(
        &self,
        admission: Admission,
        cut: usize,
    ) -> LedgerFuture<'_, Result<(), LedgerError>> {
        self.with_entries(|entries, at| {
            entries
                .list
                .retain(|entry| entry.reservation != admission.reservation);
            if cut > 0 {
                // Counted from the cut, not from the reservation: the hour rolls over what was done.
                entries.list.push(Entry {
                    at,
                    users: cut,
                    reservation: admission.reservation,
                });
            }
        });
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[derive(Debug, Default)]
    struct SetClock(Mutex<Duration>);

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[tokio::test]
    async fn the_hour_rolls_from_the_cut() {
        let clock = Arc::new(SetClock::default());
        let ledger = MemoryLedger::new(clock.clone());
        let first = ledger.admit(8, 10).await.unwrap();
        assert_eq!((first.granted, first.used), (8, 0));
        *clock.0.lock().unwrap() = Duration::from_secs(100);
        ledger.settle(first, 6).await.unwrap();

        *clock.0.lock().unwrap() = Duration::from_secs(3_650);
        let second = ledger.admit(8, 10).await.unwrap();
        assert_eq!((second.granted, second.used), (4, 6));
        ledger.settle(second, 0).await.unwrap();

        *clock.0.lock().unwrap() = Duration::from_secs(3_700);
        assert_eq!(ledger.admit(12, 10).await.unwrap().granted, 10);
    }

    #[tokio::test]
    async fn two_alerts_at_once_cannot_both_take_the_last_place() {
        let ledger = MemoryLedger::new(Arc::new(SetClock::default()));
        let first = ledger.admit(10, 10).await.unwrap();
        assert_eq!(ledger.admit(1, 10).await.unwrap().granted, 0);
        ledger.settle(first, 9).await.unwrap();
        assert_eq!(ledger.admit(5, 10).await.unwrap().granted, 1);
    }
}
