//! The ledger that all instances of the app share: a handle on the only task of this process that writes it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::azure::AzureStore;
use super::fallback_file::FallbackFile;
use super::problem::LedgerProblem;
use super::store::{Over, Reading, Store, Written};
use super::writer::{Message, Writer};
use crate::domain::ledger::LedgerFuture;
use crate::domain::{Admission, Clock, Kept, Ledger, LedgerEndpoint, LedgerState, Wanted};
use crate::http::HttpClient;
use crate::identity::ManagedIdentity;

/// Counts the cuts of the past hour for the whole app.
#[derive(Debug)]
pub struct BlobLedger {
    url: String,
    inbox: mpsc::UnboundedSender<Message>,
    last_reservation: AtomicU64,
}

impl BlobLedger {
    /// Opens the ledger at this address, under the managed identity. The folder stores what is granted while the ledger
    /// is unavailable. It returns at once; a task on the current runtime gets the token and reads the blob in the
    /// background. The task ends with the ledger.
    #[must_use]
    pub fn open(
        endpoint: &LedgerEndpoint,
        http: HttpClient,
        identity: ManagedIdentity,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let url = endpoint.url();
        let (ledger, messages) = Self::with_inbox(url);
        let store: Box<dyn Store> = match AzureStore::new(endpoint, http, identity) {
            Ok(store) => Box::new(store),
            Err(problem) => Box::new(NoStore(problem)),
        };
        let file = FallbackFile::in_folder(folder, url);
        tokio::spawn(Writer::new(url.to_owned(), store, clock, messages, file).run());
        ledger
    }

    pub(super) fn with_inbox(url: &str) -> (Self, mpsc::UnboundedReceiver<Message>) {
        let (inbox, messages) = mpsc::unbounded_channel();
        let ledger = Self {
            url: url.to_owned(),
            inbox,
            last_reservation: AtomicU64::new(0),
        };
        (ledger, messages)
    }

    /// Asks the task; `None` if it has ended, which happens only with the runtime.
    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(message(reply)).ok()?;
        answer.await.ok()
    }
}

/// The reason after the task has ended.
const ENDED: &str = "The process is ending, and the ledger with it.";

impl Ledger for BlobLedger {
    fn admit(&self, wanted: Wanted) -> LedgerFuture<'_, Admission> {
        let reservation = self.last_reservation.fetch_add(1, Ordering::Relaxed) + 1;
        Box::pin(async move {
            self.ask(|reply| Message::Admit {
                reservation,
                wanted,
                reply,
            })
            .await
            .unwrap_or_else(|| Admission::undecided(ENDED.to_owned()))
        })
    }

    fn settle(&self, admission: &Admission, cut: usize) {
        if admission.granted == 0 {
            return;
        }
        let message = Message::Settle {
            reservation: admission.reservation,
            cut,
        };
        if self.inbox.send(message).is_err() {
            tracing::warn!(cut, problem = ENDED, "ledger.settle.lost");
        }
    }

    fn check(&self) -> LedgerFuture<'_, LedgerState> {
        Box::pin(async move {
            let answer = self.ask(|reply| Message::Check { reply }).await;
            let (used, problem) = match answer {
                Some(Ok(used)) => (Some(used), None),
                Some(Err(problem)) => (None, Some(problem)),
                None => (None, Some(ENDED.to_owned())),
            };
            LedgerState {
                kept: Kept::Blob,
                url: Some(self.url.clone()),
                used,
                problem,
            }
        })
    }
}

/// Replaces a client that could not be created: every call fails for that reason.
#[derive(Debug)]
struct NoStore(LedgerProblem);

impl Store for NoStore {
    fn read(&self) -> BoxFuture<'_, Result<Reading, LedgerProblem>> {
        Box::pin(async { Err(self.0.clone()) })
    }

    fn write(&self, _bytes: Vec<u8>, _over: Over) -> BoxFuture<'_, Result<Written, LedgerProblem>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}
