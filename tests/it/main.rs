//! The only integration target: one folder for each part of the source, one file for each behaviour.
#![cfg_attr(
    test,
    expect(
        clippy::panic,
        clippy::unwrap_used,
        reason = "clippy permits both in tests, but takes the functions beside them for production code"
    )
)]

mod alert;
mod directory;
mod documents;
mod faults;
mod fuzzed;
mod guard;
mod house;
mod judged;
mod process;
mod receipts;
mod storm;
mod story;
mod support;
mod triggers;
mod truth;
#[cfg(feature = "operator")]
mod verbs;
