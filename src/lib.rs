//! Evict cuts every Entra ID session of a flagged user and hands back a receipt that says what was proved.

pub mod alert;
#[cfg(feature = "operator")]
pub mod cli;
pub mod config;
pub mod containment;
pub mod domain;
pub mod entra;
pub mod guard;
pub mod host;
pub mod ledger;
pub mod receipt;
pub mod service;
pub mod telemetry;
