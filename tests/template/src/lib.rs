//! Checks of what `infra/` deploys, made without a cloud: each finds mistakes in a text and says where they stand.

pub mod bicep;
pub mod duration;
pub mod kql;
pub mod secrets;
pub mod workflow;
