//! How one call is made, whatever it asks: of Microsoft Graph, or of Azure Resource Manager by a second client of the same code.
//!
//! From the inside out: `path` and `transport` are what goes on the wire; `throttling` holds calls back while a service limits
//! them, and says who goes first; `retry` says what is tried again, `journal` what was sent, `clock` what time it is at the
//! service; `client` puts these in order, and `error` says what to do when that fails. What is asked, and what an answer says of
//! users, is decided elsewhere.

#![deny(clippy::wildcard_enum_match_arm)]

pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod error;
pub(crate) mod journal;
mod notes;
pub(crate) mod operation;
pub(crate) mod path;
pub(crate) mod permissions;
pub(crate) mod refusal;
mod reply;
mod retry;
mod tally;
pub(crate) mod throttling;
pub(crate) mod transport;

pub(crate) use client::{Client, Question, Surface};
pub(crate) use error::Cause;
pub(crate) use journal::{Journal, Sent};
pub(crate) use operation::CallKind;
pub(crate) use refusal::Refusal;
pub(crate) use reply::Reply;

pub use clock::Moment;
pub use error::{CallError, Disposition, Lacking, Who};
pub use operation::{Api, Inquiry, Management, Operation};
pub use permissions::{MEMBER_READ_HIDDEN, Permission, REQUIRED_PERMISSIONS, missing_permissions};
pub use tally::Tally;
pub use throttling::{Turn, Turns};
