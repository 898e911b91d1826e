//! The storage interface of the ledger: read the blob, and write it if nobody else has. Azure Storage implements it,
//! and a script in tests.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::problem::LedgerProblem;

/// The result of a reading.
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

/// The precondition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// There is no blob.
    Nothing,
    /// The blob has this ETag.
    Etag(String),
}

/// The answer to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The ETag of the written blob.
    pub(super) etag: String,
    /// The time of day, by the storage service's clock.
    pub(super) date: Timestamp,
}

/// The storage of the blob. Each call tries once, and ends within seconds.
pub(super) trait Store: Send + Sync + fmt::Debug {
    /// Reads the blob.
    fn read(&self) -> BoxFuture<'_, Result<Reading, LedgerProblem>>;

    /// Writes the blob if `over` still holds; otherwise the answer is [`LedgerProblem::Changed`].
    fn write(&self, bytes: Vec<u8>, over: Over) -> BoxFuture<'_, Result<Written, LedgerProblem>>;
}
