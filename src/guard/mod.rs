//! Decides which users may be cut. Pure: a function of the policy, the alert, the directory's answer and the cuts of
//! this hour; it does no I/O, and reads no clock and no setting. An alert cannot lift a guard, with one exception that
//! a person must write: a manual message's `expect` lifts the cap per alert for that message.
//!
//! The decision has three steps, and each hands the next one a value that only it can create:
//!
//! 1. [`plan()`] looks at the alert alone: the configured tenant, the severity, the kind of account, the cap per alert.
//! 2. [`examine()`] looks at the user that the directory named: protected, external, of another tenant. A user who
//!    passes is [`Eligible`], which permits nothing yet.
//! 3. [`Eligible::clear`] takes a [`Slot`] of the hour's [`Allowance`] and gives the [`Clearance`] that every call
//!    which changes the tenant demands.
//!
//! A clearance cannot be created elsewhere:
//!
//! ```compile_fail,E0451
//! let user: evict::domain::UserId = "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap();
//! let forged = evict::guard::Clearance { user };
//! ```
//!
//! and neither can the place in the hour that it costs:
//!
//! ```compile_fail,E0423
//! let forged = evict::guard::Slot(());
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

mod clearance;
mod examine;
mod plan;

pub use clearance::{Allowance, Clearance, Eligible, NoPlace, Slot};
pub use examine::{Examined, Membership, examine};
pub use plan::{Plan, Screened, plan};

use crate::domain::WithholdReason;

/// A withheld subject: why, by which setting, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Why.
    pub reason: WithholdReason,
    /// The setting that decided.
    pub policy: &'static str,
    /// What that means and what to do next. It names no person.
    pub detail: String,
}
