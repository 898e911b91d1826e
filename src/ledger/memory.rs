//! The ledger of one process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::ledger::LedgerFuture;
use crate::domain::{Admission, Clock, Kept, Ledger, LedgerState, Wanted};

const HOUR: Duration = Duration::from_hours(1);

/// Counts the cuts of the past hour in this process.
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

impl Entries {
    fn users(&self) -> usize {
        self.list.iter().map(|entry| entry.users).sum()
    }
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
        // A poisoned lock means that a thread died between two statements that cannot panic, so the list is intact.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .list
            .retain(|entry| now.saturating_sub(entry.at) < HOUR);
        act(&mut entries, now)
    }
}

impl Ledger for MemoryLedger {
    fn admit(&self, wanted: Wanted) -> LedgerFuture<'_, Admission> {
        let admission = self.with_entries(|entries, at| {
            let used = entries.users();
            let granted = wanted.users.min(wanted.per_hour.saturating_sub(used));
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
                undecided: None,
            }
        });
        Box::pin(async move { admission })
    }

    fn settle(&self, admission: &Admission, cut: usize) {
        self.with_entries(|entries, at| {
            entries
                .list
                .retain(|entry| entry.reservation != admission.reservation);
            if cut > 0 {
                // The hour counts from the cut, not from the reservation.
                entries.list.push(Entry {
                    at,
                    users: cut,
                    reservation: admission.reservation,
                });
            }
        });
    }

    fn check(&self) -> LedgerFuture<'_, LedgerState> {
        let used = self.with_entries(|entries, _| entries.users());
        Box::pin(async move {
            LedgerState {
                kept: Kept::Memory,
                url: None,
                used: Some(used),
                problem: None,
            }
        })
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

    fn wanted(users: usize) -> Wanted {
        Wanted {
            users,
            per_hour: 10,
            per_alert: 25,
        }
    }

    #[tokio::test]
    async fn the_hour_rolls_from_the_cut() {
        let clock = Arc::new(SetClock::default());
        let ledger = MemoryLedger::new(clock.clone());
        let first = ledger.admit(wanted(8)).await;
        assert_eq!((first.granted, first.used), (8, 0));
        *clock.0.lock().unwrap() = Duration::from_secs(100);
        ledger.settle(&first, 6);

        *clock.0.lock().unwrap() = Duration::from_secs(3_650);
        let second = ledger.admit(wanted(8)).await;
        assert_eq!((second.granted, second.used), (4, 6));
        ledger.settle(&second, 0);

        *clock.0.lock().unwrap() = Duration::from_secs(3_700);
        assert_eq!(ledger.admit(wanted(12)).await.granted, 10);
    }

    #[tokio::test]
    async fn two_alerts_at_once_cannot_both_take_the_last_place() {
        let ledger = MemoryLedger::new(Arc::new(SetClock::default()));
        let first = ledger.admit(wanted(10)).await;
        assert_eq!(ledger.admit(wanted(1)).await.granted, 0);
        ledger.settle(&first, 9);
        assert_eq!(ledger.admit(wanted(5)).await.granted, 1);
    }
}
