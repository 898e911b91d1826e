//! Evict cuts every Entra ID session of a flagged user and hands back a receipt that says what was proved.
//!
//! The map of the rooms. Nothing flows back up; `src/README.md` follows one alert through them.
//!
//! | room | what it is for | may name |
//! | --- | --- | --- |
//! | [`domain`] | plain values: subject, user, alert, outcome, receipt, clock; no I/O | |
//! | [`host`] | the Functions host's contract: what comes in, what goes out, the server | |
//! | [`alert`] | one file for each inbound shape, all read into one alert | `domain` |
//! | [`guard`] | decides; a pure function of policy, alert, user, usage and time | `domain` |
//! | [`entra`] | the Graph client under managed identity | `domain`, `guard::Clearance` |
//! | [`incident`] | what is written to the Sentinel incident that an alert belongs to | `domain`, `entra` |
//! | [`containment`] | runs the plan for every subject and loses no receipt | `domain`, `guard`, `entra` |
//! | [`callers`] | who may call over HTTP: checks Entra tokens | `domain` |
//! | [`ledger`] | what was cut this hour: in memory, or in a blob that all instances see | `domain` |
//! | [`receipt`] | one record, several renderings | `domain` |
//! | [`service`] | the composition | `host`, `callers`, `alert`, `incident`, `containment`, `ledger`, `receipt`, `domain` |
//! | [`config`] | the registry of settings | `domain` |
//! | [`telemetry`] | log lines, each at its level | `domain` |
//! | [`queue`] | the Service Bus client that the operator's command uses | `domain` |
//! | [`cli`] | the operator's command | all of these |
//!
//! What must never be, and what holds it: `tests/it/house.rs` reads the sources for who names whom; `clippy.toml` bans
//! single calls; privacy holds the guard's values, with tests that must not compile; Cargo keeps the sandbox out.

pub mod alert;
pub mod callers;
#[cfg(feature = "operator")]
pub mod cli;
pub mod config;
pub mod containment;
pub mod domain;
pub mod entra;
pub mod guard;
pub mod host;
pub mod incident;
pub mod ledger;
#[cfg(feature = "operator")]
pub mod queue;
pub mod receipt;
pub mod service;
pub mod telemetry;
