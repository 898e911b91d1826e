//! Mistakes planted in the body of a resource are found, and what is right is not.

use template::bicep::Folder;

use crate::support::{check_one, types};

/// A queue with these properties.
fn queue(properties: &str) -> Vec<String> {
    check_one(&format!(
        "resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {{\n  name: 'a/b'\n  properties: {{\n    {properties}\n  }}\n}}\n"
    ))
}

/// A storage account whose body ends with these lines.
fn account(lines: &str) -> Vec<String> {
    check_one(&format!(
        "resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {{\n  name: 'evict'\n  location: 'westeurope'\n  kind: 'StorageV2'\n{lines}\n}}\n"
    ))
}

const SKU: &str = "  sku: {\n    name: 'Standard_LRS'\n  }";

#[test]
fn a_body_that_fits_its_type_is_let_pass() {
    assert_eq!(queue("maxDeliveryCount: 10"), Vec::<String>::new());
    assert_eq!(account(SKU), Vec::<String>::new());
}

#[test]
fn an_unknown_property_is_found() {
    assert_eq!(
        queue("maxDeliveries: 10"),
        ["main.bicep:4: queue.properties.maxDeliveries: is not a property of this type"]
    );
}

#[test]
fn a_property_in_another_case_is_found_with_the_right_one() {
    assert_eq!(
        queue("MaxDeliveryCount: 10"),
        [
            "main.bicep:4: queue.properties.MaxDeliveryCount: is not a property; it is written maxDeliveryCount"
        ]
    );
}

#[test]
fn a_missing_required_property_is_found() {
    assert_eq!(
        account(""),
        ["main.bicep:1: account.sku: is required and missing"]
    );
    assert_eq!(
        account("  sku: {\n    tier: 'Standard'\n  }"),
        [
            "main.bicep:5: account.sku.name: is required and missing",
            "main.bicep:6: account.sku.tier: is read-only",
        ]
    );
}

#[test]
fn a_read_only_property_is_found() {
    assert_eq!(
        queue("messageCount: 3"),
        ["main.bicep:4: queue.properties.messageCount: is read-only"]
    );
}

#[test]
fn a_property_that_stands_twice_is_found() {
    assert_eq!(
        queue("maxDeliveryCount: 10\n    maxDeliveryCount: 11"),
        ["main.bicep:5: queue.properties.maxDeliveryCount: stands there twice"]
    );
}

#[test]
fn a_literal_of_another_type_is_found() {
    for (line, problem) in [
        (
            "maxDeliveryCount: '10'",
            "maxDeliveryCount: must be a whole number, not '10'",
        ),
        ("lockDuration: 5", "lockDuration: must be text, not 5"),
        (
            "requiresSession: 'true'",
            "requiresSession: must be true or false, not 'true'",
        ),
        (
            "requiresSession: 1",
            "requiresSession: must be true or false, not 1",
        ),
        (
            "lockDuration: [\n    ]",
            "lockDuration: must be text, not an array",
        ),
        (
            "lockDuration: {}",
            "lockDuration: must be text, not an object",
        ),
    ] {
        let expected = format!("main.bicep:4: queue.properties.{problem}");
        assert_eq!(queue(line), [expected]);
    }
    assert_eq!(
        account("  sku: 'Standard_LRS'"),
        ["main.bicep:5: account.sku: must be an object, not 'Standard_LRS'"]
    );
    let diagnostics = "resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n  name: 'logs'\n  properties: {\n    logs: {\n      category: 'a'\n    }\n  }\n}\n";
    assert_eq!(
        check_one(diagnostics),
        ["main.bicep:4: logs.properties.logs: must be an array, not an object"]
    );
}

#[test]
fn a_mistake_within_an_array_is_found_with_its_index() {
    let diagnostics = "resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n  name: 'logs'\n  properties: {\n    logs: [\n      {\n        category: 'a'\n        enabled: true\n      }\n      {\n        category: 'b'\n      }\n    ]\n  }\n}\n";
    assert_eq!(
        check_one(diagnostics),
        ["main.bicep:9: logs.properties.logs[1].enabled: is required and missing"]
    );
    let looped = "param names array\nresource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n  name: 'logs'\n  properties: {\n    logs: [for name in names: {\n      category: name\n      enabled: 'yes'\n    }]\n  }\n}\n";
    assert_eq!(
        check_one(looped),
        ["main.bicep:7: logs.properties.logs[].enabled: must be true or false, not 'yes'"]
    );
}

#[test]
fn a_word_outside_a_closed_list_is_found_and_an_open_list_is_let_pass() {
    assert_eq!(
        account(&format!(
            "{SKU}\n  properties: {{\n    accessTier: 'Warm'\n  }}"
        )),
        [
            "main.bicep:9: account.properties.accessTier: is 'Warm' and must be one of 'Hot', 'Cool', 'Premium', 'Cold'"
        ]
    );
    assert_eq!(
        account(&format!(
            "{SKU}\n  properties: {{\n    minimumTlsVersion: 'TLS9_9'\n  }}"
        )),
        Vec::<String>::new()
    );
}

#[test]
fn a_text_or_number_out_of_bounds_is_found() {
    let workspace = "resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {\n  name: 'abc'\n  location: 'westeurope'\n}\n";
    assert_eq!(
        check_one(workspace),
        ["main.bicep:2: logs.name: has 3 characters, and 4 to 63 are allowed"]
    );
    let blobs = "resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {\n  name: 'default'\n  properties: {\n    deleteRetentionPolicy: {\n      days: 400\n    }\n  }\n}\n";
    assert_eq!(
        check_one(blobs),
        [
            "main.bicep:5: blobs.properties.deleteRetentionPolicy.days: is 400, and 1 to 365 are allowed"
        ]
    );
}

