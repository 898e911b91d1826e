//! The app settings of the template and the handler's registry of settings say the same.

use std::collections::BTreeSet;

use evict::config::{Fallback, Kind, REGISTRY, Setting};
use template::bicep::{Declarations, Kind as ValueKind, Parameter, Value};

use crate::support::{infra, json};

/// Settings that a deployer has no use for, with the reason.
const NOT_FOR_DEPLOYERS: &[(&str, &str)] = &[
    ("EVICT_CLIENT_ID", "the app has a system-assigned identity"),
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

/// Settings that the template knows better than a deployer, with what they are made of.
const OF_THE_TEMPLATE: &[(&str, &str)] = &[("EVICT_LEDGER_URL", "storage.outputs.ledgerUrl")];

/// The settings that go to the app: the name, and the expression of the value.
fn settings(main: &Declarations) -> Vec<(String, String)> {
    let variable = main.variables.iter().find(|it| it.name == "settings");
    let properties = variable.unwrap().value.properties().iter();
    properties
        .map(|it| (it.name.clone().unwrap(), it.value.source.clone()))
        .collect()
}

/// The parameter that a setting's value is made of.
fn parameter<'a>(main: &'a Declarations, expression: &str) -> &'a Parameter {
    let inner = expression
        .strip_prefix("string(")
        .and_then(|it| it.strip_suffix(")"))
        .or_else(|| {
            expression
                .strip_prefix("join(")
                .and_then(|it| it.strip_suffix(", ',')"))
        })
        .unwrap_or(expression);
    let found = main.parameters.iter().find(|it| it.name == inner);
    found.unwrap_or_else(|| panic!("{expression} is made of no parameter"))
}

fn set_by_template() -> BTreeSet<String> {
    let infra = infra();
    let main = infra.declarations("main.bicep").unwrap();
    settings(main).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_template_sets_nothing_that_the_handler_would_refuse() {
    for name in set_by_template() {
        assert!(REGISTRY.iter().any(|it| it.name == name), "{name}");
    }
}

#[test]
fn every_setting_that_a_deployer_would_change_is_a_parameter() {
    let set = set_by_template();
    for setting in REGISTRY {
        let exempt = NOT_FOR_DEPLOYERS
            .iter()
            .any(|(name, _)| *name == setting.name)
            || setting.is_set_by_the_host();
        assert_ne!(set.contains(setting.name), exempt, "{}", setting.name);
    }
}

#[test]
fn a_parameter_has_the_bounds_words_and_default_of_its_setting() {
    let infra = infra();
    let main = infra.declarations("main.bicep").unwrap();
    for (name, expression) in settings(main) {
        if OF_THE_TEMPLATE.contains(&(name.as_str(), expression.as_str())) {
            continue;
        }
        let setting = REGISTRY.iter().find(|it| it.name == name).unwrap();
        let parameter = parameter(main, &expression);
        let described = parameter.decorator("description").unwrap();
        let text = described.as_text().unwrap();
        let is_named = text.contains(&name);
        assert!(
            is_named,
            "{name} is not in the description of {}",
            parameter.name
        );
        assert_bounds(setting, parameter);
        assert_default(setting, parameter);
    }
}

fn assert_bounds(setting: &Setting, parameter: &Parameter) {
    let name = setting.name;
    if let Kind::Whole { least, most, .. } = setting.kind {
        let bound = |it: &str| parameter.decorator(it).map(|it| it.kind.clone());
        assert_eq!(
            bound("minValue"),
            Some(ValueKind::Whole(least.into())),
            "{name}"
        );
        assert_eq!(
            bound("maxValue"),
            Some(ValueKind::Whole(most.into())),
            "{name}"
        );
    }
    let words = setting.kind.words();
    if words.is_empty() {
        return;
    }
    let Some(ValueKind::List(allowed)) = parameter.decorator("allowed").map(|it| &it.kind) else {
        panic!("{name} has no list of allowed values");
    };
    let allowed: BTreeSet<_> = allowed.iter().filter_map(Value::as_text).collect();
    let mut expected: BTreeSet<_> = words.into_iter().collect();
    if matches!(setting.fallback, Fallback::Absent { .. }) {
        expected.insert("");
    }
    assert_eq!(allowed, expected, "{name}");
}

fn assert_default(setting: &Setting, parameter: &Parameter) {
    let source = parameter.default.as_ref().map(|it| it.source.as_str());
    let expected = match (setting.fallback, setting.kind) {
        // Azure knows it, so nobody has to look it up.
        (Fallback::Required { .. }, _) => "tenant().tenantId".to_owned(),
        (Fallback::Text(""), _) => "[]".to_owned(),
        (Fallback::Text(text), Kind::Whole { .. }) => text.to_owned(),
        (Fallback::Text(text), _) => format!("'{text}'"),
        (Fallback::Absent { .. }, _) => "''".to_owned(),
    };
    assert_eq!(source, Some(expected.as_str()), "{}", setting.name);
}

/// The settings of the host, which the module of the function app adds.
fn host_settings() -> BTreeSet<String> {
    let infra = infra();
    let app = infra.declarations("modules/function-app.bicep").unwrap();
    let variable = app.variables.iter().find(|it| it.name == "hostSettings");
    let properties = variable.unwrap().value.properties().iter();
    properties.filter_map(|it| it.name.clone()).collect()
}

#[test]
fn the_host_connects_by_identity_alone_and_the_plan_chooses_the_runtime() {
    let settings = host_settings();
    for name in &settings {
        let is_identity = name.contains("__") || name.starts_with("APPLICATIONINSIGHTS_");
        assert!(is_identity, "{name}");
    }
    // Not allowed on Flex Consumption, where the runtime stands in functionAppConfig.
    for name in ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION"] {
        assert!(!settings.contains(name), "{name}");
    }
    assert!(settings.contains("AzureWebJobsStorage__accountName"));
}

