//! The promise of a ledger: how many users have been cut this hour, for the whole app. Room `ledger` keeps it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

/// What one alert asks of the ledger, and the caps that hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// How many users may have to be cut.
    pub users: usize,
    /// The cap per rolling hour.
    pub per_hour: usize,
    /// The cap per alert. It bounds what is cut while the ledger cannot be asked, also where the alert was free of it.
    pub per_alert: usize,
}

/// How many cuts of those wanted the ledger admits. The rest would pass the cap per hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// How many users may be cut now.
    pub granted: usize,
    /// How many the ledger counted in the past hour before this.
    pub used: usize,
    /// The ledger's own mark for this reservation.
    pub reservation: u64,
    /// Why the ledger could not be asked, as a sentence or two; `None` if it was. Then `granted` is the little that this
    /// process may answer for alone, and whoever finds no place in it is to be tried again, not turned away.
    pub undecided: Option<String>,
}

impl Admission {
    /// No place, since nothing is known of the hour, for this reason.
    #[must_use]
    pub fn undecided(reason: String) -> Self {
        Self {
            granted: 0,
            used: 0,
            reservation: 0,
            undecided: Some(reason),
        }
    }
}

/// Where a ledger is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// In this process: the cap holds for one instance of the app.
    Memory,
    /// In a blob that all instances see: the cap holds for the whole app.
    Blob,
}

/// What a ledger says of itself in the self-check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LedgerState {
    /// Where it is kept.
    pub kept: Kept,
    /// The address of the blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How many users it counts in the past hour; absent if it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<usize>,
    /// What is wrong and what to do.
    #[serde(skip)]
    pub problem: Option<String>,
}

/// A future that a ledger returns.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What was cut in the past rolling hour. Reservation comes first, so that two alerts at once cannot both take the last
/// place; afterwards the ledger is told how many were cut, and what was reserved in vain is free again. A reservation
/// that is never settled, since the process died, counts as cut: erring means cutting less.
pub trait Ledger: Send + Sync + Debug {
    /// Reserves up to `wanted` cuts. It always answers in some seconds; a ledger that cannot be asked says so in the
    /// admission.
    fn admit(&self, wanted: Wanted) -> LedgerFuture<'_, Admission>;

    /// Says that `cut` users of an admission were cut, now. Nobody waits for that to be written: what becomes of it is
    /// the ledger's to see to, and to log.
    fn settle(&self, admission: &Admission, cut: usize);

    /// Asks the ledger as an admission would, and reserves nothing.
    fn check(&self) -> LedgerFuture<'_, LedgerState>;
}
