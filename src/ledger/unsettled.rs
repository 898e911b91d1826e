//! The pending writes: how many users of a reservation were cut. A record is kept until it is written, or until the
//! reservation no longer counts. A lost record counts as cut, and is logged.

use std::time::Duration;

use jiff::Timestamp;

use super::book::Book;

/// How long a record matters: the hour of a reservation, and the time in which its users are cut.
const MATTERS: Duration = Duration::from_mins(66);

/// The most records that are kept. The oldest go first.
const MOST: usize = 10_000;

/// The change to write under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Debt {
    /// This many users of the reservation were cut.
    Settle(usize),
    /// This many users were cut without a reservation.
    Record(usize),
}

/// All pending records.
#[derive(Debug, Default)]
pub(super) struct Owed {
    list: Vec<(String, Debt, Duration)>,
}

impl Owed {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a record, and drops those that no longer matter.
    pub(super) fn add(&mut self, id: String, debt: Debt, now: Duration) {
        self.list
            .retain(|(_, _, since)| now.saturating_sub(*since) < MATTERS);
        if self.list.len() >= MOST {
            self.list.remove(0);
            tracing::warn!(count = 1, "ledger.settle.lost");
        }
        self.list.push((id, debt, now));
    }

    /// Applies all records to a book.
    pub(super) fn write_into(&self, book: &mut Book, now: Timestamp) {
        for (id, debt, _) in &self.list {
            match debt {
                Debt::Settle(cut) => book.settle(id, *cut, now),
                Debt::Record(cut) => book.record(id, *cut, now),
            }
        }
    }

    /// Drops all records after they were written.
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if !self.list.is_empty() {
            // The process ends. The reservations count as cut until their hour is over.
            tracing::warn!(count = self.list.len(), "ledger.settle.lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debts_are_dropped_when_their_hour_is_over_and_are_never_too_many() {
        let mut owed = Owed::default();
        for n in 0..MOST + 5 {
            owed.add(n.to_string(), Debt::Settle(1), Duration::ZERO);
        }
        assert_eq!(owed.list.len(), MOST);
        owed.add("late".to_owned(), Debt::Settle(1), MATTERS);
        assert_eq!(owed.list.len(), 1);
        owed.clear();
    }
}
