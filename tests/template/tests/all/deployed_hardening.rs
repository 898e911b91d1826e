//! What no deployment may loosen: nobody signs in with a key or a password, nothing goes over the wire in the clear, nothing
//! is public. And what Azure refuses of a Flex Consumption app.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use template::snapshot::Resource;

use crate::support::{deployment, deployments, parameters, path, text};

/// A type, a property, and what it has to be, in every deployment.
fn rules() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("Microsoft.Web/sites", "/properties/httpsOnly", json!(true)),
        (
            "Microsoft.Web/sites",
            "/properties/siteConfig/minTlsVersion",
            json!("1.2"),
        ),
        (
            "Microsoft.Web/sites",
            "/properties/siteConfig/scmMinTlsVersion",
            json!("1.2"),
        ),
        (
            "Microsoft.Web/sites",
            "/properties/functionAppConfig/runtime",
            json!({"name": "custom", "version": "1.0"}),
        ),
        (
            "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
            "/properties/allow",
            json!(false),
        ),
        ("Microsoft.Web/serverfarms", "/sku/name", json!("FC1")),
        (
            "Microsoft.Web/serverfarms",
            "/properties/reserved",
            json!(true),
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "/properties/allowSharedKeyAccess",
            json!(false),
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "/properties/allowBlobPublicAccess",
            json!(false),
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "/properties/minimumTlsVersion",
            json!("TLS1_2"),
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "/properties/supportsHttpsTrafficOnly",
            json!(true),
        ),
        (
            "Microsoft.Storage/storageAccounts/blobServices/containers",
            "/properties/publicAccess",
            json!("None"),
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            "/properties/disableLocalAuth",
            json!(true),
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            "/properties/minimumTlsVersion",
            json!("1.2"),
        ),
        (
            "Microsoft.Insights/components",
            "/properties/DisableLocalAuth",
            json!(true),
        ),
        (
            "Microsoft.OperationalInsights/workspaces",
            "/properties/features/disableLocalAuth",
            json!(true),
        ),
    ]
}

#[test]
fn every_resource_keeps_to_the_rules_of_its_type() {
    let deployments = deployments();
    for (kind, property, expected) in rules() {
        let mut seen = 0;
        for deployment in &deployments {
            for it in deployment.of(kind) {
                assert_eq!(*it.at(property), expected, "{}: {}", deployment.name, it.id);
                seen += 1;
            }
        }
        assert!(seen > 0, "no deployment makes a {kind}");
    }
}

/// What Azure answers with error 51021 ("The following list of site configuration properties for Flex Consumption sites is
/// invalid"), and the settings that the plan's documentation forbids ("Flex Consumption plan deprecations").
const REFUSED_IN_SITE_CONFIG: [&str; 11] = [
    "alwaysOn",
    "ftpsState",
    "linuxFxVersion",
    "windowsFxVersion",
    "netFrameworkVersion",
    "use32BitWorkerProcess",
    "preWarmedInstanceCount",
    "functionAppScaleLimit",
    "functionsRuntimeScaleMonitoringEnabled",
    "javaVersion",
    "nodeVersion",
];
const REFUSED_AS_SETTINGS: [&str; 10] = [
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "FUNCTIONS_EXTENSION_VERSION",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_CONTENT",
    "WEBSITE_NODE_DEFAULT_VERSION",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
];

/// What of an app Azure would refuse.
fn refused(app: &Resource) -> Vec<String> {
    let config = app.at("/properties/siteConfig").as_object().unwrap();
    let settings = app
        .at("/properties/siteConfig/appSettings")
        .as_array()
        .unwrap();
    let names = settings.iter().filter_map(|it| it["name"].as_str());
    let in_config = config.keys().filter(|key| {
        REFUSED_IN_SITE_CONFIG
            .iter()
            .any(|it| it.eq_ignore_ascii_case(key))
    });
    let as_settings =
        names.filter(|name| REFUSED_AS_SETTINGS.iter().any(|it| name.starts_with(it)));
    in_config
        .map(String::as_str)
        .chain(as_settings)
        .map(str::to_owned)
        .collect()
}

#[test]
fn nothing_stands_in_the_app_that_flex_consumption_refuses() {
    let mut seen = 0;
    for deployment in deployments() {
        for app in deployment.of("Microsoft.Web/sites") {
            assert_eq!(refused(app), Vec::<String>::new(), "{}", deployment.name);
            let mut planted = app.clone();
            let config = planted.body.pointer_mut("/properties/siteConfig").unwrap();
            config["ftpsState"] = json!("Disabled");
            config["appSettings"][0]["name"] = json!("FUNCTIONS_EXTENSION_VERSION");
            assert_eq!(refused(&planted).len(), 2);
            seen += 1;
        }
    }
    assert!(seen >= 3);
}

