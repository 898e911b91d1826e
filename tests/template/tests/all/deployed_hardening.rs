//! What no deployment may loosen: nobody signs in with a key or a password, nothing goes over the wire in the clear, nothing
//! is public. And what Azure refuses of a Flex Consumption app.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;
use serde_json::{Value, json};
use template::judge::files_below;
use template::snapshot::Resource;

use crate::support::{app, deployment, deployments, parameters, path, settings, text, word};

/// A type, a property, and what it has to be, in every deployment.
const RULES: &str = r#"
    Microsoft.Web/sites                                         httpsOnly                       true
    Microsoft.Web/sites                                         siteConfig/minTlsVersion        "1.2"
    Microsoft.Web/sites                                         siteConfig/scmMinTlsVersion     "1.2"
    Microsoft.Web/sites                                         functionAppConfig/runtime       {"name":"custom","version":"1.0"}
    Microsoft.Web/sites/basicPublishingCredentialsPolicies      allow                           false
    Microsoft.Web/serverfarms                                   reserved                        true
    Microsoft.Storage/storageAccounts                           allowSharedKeyAccess            false
    Microsoft.Storage/storageAccounts                           allowBlobPublicAccess           false
    Microsoft.Storage/storageAccounts                           minimumTlsVersion               "TLS1_2"
    Microsoft.Storage/storageAccounts                           supportsHttpsTrafficOnly        true
    Microsoft.Storage/storageAccounts/blobServices/containers   publicAccess                    "None"
    Microsoft.ServiceBus/namespaces                             disableLocalAuth                true
    Microsoft.ServiceBus/namespaces                             minimumTlsVersion               "1.2"
    Microsoft.Insights/components                               DisableLocalAuth                true
    Microsoft.OperationalInsights/workspaces                    features/disableLocalAuth       true
"#;

#[test]
fn every_resource_keeps_to_the_rules_of_its_type() {
    let deployments = deployments();
    for rule in RULES.trim().lines() {
        let [kind, property, expected] = rule.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{rule}");
        };
        let expected: Value = serde_json::from_str(expected).unwrap();
        let made = deployments.iter().flat_map(|it| it.of(kind));
        let found: Vec<_> = made
            .map(|it| it.at(&format!("/properties/{property}")))
            .collect();
        assert!(!found.is_empty(), "no deployment makes a {kind}");
        assert!(
            found.iter().all(|it| **it == expected),
            "{kind} {property}: {found:?}"
        );
    }
}

/// What Azure answers with error 51021 ("The following list of site configuration properties for Flex Consumption sites is
/// invalid"), and the settings that the plan's documentation forbids ("Flex Consumption plan deprecations"), by their beginnings.
const REFUSED: &str = "(?i)^(alwaysOn|ftpsState|linuxFxVersion|windowsFxVersion|netFrameworkVersion|use32BitWorkerProcess|\
    preWarmedInstanceCount|functionAppScaleLimit|functionsRuntimeScaleMonitoringEnabled|javaVersion|nodeVersion|\
    FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|FUNCTIONS_MAX_HTTP_CONCURRENCY|WEBSITE_RUN_FROM_PACKAGE|\
    WEBSITE_CONTENT|WEBSITE_NODE_DEFAULT_VERSION|WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT|\
    SCM_DO_BUILD_DURING_DEPLOYMENT|ENABLE_ORYX_BUILD)";

/// What of an app Azure would refuse.
fn refused(app: &Resource) -> Vec<&str> {
    let refused = Regex::new(REFUSED).unwrap();
    let config = app.at("/properties/siteConfig").as_object().unwrap();
    let names = config.keys().map(String::as_str);
    let names = names.chain(settings(app).map(|(name, _)| name));
    names.filter(|name| refused.is_match(name)).collect()
}

#[test]
fn nothing_stands_in_the_app_that_flex_consumption_refuses() {
    for deployment in ["default", "everything", "other-subscription"].map(deployment) {
        let app = app(&deployment);
        assert_eq!(refused(app), Vec::<&str>::new(), "{}", deployment.name);
        let mut planted = app.clone();
        let config = planted.body.pointer_mut("/properties/siteConfig").unwrap();
        config["ftpsState"] = json!("Disabled");
        config["appSettings"][0]["name"] = json!("FUNCTIONS_EXTENSION_VERSION");
        assert_eq!(refused(&planted).len(), 2);
        let plan = deployment.of("Microsoft.Web/serverfarms").next().unwrap();
        assert_eq!(plan.at("/sku/name"), "FC1");
    }
}