#[test]
fn a_resource_whose_name_decides_its_type_is_checked_by_it() {
    let policy = |name: &str, property: &str| {
        check_one(&format!(
            "resource app 'Microsoft.Web/sites@2024-11-01' existing = {{\n  name: 'app'\n\n  resource policy 'basicPublishingCredentialsPolicies' = {{\n    name: {name}\n    properties: {{\n      {property}\n    }}\n  }}\n}}\n"
        ))
    };
    assert_eq!(policy("'scm'", "allow: false"), Vec::<String>::new());
    assert_eq!(
        policy("'git'", "allow: false"),
        ["main.bicep:5: policy.name: is 'git' and must be one of ftp, scm"]
    );
    assert_eq!(
        policy("'ftp'", "allowed: false"),
        [
            "main.bicep:6: policy.properties.allow: is required and missing",
            "main.bicep:7: policy.properties.allowed: is not a property of this type",
        ]
    );
}

#[test]
fn an_unknown_type_or_version_is_found() {
    assert_eq!(
        check_one(
            "resource a 'Microsoft.ServiceBus/namespaces/queue@2024-01-01' = {\n  name: 'a'\n}\n"
        ),
        [
            "main.bicep:1: a: no type Microsoft.ServiceBus/namespaces/queue is known; if it is right, add it with `--example trim_types`"
        ]
    );
    assert_eq!(
        check_one(
            "resource a 'Microsoft.ServiceBus/namespaces/queues@2042-01-01' = {\n  name: 'a'\n}\n"
        ),
        [
            "main.bicep:1: a: Microsoft.ServiceBus/namespaces/queues has no version 2042-01-01; known are 2024-01-01"
        ]
    );
}

#[test]
fn an_existing_resource_is_named_and_nothing_of_it_is_set() {
    let existing = |body: &str| {
        check_one(&format!(
            "resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {{\n  {body}\n}}\n"
        ))
    };
    assert_eq!(existing("name: 'evict'"), Vec::<String>::new());
    assert_eq!(
        existing("scope: resourceGroup('other')"),
        ["main.bicep:1: account.name: is required and missing"]
    );
    assert_eq!(
        existing("name: 'evict'\n  kind: 'StorageV2'"),
        ["main.bicep:3: account.kind: cannot be set on an existing resource"]
    );
}

#[test]
fn a_body_within_a_condition_a_loop_or_another_resource_is_checked() {
    let condition = "param make bool\nresource plan 'Microsoft.Web/serverfarms@2024-11-01' = if (make) {\n  name: 'plan'\n}\n";
    assert_eq!(
        check_one(condition),
        ["main.bicep:2: plan.location: is required and missing"]
    );
    let both = "param names array\nresource plans 'Microsoft.Web/serverfarms@2024-11-01' = [for name in names: if (name != 'a') {\n  name: name\n  location: 1\n}]\n";
    assert_eq!(
        check_one(both),
        ["main.bicep:4: plans.location: must be text, not 1"]
    );
    let nested = "resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {\n  name: 'bus'\n\n  resource topic 'topics' = {\n    name: 'a'\n\n    resource all 'subscriptions' = {\n      name: 'all'\n      properties: {\n        maxDelivery: 1\n      }\n    }\n  }\n}\n";
    assert_eq!(
        check_one(nested),
        ["main.bicep:10: all.properties.maxDelivery: is not a property of this type"]
    );
}

#[test]
fn what_a_name_or_condition_stands_for_is_checked_where_it_is_used() {
    let variable = "var rules = {\n  maxDeliveryCount: '10'\n}\nresource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {\n  name: 'a/b'\n  properties: rules\n}\n";
    assert_eq!(
        check_one(variable),
        ["main.bicep:2: queue.properties.maxDeliveryCount: must be a whole number, not '10'"]
    );
    let parameter = "param count string\nresource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {\n  name: 'a/b'\n  properties: {\n    maxDeliveryCount: count\n  }\n}\n";
    assert_eq!(
        check_one(parameter),
        ["main.bicep:5: queue.properties.maxDeliveryCount: must be a whole number, not text"]
    );
    let allowed = "@allowed(['Hot', 'Warm'])\nparam tier string\nresource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {\n  name: 'evict'\n  location: 'a'\n  kind: 'StorageV2'\n  sku: {\n    name: 'Standard_LRS'\n  }\n  properties: {\n    accessTier: tier\n  }\n}\n";
    assert_eq!(
        check_one(allowed),
        [
            "main.bicep:11: account.properties.accessTier: is 'Warm' and must be one of 'Hot', 'Cool', 'Premium', 'Cold'"
        ]
    );
    assert_eq!(
        queue("maxDeliveryCount: length('a') == 1 ? 1 : 'two'"),
        ["main.bicep:4: queue.properties.maxDeliveryCount: must be a whole number, not 'two'"]
    );
}

#[test]
fn a_type_without_a_definition_takes_any_body_and_still_counts_as_known() {
    let text =
        "resource a 'Example.Things/things@2024-01-01' = {\n  name: 'a'\n  colour: 'red'\n}\n";
    let mut folder = Folder::default();
    folder.add("main.bicep", text).unwrap();
    let mut types = types();
    assert_eq!(folder.check(&types).len(), 1);
    types.add_open("Example.Things/things@2024-01-01");
    assert!(folder.check(&types).is_empty());
}
