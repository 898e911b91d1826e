//! Where the repository's files are, and the deployments that are kept beside the tests.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use template::judge::root;
use template::snapshot::{Snapshot, kept};

/// A path below the root of the repository.
pub(crate) fn path(below: &str) -> PathBuf {
    root().join(below)
}

/// A text file of the repository.
pub(crate) fn text(below: &str) -> String {
    fs::read_to_string(path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
}

/// A JSON file of the repository.
pub(crate) fn json(below: &str) -> Value {
    serde_json::from_str(&text(below)).unwrap()
}

/// All deployments that are kept.
pub(crate) fn deployments() -> Vec<Snapshot> {
    let kept = kept().unwrap();
    assert!(kept.len() >= 4, "{}", kept.len());
    kept
}

/// One of them.
pub(crate) fn deployment(name: &str) -> Snapshot {
    let found = deployments().into_iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("there is no snapshot {name}"))
}

/// The parameters of a compiled template by name, as the compiler wrote them.
pub(crate) fn parameters(template: &str) -> serde_json::Map<String, Value> {
    json(template)["parameters"].as_object().unwrap().clone()
}
