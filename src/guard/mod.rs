//! Decides who may be cut. Pure: a function of the policy, the alert, what the directory answered and what was cut this
//! hour; it asks nobody, reads no clock and no setting of its own. Nothing that an alert says can lift a guard, with one
//! exception that a person must write: a manual message's `expect` lifts the cap per alert for that message.
//!
//! The decision has three steps, and each hands the next one a value that only it can make:
//!
//! 1. [`plan()`] looks at the alert alone: the pinned tenant, the severity, what is no user, the cap per alert.
//! 2. [`examine()`] looks at the user that the directory named: protected, external, of another tenant. Who passes is
//!    [`Eligible`], which permits nothing yet.
//! 3. [`Eligible::clear`] takes a [`Slot`] of the hour's [`Allowance`] and gives the [`Clearance`] that every call which
//!    changes the tenant demands.
//!
//! A clearance cannot be made elsewhere:
//!
//! ```compile_fail,E0451
//! let user: evict::domain::UserId = "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap();
//! let forged = evict::guard::Clearance { user };
//! ```
//!
//! nor can the place in the hour that it costs:
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

/// A subject that the guard withheld: why, by which setting, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Why.
    pub reason: WithholdReason,
    /// The setting that decided.
    pub policy: &'static str,
    /// What that means and what to do next. Holds no name of a person.
    pub detail: String,
}