#[test]
fn both_ways_of_publishing_with_a_password_are_closed() {
    for deployment in deployments() {
        let made = deployment.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies");
        let mut names: Vec<_> = made.map(|it| it.name.rsplit('/').next().unwrap()).collect();
        names.sort_unstable();
        let apps = deployment.of("Microsoft.Web/sites").count();
        assert_eq!(names, ["ftp", "scm"].repeat(apps));
    }
}

#[test]
fn no_template_asks_for_a_secret_or_makes_a_key() {
    for template in ["infra/azuredeploy.json", "infra/sentinel/azuredeploy.json"] {
        for (name, parameter) in parameters(template) {
            let kind = parameter["type"]
                .as_str()
                .unwrap_or_default()
                .to_lowercase();
            assert!(!kind.starts_with("secure"), "{template}: {name}");
        }
        assert!(!text(template).to_lowercase().contains("authorizationrules"));
    }
}

#[test]
fn the_function_that_is_always_ready_is_there() {
    let deployment = deployment("default");
    let app = deployment.of("Microsoft.Web/sites").next().unwrap();
    let ready = app.at("/properties/functionAppConfig/scaleAndConcurrency/alwaysReady");
    let name = ready[0]["name"].as_str().unwrap();
    let function = name.strip_prefix("function:").unwrap();
    assert!(
        path(&format!("function/{function}/function.json")).is_file(),
        "{function}"
    );
    assert_eq!(ready[0]["instanceCount"], 1);
}

/// The longest and what else Azure asks of a name ("Naming rules and restrictions for Azure resources").
fn is_name(kind: &str, name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap();
    let (least, most) = match kind {
        "Microsoft.Storage/storageAccounts" => (3, 24),
        "Microsoft.Logic/workflows" => (1, 43),
        "Microsoft.ServiceBus/namespaces" => (6, 50),
        "Microsoft.Web/sites" => (2, 60),
        "Microsoft.OperationalInsights/workspaces" => (4, 63),
        _ => (1, 80),
    };
    let letters = |c: char| match kind {
        "Microsoft.Storage/storageAccounts" => c.is_ascii_lowercase() || c.is_ascii_digit(),
        _ => c.is_ascii_alphanumeric() || "-_.".contains(c),
    };
    (least..=most).contains(&own.len()) && own.chars().all(letters)
}

#[test]
fn every_name_is_within_its_limits_and_no_two_resources_are_alike() {
    for deployment in deployments() {
        let mut ids = BTreeSet::new();
        for it in &deployment.resources {
            assert!(
                ids.insert(it.id.to_lowercase()),
                "{}: {} twice",
                deployment.name,
                it.id
            );
            let is_evaluated = !it.name.starts_with('[');
            assert!(
                !is_evaluated || is_name(&it.kind, &it.name),
                "{}: {}",
                it.kind,
                it.name
            );
        }
    }
}

#[test]
fn every_resource_that_can_bear_tags_bears_those_that_were_given() {
    for name in ["everything", "sentinel"] {
        let deployment = deployment(name);
        let mut seen = 0;
        for it in deployment
            .resources
            .iter()
            .filter(|it| !it.at("/location").is_null())
        {
            let is_rule = it.kind == "Microsoft.SecurityInsights/automationRules";
            assert!(
                is_rule || it.at("/tags/owner") == "soc",
                "{name}: {}",
                it.id
            );
            seen += 1;
        }
        assert!(seen > 5);
    }
}

#[test]
fn a_private_deployment_has_no_public_endpoint_but_the_apps_own() {
    let deployment = deployment("everything");
    for kind in [
        "Microsoft.Storage/storageAccounts",
        "Microsoft.ServiceBus/namespaces",
    ] {
        for it in deployment.of(kind) {
            assert_eq!(it.at("/properties/publicNetworkAccess"), "Disabled");
        }
    }
    assert_eq!(
        deployment.of("Microsoft.Network/privateEndpoints").count(),
        2
    );
    let app = deployment.of("Microsoft.Web/sites").next().unwrap();
    assert!(app.at("/properties/virtualNetworkSubnetId").is_string());
    assert_eq!(
        app.at("/properties/siteConfig/ipSecurityRestrictionsDefaultAction"),
        "Deny"
    );
    let rules = app.at("/properties/siteConfig/ipSecurityRestrictions");
    assert_eq!(rules[0]["tag"], "ServiceTag");
    assert_eq!(rules[1]["tag"], "Default");
}
