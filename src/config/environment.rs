//! The environment of the process, or one that a test writes.

use std::collections::BTreeMap;
use std::fmt;

use super::registry::REGISTRY;

/// What the Functions host passes to the process that it starts ("Azure Functions custom handlers";
/// Azure/azure-functions-host, `HttpWorkerProcess.cs`).
const OF_THE_HOST: [&str; 2] = [WORKER_ID, APP_ROOT];

pub(super) const WORKER_ID: &str = "FUNCTIONS_CUSTOMHANDLER_WORKER_ID";

pub(super) const APP_ROOT: &str = "FUNCTIONS_APP_ROOT_PATH";

/// The prefix of our own variables.
pub(super) const PREFIX: &str = "EVICT_";

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    NotUnicode,
}

/// The environment variables of this program. All others are dropped at once, so that no neighbour leaks. `Debug` shows
/// names only.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    pub(super) variables: BTreeMap<String, Content>,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the room that reads the environment"
    )]
    pub fn of_process() -> Self {
        Self::keep(std::env::vars_os().map(|(name, value)| {
            let content = value
                .into_string()
                .map_or(Content::NotUnicode, Content::Text);
            (name.to_string_lossy().into_owned(), content)
        }))
    }

    /// An environment of these names and values. Of two equal names the later one wins.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self::keep(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), Content::Text(value.into()))),
        )
    }

    /// The environment with this value in a variable.
    pub(super) fn with(mut self, name: &str, value: String) -> Self {
        self.variables.insert(name.to_owned(), Content::Text(value));
        self
    }

    fn keep(variables: impl Iterator<Item = (String, Content)>) -> Self {
        Self {
            variables: variables
                .filter(|(name, _)| is_registered(name) || is_of_the_host(name) || has_prefix(name))
                .collect(),
        }
    }

    /// The environment with this value in a variable of the registry that is unset or blank.
    #[must_use]
    pub fn with_default(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) if self.text(name).is_none() => self.with(name, value),
            Some(_) | None => self,
        }
    }

    /// The environment without a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// The text of a variable, unless it is blank.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.variables.get(name)? {
            Content::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Content::NotUnicode => None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Content> {
        self.variables.get(name)
    }

    /// The names with our prefix that are not in the registry, in order.
    pub(super) fn unknown_names(&self) -> impl Iterator<Item = &str> {
        self.variables
            .keys()
            .map(String::as_str)
            .filter(|name| !is_registered(name) && !is_of_the_host(name))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

fn is_registered(name: &str) -> bool {
    REGISTRY.iter().any(|setting| setting.name == name)
}

fn is_of_the_host(name: &str) -> bool {
    OF_THE_HOST.contains(&name)
}

/// Compares without regard to case, so that `evict_mode` is reported and not ignored. `EvictServiceBus__…`, the queue's
/// connection, belongs to the host and has another prefix.
fn has_prefix(name: &str) -> bool {
    name.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_a_problem_and_not_an_absent_value() {
        let environment = Environment {
            variables: BTreeMap::from([("EVICT_PROTECTED_USERS".to_owned(), Content::NotUnicode)]),
        };
        let problems = Settings::read(&environment).unwrap_err().to_string();
        assert!(problems.contains("EVICT_PROTECTED_USERS: it is not Unicode text; expected"));
    }

    #[test]
    fn what_is_not_ours_is_not_kept() {
        let environment = Environment::from_pairs([
            ("AZURE_CLIENT_SECRET", "s3cret"),
            ("EvictServiceBus__fullyQualifiedNamespace", "x"),
            ("EVICT_MODE", "observe"),
            ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
        ]);
        assert_eq!(
            format!("{environment:?}"),
            r#"{"EVICT_MODE", "FUNCTIONS_CUSTOMHANDLER_PORT"}"#
        );
    }
}
