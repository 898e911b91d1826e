//! The queues, topics and roles of a deployment are those that the functions' bindings need, and no more.

use std::collections::BTreeSet;

use regex::Regex;
use template::judge::files_below;
use template::snapshot::Resource;

use crate::support::{app, bindings, deployment, deployments, entity, path, settings, word};

/// The roles that a template may give, and the applications that it may name.
const KNOWN: &str = "
    4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0 Azure Service Bus Data Receiver
    69a216fc-b8fb-44d8-bc22-1f3c2cd27a39 Azure Service Bus Data Sender
    acdd72a7-3385-48ef-bd42-f606fba81ae7 Reader
    b7e6dc6d-f1e8-4753-8033-0f276bb0955b Storage Blob Data Owner
    ba92f5b4-2d11-453d-a403-e96b0029c9fe Storage Blob Data Contributor
    3913510d-42f4-4e42-8a64-420c390055eb Monitoring Metrics Publisher
    3e150937-b8fe-4cfb-8069-0eaf05ecd056 Microsoft Sentinel Responder
    f4c81013-99ee-4d62-a7ee-b3f1f648599a Microsoft Sentinel Automation Contributor
    98785600-1bb7-4fb9-b9fa-19afe2c8a360 Azure Security Insights
    00000003-0000-0000-c000-000000000000 Microsoft Graph
";

/// The name that belongs to an id.
fn named(id: &str) -> &'static str {
    let mut known = KNOWN.lines().filter_map(|line| line.trim().split_once(' '));
    let found = known.find(|(guid, _)| id.ends_with(guid));
    found.unwrap_or_else(|| panic!("{id} is not known")).1
}

const ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments";

/// The name of the role that is given.
fn role(assignment: &Resource) -> &'static str {
    named(assignment.text("/properties/roleDefinitionId"))
}

/// The last name of what it is given on.
fn on(assignment: &Resource) -> &str {
    assignment.scope().rsplit('/').next().unwrap()
}

fn is_senders(assignment: &Resource) -> bool {
    let description = assignment.text("/properties/description");
    description.contains("may put alerts on the queue")
}

/// The queues and topics that the bindings name, each with the role that its direction needs.
fn needed() -> BTreeSet<(String, &'static str)> {
    let mut needed = BTreeSet::new();
    for binding in bindings() {
        let role = if binding["direction"] == "in" {
            "Azure Service Bus Data Receiver"
        } else {
            "Azure Service Bus Data Sender"
        };
        needed.extend(entity(&binding).map(|it| (it.to_owned(), role)));
    }
    needed
}

/// The schema of function.json takes any type that it does not know, a misspelt one too.
#[test]
fn every_binding_is_of_a_type_that_the_host_has() {
    for binding in bindings() {
        let known = ["httpTrigger", "http", "serviceBusTrigger", "serviceBus"];
        assert!(known.contains(&word(&binding["type"])), "{binding}");
    }
}

#[test]
fn every_queue_and_topic_that_a_function_names_is_made() {
    let deployment = deployment("default");
    let kinds = ["queues", "topics"].map(|it| format!("Microsoft.ServiceBus/namespaces/{it}"));
    let made = kinds.iter().flat_map(|kind| deployment.of(kind));
    let made: BTreeSet<_> = made.map(|it| it.own_name().to_owned()).collect();
    let named: BTreeSet<_> = needed().into_iter().map(|(entity, _)| entity).collect();
    assert_eq!(made, named);
}

#[test]
fn the_app_has_the_roles_of_its_bindings_its_storage_and_its_telemetry_and_no_other() {
    for name in ["default", "everything", "other-subscription"] {
        let deployment = deployment(name);
        let mut expected = needed();
        let made = |kind: &str| deployment.of(kind).next().unwrap().name.clone();
        let (account, component) = (
            made("Microsoft.Storage/storageAccounts"),
            made("Microsoft.Insights/components"),
        );
        expected.extend([
            ("evict".to_owned(), "Reader"),
            (account, "Storage Blob Data Owner"),
            ("evict-ledger".to_owned(), "Storage Blob Data Contributor"),
            (component, "Monitoring Metrics Publisher"),
        ]);
        if name == "everything" {
            let written = ["contoso-soc", "contoso-eu"];
            expected.extend(written.map(|it| (it.to_owned(), "Microsoft Sentinel Responder")));
        }
        let given = deployment.of(ASSIGNMENT).filter(|it| !is_senders(it));
        let given: BTreeSet<_> = given.map(|it| (on(it).to_owned(), role(it))).collect();
        assert_eq!(given, expected, "{name}");
    }
}

