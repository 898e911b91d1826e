//! The app settings of a deployment and the handler's registry of settings say the same.

use std::collections::{BTreeMap, BTreeSet};

use evict::config::{Fallback, Kind, REGISTRY, Setting};
use serde_json::Value;

use crate::support::{app, bindings, deployment, parameters, settings, word};

/// Settings that a deployer has no use for, with the reason.
const NOT_FOR_DEPLOYERS: &[&str] = &[
    // It follows from userAssignedIdentityId.
    "EVICT_CLIENT_ID",
    // Services on the same machine, for tests.
    "EVICT_GRAPH_ENDPOINT",
    "EVICT_LOGIN_ENDPOINT",
    "EVICT_ARM_ENDPOINT",
];

/// Settings that the template knows better than a deployer.
const OF_THE_TEMPLATE: &[&str] = &["EVICT_LEDGER_URL"];

/// Words that the handler takes and the template does not offer, with the reason.
const NOT_OFFERED: &[(&str, &str)] = &[
    // The alert rules read lines of info.
    ("EVICT_LOG", "warn"),
    ("EVICT_LOG", "error"),
];

/// Settings that have to be said, although the handler has a default: what is left out must not change who is cut.
const HAVE_TO_BE_SAID: &[&str] = &["EVICT_MODE", "EVICT_PROTECTED_USERS"];

/// The app settings of the deployment in which only what has to be said is said.
fn deployed() -> BTreeMap<String, String> {
    let deployment = deployment("default");
    let settings = settings(app(&deployment));
    settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The settings of the handler among them.
fn of_the_handler() -> impl Iterator<Item = (String, String)> {
    deployed()
        .into_iter()
        .filter(|(name, _)| name.starts_with("EVICT_"))
}

/// The parameter whose description names a setting.
fn parameter(name: &str) -> (String, Value) {
    let mut all = parameters("infra/azuredeploy.json").into_iter();
    let text = format!("({name})");
    let found = all.find(|(_, it)| word(&it["metadata"]["description"]).contains(&text));
    found.unwrap_or_else(|| panic!("no parameter names {name} in its description"))
}

#[test]
fn every_setting_that_a_deployer_would_change_is_a_parameter_and_no_other_is_set() {
    let set = deployed();
    for setting in REGISTRY {
        let exempt = NOT_FOR_DEPLOYERS.contains(&setting.name) || setting.is_set_by_the_host();
        assert_ne!(set.contains_key(setting.name), exempt, "{}", setting.name);
    }
    for (name, _) in of_the_handler() {
        assert!(REGISTRY.iter().any(|it| it.name == name), "{name}");
    }
}

#[test]
fn a_parameter_has_the_bounds_words_and_default_of_its_setting() {
    for (name, value) in
        of_the_handler().filter(|(name, _)| !OF_THE_TEMPLATE.contains(&name.as_str()))
    {
        let setting = REGISTRY.iter().find(|it| it.name == name).unwrap();
        let (called, parameter) = parameter(&name);
        assert_bounds(setting, &parameter);
        let has_to_be_said = HAVE_TO_BE_SAID.contains(&name.as_str());
        let has_default = parameter.get("defaultValue").is_some();
        assert_ne!(has_default, has_to_be_said, "{called}");
        assert!(has_to_be_said || value == default(setting), "{name}");
    }
}

fn assert_bounds(setting: &Setting, parameter: &Value) {
    let name = setting.name;
    if let Kind::Whole { least, most, .. } = setting.kind {
        assert_eq!(parameter["minValue"], least, "{name}");
        assert_eq!(parameter["maxValue"], most, "{name}");
    }
    let words = setting.kind.words();
    if words.is_empty() {
        return;
    }
    let allowed = parameter["allowedValues"].as_array().into_iter().flatten();
    let allowed: BTreeSet<_> = allowed.filter_map(Value::as_str).collect();
    let mut expected: BTreeSet<_> = words.into_iter().collect();
    expected.retain(|word| !NOT_OFFERED.contains(&(name, word)));
    if matches!(setting.fallback, Fallback::Absent { .. }) {
        expected.insert("");
    }
    assert_eq!(allowed, expected, "{name}");
}

/// What the app setting is if nothing is said.
fn default(setting: &Setting) -> &'static str {
    match setting.fallback {
        // The tenant of the snapshots: Azure knows it, so nobody has to look it up.
        Fallback::Required { .. } => "11111111-1111-4111-8111-111111111111",
        Fallback::Text(text) => text,
        Fallback::Absent { .. } => "",
    }
}

#[test]
fn the_host_connects_by_identity_alone_and_to_the_namespace_of_each_binding() {
    let deployed = deployed();
    for name in deployed.keys().filter(|name| !name.starts_with("EVICT_")) {
        let is_identity = name.contains("__") || name.starts_with("APPLICATIONINSIGHTS_");
        assert!(is_identity, "{name}");
    }
    assert!(deployed.contains_key("AzureWebJobsStorage__accountName"));
    let bindings = bindings();
    for connection in bindings.iter().filter_map(|it| it["connection"].as_str()) {
        let name = format!("{connection}__fullyQualifiedNamespace");
        assert!(deployed.contains_key(&name), "{name}");
    }
}

#[test]
fn the_ledger_is_a_blob_that_the_handler_takes_in_a_container_that_is_made() {
    // `[uri(reference(…).primaryEndpoints.blob, 'evict-ledger/hour.json')]`
    let deployed = deployed();
    let written = &deployed["EVICT_LEDGER_URL"];
    assert!(written.starts_with("[uri(reference("), "{written}");
    let path = written.rsplit('\'').nth(1).unwrap();
    let (container, _) = path.split_once('/').unwrap();
    let url = format!("https://evict01.blob.core.windows.net/{path}");
    let taken = evict::domain::LedgerEndpoint::parse(&url, evict::domain::Cloud::Global);
    assert!(taken.is_ok(), "{url}: {taken:?}");
    let deployment = deployment("default");
    let mut made = deployment.of("Microsoft.Storage/storageAccounts/blobServices/containers");
    assert!(made.any(|it| it.own_name() == container), "{container}");
}
