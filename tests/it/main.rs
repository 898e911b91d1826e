//! The one integration target: one file for each behaviour.

mod alert_properties;
mod alert_refusals;
mod alert_rules;
mod alert_samples;
#[cfg(feature = "operator")]
mod explain;
