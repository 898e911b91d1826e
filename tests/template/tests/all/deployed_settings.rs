//! The app settings of a deployment and the handler's registry of settings say the same.

use std::collections::{BTreeMap, BTreeSet};

use evict::config::{Fallback, Kind, REGISTRY, Setting};
use serde_json::Value;

use crate::support::{deployment, json, parameters};

/// Settings that a deployer has no use for, with the reason.
const NOT_FOR_DEPLOYERS: &[(&str, &str)] = &[
    ("EVICT_CLIENT_ID", "it follows from userAssignedIdentityId"),
    (
        "EVICT_GRAPH_ENDPOINT",
        "a Graph on the same machine, for tests",
    ),
    (
        "EVICT_LOGIN_ENDPOINT",
        "a sign-in service on the same machine, for tests",
    ),
    (
        "EVICT_ARM_ENDPOINT",
        "an Azure Resource Manager on the same machine, for tests",
    ),
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
    let app = deployment.of("Microsoft.Web/sites").next().unwrap();
    let settings = app
        .at("/properties/siteConfig/appSettings")
        .as_array()
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    settings
        .iter()
        .map(|it| (text(&it["name"]), text(&it["value"])))
        .collect()
}

/// The parameter whose description names a setting.
fn parameter(name: &str) -> (String, Value) {
    let named = format!("({name})");
    let found = parameters("infra/azuredeploy.json")
        .into_iter()
        .find(|(_, it)| {
            it["metadata"]["description"]
                .as_str()
                .is_some_and(|text| text.contains(&named))
        });
    found.unwrap_or_else(|| panic!("no parameter names {name} in its description"))
}

#[test]
fn the_template_sets_nothing_that_the_handler_would_refuse() {
    for name in deployed()
        .into_keys()
        .filter(|name| name.starts_with("EVICT_"))
    {
        assert!(REGISTRY.iter().any(|it| it.name == name), "{name}");
    }
}

#[test]
fn every_setting_that_a_deployer_would_change_is_a_parameter() {
    let set = deployed();
    for setting in REGISTRY {
        let exempt = NOT_FOR_DEPLOYERS
            .iter()
            .any(|(name, _)| *name == setting.name)
            || setting.is_set_by_the_host();
        assert_ne!(set.contains_key(setting.name), exempt, "{}", setting.name);
    }
}

#[test]
fn a_parameter_has_the_bounds_words_and_default_of_its_setting() {
    for (name, value) in deployed()
        .into_iter()
        .filter(|(name, _)| name.starts_with("EVICT_"))
    {
        if OF_THE_TEMPLATE.contains(&name.as_str()) {
            continue;
        }
        let setting = REGISTRY.iter().find(|it| it.name == name).unwrap();
        let (called, parameter) = parameter(&name);
        assert_bounds(setting, &parameter);
        let has_to_be_said = HAVE_TO_BE_SAID.contains(&name.as_str());
        let has_default = parameter.get("defaultValue").is_some();
        assert_ne!(has_default, has_to_be_said, "{called}");
        if has_default {
            assert_eq!(value, default(setting), "{name}");
        }
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
    let allowed = parameter["allowedValues"].as_array();
    let allowed: BTreeSet<_> = allowed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
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
fn the_host_connects_by_identity_alone() {
    for name in deployed()
        .into_keys()
        .filter(|name| !name.starts_with("EVICT_"))
    {
        let is_identity = name.contains("__") || name.starts_with("APPLICATIONINSIGHTS_");
        assert!(is_identity, "{name}");
    }
    assert!(deployed().contains_key("AzureWebJobsStorage__accountName"));
}

#[test]
fn every_connection_of_a_function_has_a_host_name_among_the_settings() {
    let settings = deployed();
    let mut seen = 0;
    for function in ["RevokeFromQueue", "RevokeFromAlert", "Check"] {
        let function = json(&format!("function/{function}/function.json"));
        for binding in function["bindings"].as_array().unwrap() {
            if let Some(connection) = binding["connection"].as_str() {
                let name = format!("{connection}__fullyQualifiedNamespace");
                assert!(settings.contains_key(&name), "{name}");
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
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
    assert!(
        made.any(|it| it.name.ends_with(&format!("/{container}"))),
        "{container}"
    );
}