#[test]
fn both_ways_of_publishing_with_a_password_are_closed() {
    for deployment in deployments() {
        let made = deployment.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies");
        let mut names: Vec<_> = made.map(Resource::own_name).collect();
        names.sort_unstable();
        let apps = deployment.of("Microsoft.Web/sites").count();
        assert_eq!(names, ["ftp", "scm"].repeat(apps));
    }
}

/// What stands only where a secret stands or is fetched: calls that return keys, connection strings, signatures, and long values
/// after a telling word.
const SECRET: &str = r#"(?xi)
    (?-i: \b list [A-Z] \w* \( )
    | accountkey= | sharedaccesskey= | defaultendpointsprotocol= | endpoint=sb:// | sharedaccesssignature | instrumentationkey=
    | -----begin | client_?secret
    | (?: sig= | code= | x-functions-key | password | bearer\ ) [:='"\ ]* [\w%+/=.-]{12}
    | (?-i: \beyJ[\w-]{17} )
    | \b (?-i: [A-Za-z0-9+/]{43,} ) ={1,2}
"#;

/// Evaluated when a workflow runs, and seen by its caller alone.
const CALLBACK: &str = "@{listCallbackUrl()}";

#[test]
fn nothing_that_is_deployed_holds_a_secret_asks_for_one_or_makes_a_key() {
    let secret = Regex::new(SECRET).unwrap();
    let key = "Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9v1Ab/cd+E==";
    for planted in [
        &format!("'DefaultEndpointsProtocol=https;AccountName=a;AccountKey={key}'"),
        "'Endpoint=sb://evict.servicebus.windows.net/;SharedAccessKeyName=Root'",
        "output key string = account.listKeys().keys[0].value",
        "output url string = playbook.listCallbackUrl().value",
        "https://a.blob.core.windows.net/x?sv=2024-08-04&sig=Ab12%2Fcd34Ef56%3D",
        "https://evict.azurewebsites.net/api/revoke?code=Ab12Cd34Ef56Gh78==",
        "\"x-functions-key\": \"Ab12Cd34Ef56Gh78\"",
        "adminPassword: 'correct-horse-battery'",
        "Authorization: Bearer abcdefghijklmnop",
        "token = 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9'",
        &format!("key: '{key}'"),
    ] {
        assert!(secret.is_match(planted), "{planted}");
    }
    let alone = "host.json local.settings.json.example azure.yaml infra/package infra/grant-graph-permissions";
    let mut files: Vec<_> = alone.split(' ').map(path).collect();
    for extension in ["bicep", "bicepparam", "json", "kql", "md", "yaml"] {
        for folder in ["infra", "function"] {
            files.extend(files_below(&path(folder), extension).unwrap());
        }
    }
    assert!(files.len() > 60, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap().replace(CALLBACK, "");
        let found = secret.find(&text).map(|it| it.start());
        assert_eq!(found, None, "{}, byte", file.display());
    }
    for template in ["infra/azuredeploy.json", "infra/sentinel/azuredeploy.json"] {
        for (name, parameter) in parameters(template) {
            let kind = parameter["type"].to_string().to_lowercase();
            assert!(!kind.contains("secure"), "{template}: {name}");
        }
        assert!(!text(template).to_lowercase().contains("authorizationrules"));
    }
}

#[test]
fn the_function_that_is_always_ready_is_there() {
    let deployment = deployment("default");
    let ready =
        app(&deployment).at("/properties/functionAppConfig/scaleAndConcurrency/alwaysReady");
    let function = word(&ready[0]["name"]).strip_prefix("function:").unwrap();
    assert!(text(&format!("function/{function}/function.json")).contains("Trigger"));
    assert_eq!(ready[0]["instanceCount"], 1);
}

/// The longest and what else Azure asks of a name ("Naming rules and restrictions for Azure resources").
fn is_name(kind: &str, own: &str) -> bool {
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
            let place = format!("{}: {}", deployment.name, it.id);
            assert!(ids.insert(it.id.to_lowercase()), "{place} twice");
            let is_open = it.name.starts_with('[');
            assert!(
                is_open || is_name(&it.kind, it.own_name()),
                "{place}: {}",
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
    let account = deployment.of("Microsoft.Storage/storageAccounts").next();
    let action = account.unwrap().at("/properties/networkAcls/defaultAction");
    assert_eq!(action, "Deny");
    assert_eq!(
        deployment.of("Microsoft.Network/privateEndpoints").count(),
        2
    );
    let app = app(&deployment);
    assert!(app.at("/properties/virtualNetworkSubnetId").is_string());
    let config = app.at("/properties/siteConfig");
    assert_eq!(config["ipSecurityRestrictionsDefaultAction"], "Deny");
    let tags = config["ipSecurityRestrictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["tag"]);
    assert_eq!(tags.collect::<Vec<_>>(), ["ServiceTag", "Default"]);
}
