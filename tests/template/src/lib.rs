//! What `infra/` would deploy, without a cloud: Microsoft's own tools are asked, and what they cannot tell is checked here.
//!
//! The Bicep compiler builds, lints and formats, and predicts what a deployment would make ([`bicep`], [`snapshot`]); the Kusto
//! language service judges queries ([`kql`]). Files that others expect in another form are made from the ones that are written by
//! hand ([`generated`]).

pub mod bicep;
pub mod duration;
pub mod events;
pub mod generated;
pub mod guide;
pub mod judge;
pub mod kql;
pub mod secrets;
pub mod shared;
pub mod snapshot;
pub mod workflow;