#[test]
fn an_identity_that_was_given_gets_the_roles_and_the_host_is_told_to_use_it() {
    let deployment = deployment("everything");
    for it in deployment.of(ASSIGNMENT).filter(|it| !is_senders(it)) {
        let principal = it.text("/properties/principalId");
        assert!(
            principal.contains("userAssignedIdentities/evict"),
            "{}",
            it.id
        );
    }
    let app = app(&deployment);
    assert_eq!(app.at("/identity/type"), "UserAssigned");
    let names: Vec<_> = settings(app).map(|(name, _)| name).collect();
    for name in [
        "AzureWebJobsStorage__clientId",
        "EvictServiceBus__clientId",
        "EVICT_CLIENT_ID",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    let storage = "/properties/functionAppConfig/deployment/storage/authentication/type";
    assert_eq!(app.at(storage), "UserAssignedIdentity");
}

#[test]
fn every_role_is_given_on_one_resource_to_one_kind_of_principal_for_a_reason() {
    let mut seen = 0;
    for deployment in deployments() {
        for it in deployment.of(ASSIGNMENT) {
            let place = format!("{}: {}", deployment.name, it.id);
            // Sentinel can be let start playbooks on their resource group alone.
            let on_group = it.scope().split('/').nth_back(1) == Some("resourceGroups");
            let is_sentinels = role(it) == "Microsoft Sentinel Automation Contributor";
            assert_eq!(on_group, is_sentinels, "{place}: {}", it.scope());
            assert!(!it.at("/properties/principalType").is_null(), "{place}");
            assert!(it.at("/properties/description").is_string(), "{place}");
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen}");
}

#[test]
fn an_id_that_stands_in_the_lists_of_senders_twice_gets_one_role() {
    let deployment = deployment("everything");
    let senders = deployment.of(ASSIGNMENT).filter(|it| is_senders(it));
    let kind = "/properties/principalType";
    let senders: Vec<_> = senders
        .map(|it| (on(it), role(it), it.text(kind)))
        .collect();
    let sender = "Azure Service Bus Data Sender";
    let kinds = ["ServicePrincipal", "Group"].map(|kind| ("evict", sender, kind));
    assert_eq!(senders, kinds);
}

#[test]
fn what_a_soc_has_given_already_is_not_given_again() {
    let least = deployment("sentinel-least");
    let mut roles = least.of(ASSIGNMENT).map(role);
    assert!(roles.all(|it| it == "Microsoft Sentinel Responder"));
    let whole = deployment("sentinel");
    let roles: BTreeSet<_> = whole.of(ASSIGNMENT).map(role).collect();
    assert!(roles.contains("Microsoft Sentinel Automation Contributor"));
}

#[test]
fn the_workspace_and_evict_may_be_in_other_subscriptions_than_the_playbooks() {
    let deployment = deployment("sentinel");
    for it in deployment.of("Microsoft.SecurityInsights/automationRules") {
        assert!(it.id.starts_with("/subscriptions/33333333-"), "{}", it.id);
    }
    let mut given = deployment.of(ASSIGNMENT);
    let sends = given.find(|it| role(it) == "Azure Service Bus Data Sender");
    let scope = sends.unwrap().scope();
    assert!(scope.starts_with("/subscriptions/44444444-"), "{scope}");
}

#[test]
fn every_id_in_a_template_is_known_and_named_beside_it() {
    let guid = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    for file in files_below(&path("infra"), "bicep").unwrap() {
        let source = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = source.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            for id in guid.find_iter(line) {
                let mut near = lines.iter().skip(number.saturating_sub(3)).take(7);
                let is_named = near.any(|it| it.contains(named(id.as_str())));
                assert!(is_named, "{}: {}", file.display(), id.as_str());
            }
        }
    }
}
