//! Keeps what was cut this hour, so that no more users are cut than the cap per hour allows.
//!
//! - [`MemoryLedger`]: in memory. One process alone sees it, so the cap holds for one instance of the app.
//! - [`BlobLedger`]: in a blob of the app's storage account that all instances see, so the cap holds for the whole app.
//!
//! How the second one works: `book` is what stands in the blob, and decides; `writer` is the one task of a process that
//! reads and writes it, with `unsettled`, what has yet to be written, `service_clock`, the time that all instances have in
//! common, and `fallback`, what may be cut while the ledger cannot be asked, with `fallback_file`, in which a machine remembers it; `store` is what it needs of whoever keeps the
//! blob, `azure` is Azure Storage, and `problem` says what to do when that fails.

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
