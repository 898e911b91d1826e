//! What the checkers find, and what they say of the files in `infra/`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails the test that called it"
)]

mod workflow_language;
mod workflow_playbooks;
mod workflow_rules;
mod workflow_runs;
mod workflow_world;
