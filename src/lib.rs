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
//! | [`http`] | the one outgoing HTTP client | |
//! | [`identity`] | who we are, and what a token is for | `domain`, `http` |
//! | [`graph`] | how one call is made, whatever it asks | `domain`, `http`, `identity` |
//! | [`directory`] | what is asked of Entra ID, and the one thing that is changed there | `domain`, `guard::Clearance`, `http`, `identity`, `graph` |
//! | [`incident`] | what is written to the Sentinel incident that an alert belongs to | `domain`, `http`, `identity`, `graph` |
//! | [`containment`] | runs the plan for every subject and loses no receipt | `domain`, `guard`, `graph`, `directory` |
//! | [`callers`] | who may call over HTTP: checks Entra tokens | `domain`, `http` |
//! | [`ledger`] | what was cut this hour: in memory, or in a blob that all instances see | `domain`, `http`, `identity` |
//! | [`receipt`] | one record, several renderings | `domain` |
//! | [`service`] | the composition | `host`, `callers`, `alert`, `incident`, `containment`, `ledger`, `receipt`, `domain` |
//! | [`config`] | the registry of settings | `domain` |
//! | [`telemetry`] | log lines, each at its level | `domain` |
//! | [`inquiry`] | what only an operator asks | `domain`, `http`, `identity`, `graph`, `directory` |
//! | [`service_bus`] | the Service Bus client that the operator's command uses | `domain`, `http` |
//! | [`cli`] | the operator's command | all of these |
//!
//! What must never be, and what holds it: `tests/it/house` reads the sources for who names whom; `clippy.toml` bans
//! single calls; privacy holds the guard's values, with tests that must not compile; Cargo keeps the sandbox out.

pub mod alert;
pub mod callers;
#[cfg(feature = "operator")]
pub mod cli;
pub mod config;
pub mod containment;
pub mod directory;
pub mod domain;
pub mod graph;
pub mod guard;
pub mod host;
pub mod http;
pub mod identity;
pub mod incident;
#[cfg(feature = "operator")]
pub mod inquiry;
pub mod ledger;
pub mod receipt;
pub mod service;
#[cfg(feature = "operator")]
pub mod service_bus;
pub mod telemetry;
