//! The blob's content: the number of users cut, and of reservations, each with the time from which its hour counts.
//! Pure: it receives the time as an argument. It names no user.
//!
//! A reservation is *open* until it is settled. It counts for an hour after the last moment at which its users can be
//! cut, so the reservation of a dead process counts as cut. Settled cuts are summed by the minute, so the blob stays
//! small. Every change has its reservation's id, so a change whose answer was lost can be repeated.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a cut counts.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How long after its reservation a user can still be cut: the longest work on a delivery
/// (`EVICT_QUEUE_DEADLINE_SECONDS`), and a minute for a pending answer.
const LONGEST_WORK: SignedDuration = SignedDuration::from_mins(5);

/// The largest difference between the clocks of two instances. Both follow the storage service's, which has whole
/// seconds and some network delay.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(30);

/// The most open reservations that are kept separately. The oldest beyond it are summed too, and can no longer be
/// settled.
const MOST_OPEN: usize = 500;

/// The largest blob that is read. A real one has at most some tens of KiB.
pub(super) const LARGEST: usize = 256 * 1024;

const WHAT: &str = "evict-ledger";
const VERSION: u32 = 1;

/// The ledger's content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Book {
    open: Vec<Open>,
    /// The cuts by the end of their minute.
    cut: BTreeMap<Timestamp, usize>,
}

/// One reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    id: String,
    /// The last moment at which its users can be cut.
    until: Timestamp,
    users: usize,
}

/// The form in the blob.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    what: String,
    version: u32,
    open: Vec<Open>,
    cut: Vec<Cut>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    by: Timestamp,
    users: usize,
}

/// The fields that identify a blob as ours.
#[derive(Deserialize)]
struct Head {
    what: String,
    version: u32,
}

/// The result of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    /// The number of users that may be cut.
    pub(super) granted: usize,
    /// The number in the hour before it.
    pub(super) used: usize,
}

impl Book {
    /// Reads a blob.
    ///
    /// # Errors
    /// The blob is not a ledger that this version can continue.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it is larger than {LARGEST} bytes"));
        }
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|error| format!("it does not say what it is: {}", place(&error)))?;
        if head.what != WHAT {
            return Err("it says that it is something else".to_owned());
        }
        if head.version != VERSION {
            return Err(format!(
                "it is of version {}, and this Evict knows version {VERSION}",
                head.version
            ));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| format!("its content cannot be read: {}", place(&error)))?;
        let mut book = Self {
            open: wire.open,
            cut: BTreeMap::new(),
        };
        for cut in wire.cut {
            book.add_cut(cut.by, cut.users);
        }
        Ok(book)
    }

    /// Whether an entry is further in the future than entries of a ledger can be. It would count for too long.
    pub(super) fn is_ahead_of(&self, now: Timestamp) -> bool {
        let latest = plus(now, HOUR);
        self.open.iter().any(|open| open.until > latest) || self.cut.keys().any(|by| *by > latest)
    }

    /// The bytes for the blob.
    pub(super) fn write(&self) -> Vec<u8> {
        let wire = Wire {
            what: WHAT.to_owned(),
            version: VERSION,
            open: self.open.clone(),
            cut: self
                .cut
                .iter()
                .map(|(by, users)| Cut {
                    by: *by,
                    users: *users,
                })
                .collect(),
        };
        // It consists of text keys and plain values, whose serialisation to memory cannot fail.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Drops entries from more than an hour ago.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.open.retain(|open| plus(open.until, HOUR) > now);
        self.cut.retain(|by, _| plus(*by, HOUR) > now);
    }

    /// The number of users in the hour.
    pub(super) fn used(&self) -> usize {
        let open = self.open.iter().map(|open| open.users);
        open.chain(self.cut.values().copied())
            .fold(0, usize::saturating_add)
    }

    /// Reserves up to `wanted` cuts under `cap`. An existing reservation with this id is returned unchanged.
    pub(super) fn reserve(&mut self, id: &str, wanted: usize, cap: usize, now: Timestamp) -> Grant {
        let used = self.used();
        if let Some(open) = self.open.iter().find(|open| open.id == id) {
            return Grant {
                granted: open.users,
                used: used.saturating_sub(open.users),
            };
        }
        let granted = wanted.min(cap.saturating_sub(used));
        if granted > 0 {
            self.open(id, granted, plus(now, LONGEST_WORK));
        }
        Grant { granted, used }
    }

    /// Records that `cut` users of a reservation were cut by now, and the others will not be. An unknown reservation
    /// was settled before, or is too old to matter.
    pub(super) fn settle(&mut self, id: &str, cut: usize, now: Timestamp) {
        let before = self.open.len();
        self.open.retain(|open| open.id != id);
        if self.open.len() < before {
            self.add_cut(end_of_minute(plus(now, CLOCKS_DIFFER)), cut);
        }
    }

    /// Records cuts by now without a reservation. They have an id, so that recording them twice counts once.
    pub(super) fn record(&mut self, id: &str, cut: usize, now: Timestamp) {
        if cut > 0 && !self.open.iter().any(|open| open.id == id) {
            self.open(id, cut, plus(now, CLOCKS_DIFFER));
        }
    }

    fn open(&mut self, id: &str, users: usize, until: Timestamp) {
        self.open.push(Open {
            id: id.to_owned(),
            until,
            users,
        });
        while self.open.len() > MOST_OPEN {
            let oldest = self.open.remove(0);
            self.add_cut(end_of_minute(oldest.until), oldest.users);
        }
    }

    fn add_cut(&mut self, by: Timestamp, users: usize) {
        if users > 0 {
            let sum = self.cut.entry(by).or_default();
            *sum = sum.saturating_add(users);
        }
    }
}

