//! What the ledger needs of whoever keeps its blob: to read it, and to write it if nobody else has. The network is one
//! such keeper, a script in a test another.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::problem::LedgerProblem;

/// What a reading found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The blob; `None` if there is none.
    pub(super) blob: Option<Blob>,
    /// The time of day, by the storage service's clock.
    pub(super) date: Timestamp,
}

/// A blob as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) etag: String,
    pub(super) bytes: Vec<u8>,
}

/// The state of the blob that a write stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// There is no blob.
    Nothing,
    /// The blob has this mark.
    Etag(String),
}

/// What a write answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The mark of what was written.
    pub(super) etag: String,
    /// The time of day, by the storage service's clock.
    pub(super) date: Timestamp,
}

/// Whoever keeps the blob. Each call asks once, and ends within some seconds.
pub(super) trait Store: Send + Sync + fmt::Debug {
    /// Reads the blob.
    fn read(&self) -> BoxFuture<'_, Result<Reading, LedgerProblem>>;

    /// Writes the blob if it still is as `over` says; otherwise the answer is [`LedgerProblem::Changed`].
    fn write(&self, bytes: Vec<u8>, over: Over) -> BoxFuture<'_, Result<Written, LedgerProblem>>;
}
