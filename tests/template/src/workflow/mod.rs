//! Workflow definitions of Logic Apps, read without a cloud: what is wrong in one, and what it would do.
//!
//! [`check`] finds the mistakes that a deployment would refuse or that a run would stumble over. [`run`](run::run) goes
//! through a definition as the service does, with the answers to its calls given by a test. Both know the part of the
//! language that the playbooks of `infra/sentinel` use; anything else is reported, never passed over.

pub mod evaluate;
pub mod expression;
mod flow;
mod functions;
mod http;
mod parameters;
pub mod run;
mod sentinel;
mod text;

use std::fmt;

use serde_json::Value;

/// One mistake: in which file, at which JSON path, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named to [`check`].
    pub file: String,
    /// The JSON path, such as `actions.Ask_Evict.runAfter.Wait`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.file, self.path, self.message)
    }
}

/// Collects what the rules find.
#[derive(Debug, Default)]
struct Findings {
    found: Vec<(String, String)>,
}

impl Findings {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.found.push((path.into(), message.into()));
    }
}

/// Everything that is wrong in the workflow definition `text` of the file `file`.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    match serde_json::from_str::<Value>(text) {
        Err(error) => findings.add("(the whole file)", format!("is not JSON: {error}")),
        Ok(definition) => {
            let read = text::read(&definition, &mut findings);
            parameters::check(&definition, &read, &mut findings);
            flow::check(&definition, &read, &mut findings);
            http::check(&definition, &mut findings);
            sentinel::check(&definition, &mut findings);
        }
    }
    findings
        .found
        .into_iter()
        .map(|(path, message)| Finding {
            file: file.to_owned(),
            path,
            message,
        })
        .collect()
}
