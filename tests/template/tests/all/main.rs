//! What Microsoft's own tools say of the files in `infra/`, and what they cannot tell: the files fit the code, the host's own files
//! and each other.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

mod alert_rules;
mod compiled;
mod deployed_hardening;
mod deployed_roles;
mod deployed_settings;
mod deployed_timing;
mod form;
mod generated;
mod graph_permissions;
mod guide;
mod kql_queries;
mod kql_vocabulary;
mod kusto;
mod support;
mod workbook;
mod workflow_language;
mod workflow_playbooks;
mod workflow_runs;
mod workflow_service;
mod workflow_world;
mod workflows;
