//! What `infra/` would deploy, without a cloud. The Bicep compiler builds, lints, formats and predicts ([`bicep`], [`snapshot`]);
//! files that others expect in another form are made from those that people write ([`generated`]).

pub mod bicep;
pub mod generated;
pub mod judge;
pub mod snapshot;
