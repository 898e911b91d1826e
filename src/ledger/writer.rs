//! The only task of a process that reads and writes the ledger. A round writes everything that waits when it begins, so
//! any number of simultaneous alerts cost one round trip together.
//!
//! The blob and its ETag are kept in memory, so that a round is one conditional write. If another instance wrote
//! meanwhile, the round reads and writes again, after a short random wait. A write whose answer is lost may have been
//! carried out. Reading shows it, because every change has its reservation's id.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::book::{Book, Grant};
use super::fallback::{Asked, Fallback};
use super::fallback_file::FallbackFile;
use super::problem::LedgerProblem;
use super::service_clock::ServiceClock;
use super::store::{Over, Store};
use super::unsettled::{Debt, Owed};
use crate::domain::{Admission, Clock, Wanted};

/// The waits between attempts, each randomly up to twice as long, so that colliding instances do not collide again.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(10))
    .with_max_delay(LONGEST_BACKOFF)
    .without_max_times()
    .with_jitter();

const LONGEST_BACKOFF: Duration = Duration::from_millis(300);

/// The time limit of a round. Alerts wait for it.
const ROUND: Duration = Duration::from_secs(6);

/// The time limit of a round after a failed one: during an outage alerts must not wait for each round.
const ROUND_WHILE_DOWN: Duration = Duration::from_millis(500);

/// The first wait between rounds that only write pending records during an outage; it doubles each time.
const OWED_AGAIN: Duration = Duration::from_secs(1);

const LONGEST_OWED_AGAIN: Duration = Duration::from_mins(1);

/// A request to the task.
#[derive(Debug)]
pub(super) enum Message {
    /// Reserve.
    Admit {
        reservation: u64,
        wanted: Wanted,
        reply: oneshot::Sender<Admission>,
    },
    /// Record how many of a reservation were cut.
    Settle { reservation: u64, cut: usize },
    /// Report whether the ledger can be written, and how many users it counts.
    Check {
        reply: oneshot::Sender<Result<usize, String>>,
    },
}

/// A waiting alert.
struct Ask {
    reservation: u64,
    id: String,
    wanted: Wanted,
    reply: oneshot::Sender<Admission>,
}

#[derive(Debug)]
pub(super) struct Writer {
    url: String,
    /// The prefix that distinguishes this process's reservations from those of others.
    name: String,
    store: Box<dyn Store>,
    clock: ServiceClock,
    inbox: mpsc::UnboundedReceiver<Message>,
    /// The content that was last read or written.
    book: Book,
    /// The precondition of the next write; `None` if the blob has to be read.
    over: Option<Over>,
    owed: Owed,
    alone: Fallback,
    machine: Arc<dyn Clock>,
    /// Whether the ledger was ever read or written.
    was_seen: bool,
    /// How long pending records wait for the next round if nobody asks.
    owed_again: Duration,
    /// Whether the last round failed.
    is_down: bool,
}

impl Writer {
    pub(super) fn new(
        url: String,
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: mpsc::UnboundedReceiver<Message>,
        file: FallbackFile,
    ) -> Self {
        let alone = Fallback::open(file, &*clock);
        let mut owed = Owed::default();
        for (id, cut) in alone.earlier() {
            // The dead process may not have reported it. A record that is already in the ledger under its id counts
            // once.
            owed.add(id.to_owned(), Debt::Record(cut), clock.elapsed());
        }
        Self {
            url,
            name: azure_core::Uuid::new_v4().to_string(),
            store,
            clock: ServiceClock::new(Arc::clone(&clock)),
            machine: clock,
            was_seen: false,
            inbox,
            book: Book::default(),
            over: None,
            owed,
            alone,
            owed_again: OWED_AGAIN,
            is_down: false,
        }
    }

    /// Works until the ledger's handle is dropped.
    pub(super) async fn run(mut self) {
        // Reads early, so that the first alert need not.
        let looked = self.read().await;
        self.note(looked.err().as_ref());
        while !self.round().await {}
    }

