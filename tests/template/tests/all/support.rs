//! The repository's files, the deployments that are kept beside the tests, and spans of time.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use regex::Regex;
use serde_json::{Map, Value};
use template::generated;
use template::judge::root;
use template::snapshot::{Resource, Snapshot, kept};

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

/// A text of a JSON file.
pub(crate) fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A list of a JSON file.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// What the one group of a pattern finds in a text.
pub(crate) fn found(pattern: &str, text: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    let found = pattern.captures_iter(text);
    found.map(|it| it[1].to_owned()).collect()
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

/// The function app of a deployment.
pub(crate) fn app(deployment: &Snapshot) -> &Resource {
    deployment.of("Microsoft.Web/sites").next().unwrap()
}

/// The app settings of a function app.
pub(crate) fn settings(app: &Resource) -> impl Iterator<Item = (&str, &str)> {
    let settings = app
        .at("/properties/siteConfig/appSettings")
        .as_array()
        .unwrap();
    let text = Value::as_str;
    settings
        .iter()
        .map(move |it| (text(&it["name"]).unwrap(), text(&it["value"]).unwrap()))
}

/// The bindings of all functions.
pub(crate) fn bindings() -> Vec<Value> {
    let functions = ["RevokeFromQueue", "RevokeFromAlert", "Check"];
    let read = |name: &str| json(&format!("function/{name}/function.json"))["bindings"].take();
    let bindings = functions.map(|name| list(&read(name)).to_vec());
    bindings.concat()
}

/// The queue or topic of a binding.
pub(crate) fn entity(binding: &Value) -> Option<&str> {
    binding["queueName"]
        .as_str()
        .or(binding["topicName"].as_str())
}

/// The parameters of a compiled template by name.
pub(crate) fn parameters(template: &str) -> Map<String, Value> {
    json(template)["parameters"].as_object().unwrap().clone()
}

/// Fails for each file that is not as it would be made now.
pub(crate) fn assert_current(files: Vec<generated::File>) {
    for (path, text) in files {
        let kept = fs::read_to_string(&path).unwrap_or_default();
        // Without the two texts, which are long.
        let is_current = kept == text;
        assert!(
            is_current,
            "{}: `cargo run -p template` writes it",
            path.display()
        );
    }
}

/// A span such as `P7D`, `PT1M30S` or `00:10:00`.
pub(crate) fn span(text: &str) -> SignedDuration {
    let span: Span = text.parse().unwrap();
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .unwrap()
}
