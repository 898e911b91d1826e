//! The one integration target: one file for each behaviour.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy permits both in tests, but takes the functions beside them for production code"
)]

mod alert_properties;
mod alert_refusals;
mod alert_rules;
mod alert_samples;
#[cfg(feature = "operator")]
mod explain;
