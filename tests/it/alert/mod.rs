//! Payloads, read into alerts.

pub(crate) mod field_samples;
#[cfg(feature = "operator")]
pub(crate) mod hostile_text;
pub(crate) mod properties;
pub(crate) mod refusals;
pub(crate) mod round_trip;
pub(crate) mod rules;
pub(crate) mod samples;
pub(crate) mod samples_end_to_end;
pub(crate) mod signs;
#[cfg(feature = "operator")]
pub(crate) mod states;
