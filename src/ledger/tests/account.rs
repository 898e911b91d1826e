//! A blob with ETags in memory, whose every call can be held and lost, and processes that keep a ledger in it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::blob::BlobLedger;
use super::super::book::Book;
use super::super::problem::LedgerProblem;
use super::super::store::{Blob, Over, Reading, Store, Written};
use super::super::writer::Writer;
use crate::domain::{Admission, Clock, Ledger as _, Wanted};
use crate::ledger::fallback_file::FallbackFile;

/// The fate of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is carried out and answered.
    Answered,
    /// It is carried out, and its answer is lost.
    AnswerLost,
    /// It never arrives.
    Lost,
}

/// A call that is held.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) who: usize,
    pub(super) is_write: bool,
    fate: oneshot::Sender<Fate>,
}

#[derive(Debug, Default)]
struct Inner {
    blob: Option<(u64, Vec<u8>)>,
    last_etag: u64,
    holds: bool,
    held: Vec<Held>,
    problem: Option<LedgerProblem>,
    reads: usize,
    writes: usize,
}

/// The storage account. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Account(Arc<Mutex<Inner>>);

impl Account {
    /// Holds every call from now on, until [`Held::let_go`].
    pub(super) fn hold(&self) {
        self.0.lock().unwrap().holds = true;
    }

    /// The held calls, those of the first process first.
    pub(super) fn held(&self) -> Vec<Held> {
        let mut held = std::mem::take(&mut self.0.lock().unwrap().held);
        held.retain(|call| !call.fate.is_closed());
        held.sort_by_key(|call| call.who);
        held
    }

    pub(super) fn hold_again(&self, held: Vec<Held>) {
        self.0.lock().unwrap().held.extend(held);
    }

    /// Makes every call fail like this, until it is `None`.
    pub(super) fn fail(&self, problem: Option<LedgerProblem>) {
        self.0.lock().unwrap().problem = problem;
    }

    pub(super) fn put(&self, bytes: &[u8]) {
        let mut inner = self.0.lock().unwrap();
        inner.last_etag += 1;
        inner.blob = Some((inner.last_etag, bytes.to_vec()));
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let inner = self.0.lock().unwrap();
        inner.blob.as_ref().map(|(_, bytes)| bytes.clone())
    }

    /// The number of users that the blob counts.
    pub(super) fn used(&self) -> usize {
        self.bytes()
            .map_or(0, |bytes| Book::read(&bytes).unwrap().used())
    }

    /// The number of reads and writes since the last query.
    pub(super) fn calls(&self) -> (usize, usize) {
        let mut inner = self.0.lock().unwrap();
        (
            std::mem::take(&mut inner.reads),
            std::mem::take(&mut inner.writes),
        )
    }
}

impl Held {
    pub(super) fn let_go(self, fate: Fate) {
        // The caller may have died.
        let _ = self.fate.send(fate);
    }
}

/// The machine's clock, which follows the runtime's paused one.
#[derive(Debug)]
pub(super) struct RuntimeClock(tokio::time::Instant);

/// The service's clock is twelve minutes ahead of the machine's.
const AHEAD: i64 = 720;
const BEGIN: i64 = 1_700_000_000;

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let seconds = i64::try_from(self.elapsed().as_secs()).unwrap();
        Timestamp::from_second(BEGIN + seconds).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The connection of one process to the account.
#[derive(Debug)]
struct Way {
    account: Account,
    who: usize,
    begun: tokio::time::Instant,
}

impl Way {
    fn date(&self) -> Timestamp {
        let seconds = i64::try_from(self.begun.elapsed().as_secs()).unwrap();
        Timestamp::from_second(BEGIN + AHEAD + seconds).unwrap()
    }

    async fn fate(&self, is_write: bool) -> Result<Fate, LedgerProblem> {
        // A round trip.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let fate = {
            let mut inner = self.account.0.lock().unwrap();
            if is_write {
                inner.writes += 1;
            } else {
                inner.reads += 1;
            }
            if let Some(problem) = &inner.problem {
                return Err(problem.clone());
            }
            if !inner.holds {
                return Ok(Fate::Answered);
            }
            let (fate, told) = oneshot::channel();
            inner.held.push(Held {
                who: self.who,
                is_write,
                fate,
            });
            told
        };
        Ok(fate.await.unwrap_or(Fate::Lost))
    }
}

fn lost() -> LedgerProblem {
    LedgerProblem::NoAnswer("the connection broke".to_owned())
}

impl Store for Way {
    fn read(&self) -> BoxFuture<'_, Result<Reading, LedgerProblem>> {
        Box::pin(async {
            if self.fate(false).await? != Fate::Answered {
                return Err(lost());
            }
            let inner = self.account.0.lock().unwrap();
            let blob = inner.blob.as_ref().map(|(etag, bytes)| Blob {
                etag: etag.to_string(),
                bytes: bytes.clone(),
            });
            Ok(Reading {
                blob,
                date: self.date(),
            })
        })
    }

    fn write(&self, bytes: Vec<u8>, over: Over) -> BoxFuture<'_, Result<Written, LedgerProblem>> {
        Box::pin(async move {
            let fate = self.fate(true).await?;
            if fate == Fate::Lost {
                return Err(lost());
            }
            let mut inner = self.account.0.lock().unwrap();
            let stands = match (&over, &inner.blob) {
                (Over::Nothing, None) => true,
                (Over::Etag(etag), Some((mark, _))) => *etag == mark.to_string(),
                (Over::Nothing, Some(_)) | (Over::Etag(_), None) => false,
            };
            let answer = if stands {
                inner.last_etag += 1;
                inner.blob = Some((inner.last_etag, bytes));
                Ok(Written {
                    etag: inner.last_etag.to_string(),
                    date: self.date(),
                })
            } else {
                Err(LedgerProblem::Changed)
            };
            if fate == Fate::AnswerLost {
                return Err(lost());
            }
            answer
        })
    }
}

/// A process with a ledger in the account.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) ledger: Arc<BlobLedger>,
    writer: JoinHandle<()>,
    /// The folder of the machine.
    machine: Option<tempfile::TempDir>,
}

impl Process {
    /// Starts it on a machine of its own.
    pub(super) fn start(account: &Account, who: usize) -> Self {
        let machine = tempfile::tempdir().unwrap();
        let mut process = Self::start_on(machine.path(), account, who);
        process.machine = Some(machine);
        process
    }

    /// Starts it on a machine that may have run another process before.
    pub(super) fn start_on(machine: &Path, account: &Account, who: usize) -> Self {
        let begun = tokio::time::Instant::now();
        let (ledger, messages) = BlobLedger::with_inbox("https://account/ledger");
        let way = Way {
            account: account.clone(),
            who,
            begun,
        };
        let clock = Arc::new(RuntimeClock(begun));
        let writer = Writer::new(
            "https://account/ledger".to_owned(),
            Box::new(way),
            clock,
            messages,
            FallbackFile::in_folder(machine, "https://account/ledger"),
        );
        Self {
            ledger: Arc::new(ledger),
            writer: tokio::spawn(writer.run()),
            machine: None,
        }
    }

    /// Dies at once.
    pub(super) fn kill(&self) {
        self.writer.abort();
    }

    pub(super) async fn admit(&self, wanted: Wanted) -> Admission {
        self.ledger.admit(wanted).await
    }
}

/// Runs the machine until nothing is left to do at once. Waits between attempts are over too.
pub(super) async fn quiet() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}