/// The position of the error. Serde's own message would repeat some of the content.
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

fn plus(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

fn end_of_minute(time: Timestamp) -> Timestamp {
    let minutes = time.as_second().div_euclid(60).saturating_add(1);
    Timestamp::from_second(minutes.saturating_mul(60)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_reservation_that_is_never_settled_counts_as_cut_for_the_hour() {
        let mut book = Book::default();
        assert_eq!(book.reserve("a", 8, 10, at(0)).granted, 8);
        // Its last user may be cut after 300 s, and that cut counts for an hour.
        book.forget(at(3_899));
        assert_eq!(book.used(), 8);
        book.forget(at(3_900));
        assert_eq!(book.used(), 0);
    }

    #[test]
    fn what_was_reserved_in_vain_is_free_again() {
        let mut book = Book::default();
        book.reserve("a", 8, 10, at(0));
        let short = book.reserve("b", 8, 10, at(0));
        assert_eq!((short.granted, short.used), (2, 8));
        book.settle("a", 3, at(10));
        book.settle("b", 0, at(10));
        assert_eq!(book.used(), 3);
        assert_eq!(book.reserve("c", 8, 10, at(11)).granted, 7);
    }

    #[test]
    fn what_is_said_twice_counts_once() {
        let mut book = Book::default();
        let first = book.reserve("a", 4, 10, at(0));
        assert_eq!(book.reserve("a", 4, 10, at(1)), first);
        book.settle("a", 4, at(2));
        book.settle("a", 4, at(3));
        book.record("b", 2, at(3));
        book.record("b", 2, at(4));
        assert_eq!(book.used(), 6);
    }

    #[test]
    fn a_busy_hour_stays_small() {
        let mut book = Book::default();
        for second in 0..3_600 {
            for n in 0..3 {
                let id = format!("4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0-{second}-{n}");
                book.forget(at(second));
                book.reserve(&id, 5, usize::MAX, at(second));
                // Every third process dies.
                if n > 0 {
                    book.settle(&id, 4, at(second));
                }
            }
        }
        assert_eq!(book.used(), 3_600 * 13);
        let bytes = book.write();
        assert!(bytes.len() < LARGEST / 3, "{} bytes", bytes.len());
        assert_eq!(Book::read(&bytes), Ok(book));
    }

    #[test]
    fn a_blob_that_is_not_ours_is_told_by_what_is_wrong_with_it() {
        let mut ours = Book::default();
        ours.reserve("a", 1, 10, at(0));
        let ours = String::from_utf8(ours.write()).unwrap();
        insta::assert_snapshot!(ours, @r#"{"what":"evict-ledger","version":1,"open":[{"id":"a","until":"2023-11-14T22:18:20Z","users":1}],"cut":[]}"#);
        for (text, problem) in [
            (String::new(), "does not say what it is"),
            ("[]".to_owned(), "does not say what it is"),
            (ours.replace("evict-ledger", "x"), "something else"),
            (ours.replace(":1,\"open", ":2,\"open"), "version 2"),
            (ours.replace("users", "names"), "cannot be read: line 1"),
            (
                ours.replace("\"users\":1", "\"users\":-1"),
                "cannot be read",
            ),
            (ours[..ours.len() - 3].to_owned(), "does not say"),
            (" ".repeat(LARGEST + 1), "larger than"),
        ] {
            let said = Book::read(text.as_bytes()).unwrap_err();
            assert!(said.contains(problem), "{text}: {said}");
        }
    }

    #[test]
    fn an_entry_that_would_count_forever_is_seen() {
        let mut book = Book::default();
        book.reserve("a", 1, 10, at(0));
        assert!(!book.is_ahead_of(at(0)));
        assert!(book.is_ahead_of(at(-4_000)));
    }

    proptest! {
        /// For every sequence of reservations and settlements, and for all clock differences between writers, no
        /// rolling hour contains more cuts than the cap.
        #[test]
        fn no_rolling_hour_holds_more_cuts_than_the_cap(
            steps in prop::collection::vec((0_i64..900, 1_usize..9, 0_usize..9, 0_i64..25, 0_i64..290), 1..60),
            cap in 1_usize..30,
        ) {
            let mut book = Book::default();
            let mut cuts: Vec<(i64, usize)> = Vec::new();
            let mut time = 0;
            for (index, (pause, wanted, unused, behind, takes)) in steps.into_iter().enumerate() {
                time += pause;
                // The writer's clock is behind.
                book.forget(at(time - behind));
                let id = index.to_string();
                let granted = book.reserve(&id, wanted, cap, at(time - behind)).granted;
                let cut = granted.saturating_sub(unused);
                if unused == 8 {
                    // The process died after it had cut all users, as late as possible.
                    cuts.push((time + takes, granted));
                } else {
                    cuts.push((time + takes, cut));
                    book.settle(&id, cut, at(time + takes - behind));
                    time += takes;
                }
            }
            for (end, _) in &cuts {
                let within = cuts.iter().filter(|(at, _)| (end - 3_600..=*end).contains(at));
                let sum: usize = within.map(|(_, users)| users).sum();
                prop_assert!(sum <= cap, "{sum} within the hour before {end}: {cuts:?}");
            }
        }
    }
}
