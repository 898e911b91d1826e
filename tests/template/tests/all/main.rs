//! What the checkers find, and what they say of the files in `infra/`: they fit Azure's types, the code and the host's own
//! files.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

mod alert_rules;
mod bicep_infra;
mod bicep_names;
mod bicep_parameters;
mod bicep_shapes;
mod bicep_syntax;
mod bicep_trim;
mod duration;
mod guide;
mod infra_example;
mod infra_graph_permissions;
mod infra_hardening;
mod infra_roles;
mod infra_settings;
mod infra_timing;
mod kql_checker;
mod kql_events;
mod kql_queries;
mod kql_vocabulary;
mod release;
mod schemas;
mod secrets;
mod support;
mod workbook;
mod workflow_language;
mod workflow_playbooks;
mod workflow_rules;
mod workflow_runs;
mod workflow_world;
