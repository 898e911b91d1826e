//! The interface of a ledger: how many users have been cut this hour, for the whole app. Room `ledger` implements it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

/// A request of one alert to the ledger, with the caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The most users that may have to be cut.
    pub users: usize,
    /// The cap per rolling hour.
    pub per_hour: usize,
    /// The cap per alert. It limits the cuts while the ledger is unavailable, even for an alert that is exempt from it.
    pub per_alert: usize,
}

/// The number of cuts that the ledger admits. The rest would exceed the cap per hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// How many users may be cut now.
    pub granted: usize,
    /// The number that the ledger counted in the past hour before this request.
    pub used: usize,
    /// The ledger's id for this reservation.
    pub reservation: u64,
    /// Why the ledger could not be asked, as a sentence or two; `None` if it could. Then `granted` is the little that
    /// this process may grant alone, and users beyond it have to be retried, not withheld.
    pub undecided: Option<String>,
}

impl Admission {
    /// An admission without places, because the state of the hour is unknown for this reason.
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

/// Where a ledger is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// In this process: the cap holds for one instance of the app.
    Memory,
    /// In a blob that all instances see: the cap holds for the whole app.
    Blob,
}

/// The ledger's state for the self-check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LedgerState {
    /// Where it is stored.
    pub kept: Kept,
    /// The address of the blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number of users in the past hour; absent if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<usize>,
    /// What is wrong and what to do.
    #[serde(skip)]
    pub problem: Option<String>,
}

/// A future that a ledger returns.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Counts the users cut in the past rolling hour. Reservations come first, so that two simultaneous alerts cannot both
/// take the last place. Afterwards the ledger receives the number of cuts, and unused reservations become free. A
/// reservation that is never settled, because the process died, counts as cut: an error means cutting less.
pub trait Ledger: Send + Sync + Debug {
    /// Reserves up to `wanted` cuts. It always answers within seconds; an unavailable ledger is reported in the
    /// admission.
    fn admit(&self, wanted: Wanted) -> LedgerFuture<'_, Admission>;

    /// Reports that `cut` users of an admission have just been cut. Nobody waits for the write: the ledger handles and
    /// logs its failure.
    fn settle(&self, admission: &Admission, cut: usize);

    /// Asks the ledger as an admission would, and reserves nothing.
    fn check(&self) -> LedgerFuture<'_, LedgerState>;
}
