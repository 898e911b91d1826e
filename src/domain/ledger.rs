//! The promise of a ledger: how many users have been cut this hour, for the whole app. Room `ledger` keeps it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// How many cuts of those wanted the ledger admits. The rest would pass the cap per hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// How many users may be cut now.
    pub granted: usize,
    /// How many the ledger counted in the past hour before this.
    pub used: usize,
    /// The ledger's own mark for this reservation.
    pub reservation: u64,
}

/// The ledger could not be asked or written, so that nothing is known about the hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerError {
    /// What went wrong and what to do, as a sentence.
    pub message: String,
}

/// A future that a ledger returns.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What was cut in the past rolling hour. Reservation comes first, so that two alerts at once cannot both take the last
/// place; afterwards the ledger is told how many were cut, and what was reserved in vain is free again. A reservation
/// that is never settled, since the process died, counts as cut: erring means cutting less.
pub trait Ledger: Send + Sync + Debug {
    /// Reserves up to `wanted` cuts under `cap` per rolling hour.
    fn admit(&self, wanted: usize, cap: usize) -> LedgerFuture<'_, Result<Admission, LedgerError>>;

    /// Says that `cut` users of an admission were cut, now.
    fn settle(&self, admission: Admission, cut: usize)
    -> LedgerFuture<'_, Result<(), LedgerError>>;
}
