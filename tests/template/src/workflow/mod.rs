//! Workflow definitions of Logic Apps, run without a cloud: [`run`](run::run) goes through a definition as the service does, with
//! the answers to its calls given by a test. It knows the part of the language that the playbooks of `infra/sentinel` use;
//! anything else is reported, never passed over.

pub mod evaluate;
pub mod expression;
mod functions;
pub mod run;
