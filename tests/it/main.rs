//! The one integration target: one file for each behaviour.
#![cfg_attr(
    test,
    expect(
        clippy::panic,
        clippy::unwrap_used,
        reason = "clippy permits both in tests, but takes the functions beside them for production code"
    )
)]

#[cfg(feature = "operator")]
mod access;
mod alert_properties;
mod alert_refusals;
mod alert_round_trip;
mod alert_rules;
mod alert_samples;
mod alert_signs;
#[cfg(feature = "operator")]
mod alert_states;
mod answers;
mod app;
pub(crate) mod callers_http;
mod callers_tokens;
mod check;
#[cfg(feature = "operator")]
mod command;
mod config_settings;
mod dependencies;
mod directory;
mod documents;
mod entra_support;
mod entra_wire;
#[cfg(feature = "operator")]
mod evict_check;
#[cfg(feature = "operator")]
mod evict_letters;
#[cfg(feature = "operator")]
mod evict_letters_scale;
#[cfg(feature = "operator")]
mod evict_send;
#[cfg(feature = "operator")]
mod evict_wait;
#[cfg(feature = "operator")]
mod explain;
mod faults;
mod field_samples;
mod fuzzed;
mod golden;
mod guard_caps;
mod guard_properties;
mod guard_protection;
#[cfg(feature = "operator")]
mod help_examples;
mod host_invocation;
mod host_log;
mod host_process;
mod host_server;
#[cfg(feature = "operator")]
mod hostile_text;
mod house;
mod how_fast;
mod http_reply;
mod incident;
mod incident_comment;
mod incident_shown;
mod judged;
mod ledger;
mod lost_answers;
mod main_job;
#[cfg(feature = "operator")]
mod operator_shell;
mod package;
#[cfg(feature = "operator")]
mod profiles;
mod put_back;
mod queue_delivery;
mod queue_forged;
mod queue_unreadable;
#[cfg(feature = "operator")]
mod readme_session;
mod receipt_comment;
mod receipt_json;
mod receipt_messages;
mod receipt_world;
#[cfg(feature = "operator")]
mod revoke;
#[cfg(feature = "operator")]
mod revoke_guards;
mod samples_end_to_end;
#[cfg(feature = "operator")]
mod shell;
#[cfg(feature = "operator")]
mod status;
mod storm;
mod story;
#[cfg(feature = "operator")]
mod terminal;
mod truth;
mod urgent;
mod whose_word;
