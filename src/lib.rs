//! Evict cuts every Entra ID session of a flagged user and hands back a receipt that says what was proved.

pub mod config;
pub mod domain;
pub mod guard;
pub mod host;
pub mod ledger;
pub mod receipt;
pub mod telemetry;
