//! What no template may loosen: nobody signs in with a key or a password, nothing goes over the wire in the clear, nothing
//! is public. It holds for every resource of these types, in whichever template it stands.

use template::bicep::{Resource, Value};

use crate::support::{infra, path};

/// A type without its version, a property, and what it has to be.
const RULES: &[(&str, &str, &str)] = &[
    ("Microsoft.Web/sites", "identity.type", "'SystemAssigned'"),
    ("Microsoft.Web/sites", "properties.httpsOnly", "true"),
    (
        "Microsoft.Web/sites",
        "properties.siteConfig.minTlsVersion",
        "'1.2'",
    ),
    (
        "Microsoft.Web/sites",
        "properties.siteConfig.scmMinTlsVersion",
        "'1.2'",
    ),
    (
        "Microsoft.Web/sites",
        "properties.siteConfig.ftpsState",
        "'Disabled'",
    ),
    (
        "Microsoft.Web/sites",
        "properties.functionAppConfig.runtime.name",
        "'custom'",
    ),
    (
        "Microsoft.Web/sites",
        "properties.functionAppConfig.deployment.storage.authentication.type",
        "'SystemAssignedIdentity'",
    ),
    (
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "properties.allow",
        "false",
    ),
    ("Microsoft.Web/serverfarms", "sku.name", "'FC1'"),
    ("Microsoft.Web/serverfarms", "properties.reserved", "true"),
    (
        "Microsoft.Storage/storageAccounts",
        "properties.allowSharedKeyAccess",
        "false",
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "properties.allowBlobPublicAccess",
        "false",
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "properties.minimumTlsVersion",
        "'TLS1_2'",
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "properties.supportsHttpsTrafficOnly",
        "true",
    ),
    (
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "properties.publicAccess",
        "'None'",
    ),
    (
        "Microsoft.ServiceBus/namespaces",
        "properties.disableLocalAuth",
        "true",
    ),
    (
        "Microsoft.ServiceBus/namespaces",
        "properties.minimumTlsVersion",
        "'1.2'",
    ),
    (
        "Microsoft.Insights/components",
        "properties.DisableLocalAuth",
        "true",
    ),
    (
        "Microsoft.OperationalInsights/workspaces",
        "properties.features.disableLocalAuth",
        "true",
    ),
];

fn source<'a>(resource: &'a Resource, property: &str) -> &'a str {
    resource
        .body
        .at(property)
        .map_or("", |it| it.source.as_str())
}

#[test]
fn every_resource_keeps_to_the_rules_of_its_type() {
    let infra = infra();
    for (kind, property, expected) in RULES {
        let prefix = format!("{kind}@");
        let mut seen = 0;
        for (file, document) in infra.documents() {
            let declared = document.declarations.resources.iter();
            for it in declared.filter(|it| it.kind.starts_with(&prefix) && !it.existing) {
                assert_eq!(
                    source(it, property),
                    *expected,
                    "{file}: {}.{property}",
                    it.symbol
                );
                seen += 1;
            }
        }
        assert!(seen > 0, "no template makes a {kind}");
    }
}

#[test]
fn both_ways_of_publishing_with_a_password_are_closed() {
    let infra = infra();
    let app = infra.declarations("modules/function-app.bicep").unwrap();
    let mut names: Vec<_> = app
        .resources
        .iter()
        .filter(|it| it.kind.contains("/basicPublishingCredentialsPolicies@"))
        .map(|it| source(it, "name"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["'ftp'", "'scm'"]);
}

#[test]
fn no_template_asks_for_a_secret_or_makes_a_key() {
    for (file, document) in infra().documents() {
        for it in &document.declarations.parameters {
            let is_secure = it.decorators.iter().any(|(name, _)| name == "secure");
            assert!(!is_secure, "{file}: {}", it.name);
        }
        for it in &document.declarations.resources {
            let kind = it.kind.to_lowercase();
            assert!(
                !kind.contains("authorizationrules"),
                "{file}: {}",
                it.symbol
            );
        }
    }
}

#[test]
fn the_function_that_is_always_ready_is_there() {
    let infra = infra();
    let app = infra.declarations("modules/function-app.bicep").unwrap();
    let variable = app
        .variables
        .iter()
        .find(|it| it.name == "alwaysReadyQueue");
    let written = &variable.unwrap().value.source;
    let (_, rest) = written.split_once("'function:").unwrap();
    let (function, _) = rest.split_once('\'').unwrap();
    assert!(
        path(&format!("function/{function}/function.json")).is_file(),
        "{function}"
    );
}

/// The roles that the app's identity has besides those on queues and topics.
const OTHER_ROLES: &[(&str, &str)] = &[
    ("storage", "roles.storageBlobDataOwner"),
    ("storage::blobs::ledger", "roles.storageBlobDataContributor"),
    ("applicationInsights", "roles.monitoringMetricsPublisher"),
];

#[test]
fn the_app_has_no_other_roles_than_those_on_its_storage_and_its_telemetry() {
    let infra = infra();
    let roles = infra.declarations("modules/app-roles.bicep").unwrap();
    let given: Vec<_> = roles
        .resources
        .iter()
        .filter(|it| it.kind.contains("/roleAssignments@"))
        .map(|it| (source(it, "scope"), role(it)))
        .filter(|(scope, _)| !scope.starts_with("serviceBus"))
        .collect();
    assert_eq!(given, OTHER_ROLES);
}

/// The expression of a role's id.
fn role(assignment: &Resource) -> &str {
    let definition = source(assignment, "properties.roleDefinitionId");
    let inner = definition.strip_suffix(')').unwrap_or_default();
    inner.rsplit(", ").next().unwrap_or_default()
}

#[test]
fn the_name_of_a_role_assignment_says_where_who_and_what() {
    let infra = infra();
    for file in ["modules/app-roles.bicep", "modules/sender-roles.bicep"] {
        let declared = &infra.declarations(file).unwrap().resources;
        for it in declared
            .iter()
            .filter(|it| it.kind.contains("/roleAssignments@"))
        {
            let principal = source(it, "properties.principalId");
            let expected = format!(
                "guid({}.id, {principal}, {})",
                source(it, "scope"),
                role(it)
            );
            assert_eq!(
                it.body.get("name").map(|it: &Value| &it.source),
                Some(&expected),
                "{file}"
            );
        }
    }
}
