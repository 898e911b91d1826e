//! The behaviour of the whole room, against a scripted Graph and a paused clock: what is asked, when, and how often. What
//! goes over the wire is tested in `tests/it/entra_wire.rs`.

mod finding;
mod grouping;
mod harness;
mod messages;
#[cfg(feature = "operator")]
mod reports;
mod revoking;
mod storming;
mod tokens;
mod verifying;
mod waiting;
