//! Counts the cuts of this hour, so that no more users are cut than the cap per hour allows.
//!
//! - [`MemoryLedger`]: in memory. One process alone sees it, so the cap holds for one instance of the app.
//! - [`BlobLedger`]: in a blob of the app's storage account that all instances see, so the cap holds for the whole app.
//!
//! The parts of the second one:
//!
//! - `book` is the blob's content, and decides.
//! - `writer` is the only task of a process that reads and writes it. It uses `unsettled` for pending writes,
//!   `service_clock` for the time that all instances share, and `fallback` for cuts while the ledger is unavailable,
//!   which `fallback_file` stores.
//! - `store` is the interface to the storage, `azure` implements it for Azure Storage, and `problem` says what to do
//!   when that fails.

#![deny(clippy::wildcard_enum_match_arm)]

mod azure;
mod blob;
mod book;
mod fallback;
mod fallback_file;
mod memory;
mod problem;
mod service_clock;
mod store;
#[cfg(test)]
mod tests;
mod unsettled;
mod writer;

pub use blob::BlobLedger;
pub use memory::MemoryLedger;