    /// Waits for requests, and handles all that are there. Returns true when there will be no more.
    async fn round(&mut self) -> bool {
        let first = if self.owed.is_empty() {
            self.inbox.recv().await
        } else if self.is_down {
            let asked = tokio::time::timeout(self.owed_again, self.inbox.recv()).await;
            if asked.is_err() {
                self.owed_again = self.owed_again.saturating_mul(2).min(LONGEST_OWED_AGAIN);
            }
            asked.unwrap_or(None)
        } else {
            None
        };
        let (mut asks, mut checks) = (Vec::new(), Vec::new());
        let mut next = first;
        let mut is_over = false;
        loop {
            match next {
                Some(Message::Admit {
                    reservation,
                    wanted,
                    reply,
                }) => asks.push(Ask {
                    reservation,
                    id: format!("{}-{reservation}", self.name),
                    wanted,
                    reply,
                }),
                Some(Message::Settle { reservation, cut }) => self.owe(reservation, cut),
                Some(Message::Check { reply }) => checks.push(reply),
                None => {}
            }
            match self.inbox.try_recv() {
                Ok(message) => next = Some(message),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    is_over = true;
                    break;
                }
            }
        }
        if asks.is_empty() && checks.is_empty() && self.owed.is_empty() {
            return is_over;
        }
        let committed = self.commit(&asks, !checks.is_empty()).await;
        self.note(committed.as_ref().err());
        match committed {
            Ok(grants) => {
                self.owed_again = OWED_AGAIN;
                for reply in checks {
                    // The caller may be gone.
                    let _ = reply.send(Ok(self.book.used()));
                }
                for (ask, grant) in asks.into_iter().zip(grants) {
                    self.answer(ask, grant);
                }
            }
            Err(problem) => {
                let sentence = problem.sentence(&self.url);
                for reply in checks {
                    let _ = reply.send(Err(sentence.clone()));
                }
                for ask in asks {
                    self.answer_alone(ask, &problem);
                }
            }
        }
        is_over
    }

    /// Logs when the ledger fails and when it is available again.
    fn note(&mut self, problem: Option<&LedgerProblem>) {
        match (self.is_down, problem) {
            (false, Some(problem)) => {
                tracing::error!(problem = problem.sentence(&self.url), "ledger.down");
            }
            (true, None) => tracing::info!(used = self.book.used(), "ledger.up"),
            (false, None) | (true, Some(_)) => {}
        }
        self.is_down = problem.is_some();
    }

    fn owe(&mut self, reservation: u64, cut: usize) {
        let id = format!("{}-{reservation}", self.name);
        let now = self.clock.elapsed();
        // The grant has a new id: the reservation itself may have reached the ledger after all, and is cancelled.
        let alone = alone(&id);
        if self.alone.settle(&alone, cut, &*self.machine) {
            self.owed.add(alone, Debt::Record(cut), now);
        } else {
            self.owed.add(id, Debt::Settle(cut), now);
        }
    }

    fn answer(&mut self, ask: Ask, grant: Grant) {
        let admission = Admission {
            granted: grant.granted,
            used: grant.used,
            reservation: ask.reservation,
            undecided: None,
        };
        // An alert that did not wait makes no cuts under it.
        if ask.reply.send(admission).is_err() && grant.granted > 0 {
            self.owe(ask.reservation, 0);
        }
    }

    fn answer_alone(&mut self, ask: Ask, problem: &LedgerProblem) {
        let sentence = problem.sentence(&self.url);
        if *problem == LedgerProblem::Changed {
            // The ledger is available but busy: others are cutting now, so no cut may bypass it.
            let now = self.clock.elapsed();
            self.owed.add(ask.id, Debt::Settle(0), now);
            // An alert that did not wait makes no cuts.
            let _ = ask.reply.send(Admission::undecided(sentence));
            return;
        }
        let now = self.clock.elapsed();
        // A write whose answer was lost may have reserved; that reservation is not used.
        let id = alone(&ask.id);
        self.owed.add(ask.id, Debt::Settle(0), now);
        let mut book = self.book.clone();
        if let Some(time) = self.clock.now() {
            book.forget(time);
        }
        let known = book.used();
        let asked = Asked {
            id: &id,
            wanted: ask.wanted,
            known: self.was_seen.then_some(known),
        };
        let granted = self.alone.grant(&asked, &*self.machine);
        let admission = Admission {
            granted,
            used: known,
            reservation: ask.reservation,
            undecided: Some(format!(
                "{sentence} Until then each instance of the app cuts at most {} users within an hour, and puts off the \
                 others.",
                ask.wanted.per_alert
            )),
        };
        if ask.reply.send(admission).is_err() {
            self.alone.settle(&id, 0, &*self.machine);
        }
    }

    /// Reserves for all waiting alerts and writes pending records, in one write.
    async fn commit(
        &mut self,
        asks: &[Ask],
        must_write: bool,
    ) -> Result<Vec<Grant>, LedgerProblem> {
        let begun = self.clock.elapsed();
        let mut waits = BACKOFF.build();
        loop {
            let problem = match self.attempt(asks, must_write).await {
                Ok(grants) => {
                    self.owed.clear();
                    return Ok(grants);
                }
                Err(problem) => problem,
            };
            let wait = waits
                .next()
                .unwrap_or(LONGEST_BACKOFF)
                .max(problem.retry_after());
            let passed = self.clock.elapsed().saturating_sub(begun);
            // The answer that others wrote first proves that the ledger is reachable.
            let time = if self.is_down && problem != LedgerProblem::Changed {
                ROUND_WHILE_DOWN
            } else {
                ROUND
            };
            if !problem.may_pass() || passed.saturating_add(wait) > time {
                return Err(problem);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &mut self,
        asks: &[Ask],
        must_write: bool,
    ) -> Result<Vec<Grant>, LedgerProblem> {
        let mut is_fresh = false;
        loop {
            let (Some(over), Some(now)) = (self.over.clone(), self.clock.now()) else {
                self.read().await?;
                is_fresh = true;
                continue;
            };
            let mut book = self.book.clone();
            book.forget(now);
            let before = book.clone();
            self.owed.write_into(&mut book, now);
            let grants: Vec<Grant> = asks
                .iter()
                .map(|ask| book.reserve(&ask.id, ask.wanted.users, ask.wanted.per_hour, now))
                .collect();
            if book != before || must_write {
                self.write(book, over).await?;
                return Ok(grants);
            }
            if is_fresh {
                return Ok(grants);
            }
            // With nothing to write, nothing shows whether the content in memory is current, and nobody may be withheld
            // because of it.
            self.over = None;
        }
    }

    async fn read(&mut self) -> Result<(), LedgerProblem> {
        let reading = self.store.read().await?;
        let (book, over) = match reading.blob {
            None => (Book::default(), Over::Nothing),
            Some(blob) => {
                let book = Book::read(&blob.bytes).map_err(LedgerProblem::NotOurs)?;
                if book.is_ahead_of(reading.date) {
                    return Err(ahead(reading.date));
                }
                (book, Over::Etag(blob.etag))
            }
        };
        self.clock.learn(reading.date);
        self.was_seen = true;
        self.book = book;
        self.over = Some(over);
        Ok(())
    }

    async fn write(&mut self, book: Book, over: Over) -> Result<(), LedgerProblem> {
        // Whatever the answer, the ETag is used up.
        self.over = None;
        let written = self.store.write(book.write(), over).await?;
        self.clock.learn(written.date);
        self.was_seen = true;
        self.book = book;
        self.over = Some(Over::Etag(written.etag));
        Ok(())
    }
}

/// The id of a grant without the ledger for an alert with this id.
fn alone(id: &str) -> String {
    format!("{id}-alone")
}

fn ahead(date: Timestamp) -> LedgerProblem {
    LedgerProblem::NotOurs(format!(
        "it holds entries of more than an hour after {date}, the storage service's own time"
    ))
}