#[test]
fn every_connection_of_a_function_has_a_host_name_among_the_settings() {
    let settings = host_settings();
    let mut seen = 0;
    for function in ["RevokeFromQueue", "RevokeFromAlert", "Check"] {
        let function = json(&format!("function/{function}/function.json"));
        for binding in function["bindings"].as_array().unwrap() {
            if let Some(connection) = binding["connection"].as_str() {
                let name = format!("{connection}__fullyQualifiedNamespace");
                assert!(settings.contains(&name), "{name}");
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn the_ledger_is_a_blob_in_a_container_that_is_made_and_that_the_app_may_write() {
    let infra = infra();
    let storage = infra.declarations("modules/storage.bicep").unwrap();
    let variable = storage
        .variables
        .iter()
        .find(|it| it.name == "ledgerContainer");
    let name = variable.unwrap().value.as_text().unwrap();
    let made = storage.resources.iter().find(|it| it.symbol == "ledger");
    let made = made.unwrap();
    assert_eq!(made.body.get("name").unwrap().source, "ledgerContainer");
    let roles = infra.declarations("modules/app-roles.bicep").unwrap();
    let scope = roles.resources.iter().find(|it| it.symbol == "ledger");
    let scope = scope.unwrap().body.get("name").unwrap();
    assert_eq!(scope.as_text(), Some(name));

    // What the template makes of it is an address that the handler takes.
    let source = crate::support::text("infra/modules/storage.bicep");
    let output = source
        .lines()
        .find_map(|line| line.strip_prefix("output ledgerUrl string = "))
        .unwrap();
    let url = output
        .trim_matches('\'')
        .replace(
            "${account.properties.primaryEndpoints.blob}",
            "https://evict01.blob.core.windows.net/",
        )
        .replace("${ledgerContainer}", name);
    let taken = evict::domain::LedgerEndpoint::parse(&url, evict::domain::Cloud::Global);
    assert!(taken.is_ok(), "{url}: {taken:?}");
}
