//! The queues, topics and roles of the template are those that the functions' bindings need, and no more.

use std::collections::{BTreeMap, BTreeSet};

use template::bicep::{Declarations, Resource, Value};

use crate::support::{infra, json, text};

/// The roles and applications that a template may name.
const KNOWN: &[(&str, &str)] = &[
    (
        "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
        "Azure Service Bus Data Receiver",
    ),
    (
        "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
        "Azure Service Bus Data Sender",
    ),
    (
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "Storage Blob Data Owner",
    ),
    (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
    ),
    (
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "Monitoring Metrics Publisher",
    ),
    (
        "3e150937-b8fe-4cfb-8069-0eaf05ecd056",
        "Microsoft Sentinel Responder",
    ),
    (
        "f4c81013-99ee-4d62-a7ee-b3f1f648599a",
        "Microsoft Sentinel Automation Contributor",
    ),
    (
        "98785600-1bb7-4fb9-b9fa-19afe2c8a360",
        "Azure Security Insights",
    ),
    ("00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
];

/// Where a role is given on the resource group, because the service that needs it can only be given it there: Sentinel,
/// to start the playbooks in it.
const ON_THE_RESOURCE_GROUP: &[&str] = &["sentinel/automation-role.bicep"];

const FUNCTIONS: &[&str] = &["RevokeFromQueue", "RevokeFromAlert", "Check"];

/// What a resource is called in Azure, if that is written out.
fn name(resource: &Resource) -> Option<&str> {
    resource.body.get("name").and_then(Value::as_text)
}

/// The queues and topics that the bindings name, each with the role that its direction needs.
fn needed() -> BTreeSet<(String, &'static str)> {
    let mut needed = BTreeSet::new();
    for function in FUNCTIONS {
        let function = json(&format!("function/{function}/function.json"));
        for binding in function["bindings"].as_array().unwrap() {
            let entity = binding["queueName"]
                .as_str()
                .or(binding["topicName"].as_str());
            let role = match binding["direction"].as_str().unwrap() {
                "in" => "serviceBusDataReceiver",
                _ => "serviceBusDataSender",
            };
            needed.extend(entity.map(|it| (it.to_owned(), role)));
        }
    }
    needed
}

fn assignments(declarations: &Declarations) -> impl Iterator<Item = &Resource> {
    declarations.resources.iter().filter(|it| {
        it.kind
            .starts_with("Microsoft.Authorization/roleAssignments@")
    })
}

#[test]
fn every_queue_and_topic_that_a_function_names_is_made() {
    let infra = infra();
    let bus = infra.declarations("modules/service-bus.bicep").unwrap();
    let made: BTreeSet<_> = bus
        .resources
        .iter()
        .filter(|it| it.kind.contains("/queues@") || it.kind.contains("/topics@"))
        .filter_map(name)
        .collect();
    let needed = needed();
    let named: BTreeSet<_> = needed.iter().map(|(entity, _)| entity.as_str()).collect();
    assert_eq!(made, named);
}

#[test]
fn the_app_has_on_each_queue_and_topic_the_roles_of_its_bindings_and_no_other() {
    let infra = infra();
    let roles = infra.declarations("modules/app-roles.bicep").unwrap();
    let entities: BTreeMap<_, _> = roles
        .resources
        .iter()
        .filter(|it| it.existing)
        .filter_map(|it| Some((format!("serviceBus::{}", it.symbol), name(it)?)))
        .collect();
    let given: BTreeSet<_> = assignments(roles)
        .filter_map(|it| {
            let scope = &it.body.get("scope")?.source;
            let role = &it.body.at("properties.roleDefinitionId")?.source;
            let role = role.strip_suffix(')')?.rsplit('.').next()?.to_owned();
            scope.starts_with("serviceBus").then(|| {
                (
                    entities.get(scope).copied().unwrap_or(scope).to_owned(),
                    role,
                )
            })
        })
        .collect();
    let needed: BTreeSet<_> = needed()
        .into_iter()
        .map(|(entity, role)| (entity, role.to_owned()))
        .collect();
    assert_eq!(given, needed);
}

#[test]
fn every_role_is_given_on_one_resource_to_one_kind_of_principal_for_a_reason() {
    let mut seen = 0;
    for (file, document) in infra().documents() {
        for it in assignments(&document.declarations) {
            let place = format!("{file}: {}", it.symbol);
            let source = |path: &str| it.body.at(path).map_or("", |it| it.source.as_str());
            assert!(source("name").starts_with("guid("), "{place}");
            let scope = source("scope");
            let on_group = ON_THE_RESOURCE_GROUP.contains(&file);
            assert_eq!(scope.is_empty(), on_group, "{place}: scope {scope:?}");
            assert!(
                !scope.contains('('),
                "{place} has a scope of its own making"
            );
            assert!(!source("properties.principalType").is_empty(), "{place}");
            let reasons = [it.comment.as_str(), source("properties.description")];
            assert!(
                reasons.iter().any(|it| !it.is_empty()),
                "{place} says no reason"
            );
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn senders_may_send_to_the_queue_and_do_nothing_else() {
    let infra = infra();
    let senders = infra.declarations("modules/sender-roles.bicep").unwrap();
    for it in assignments(senders) {
        assert_eq!(it.body.get("scope").unwrap().source, "serviceBus::alerts");
        let role = &it.body.at("properties.roleDefinitionId").unwrap().source;
        assert!(role.ends_with(", serviceBusDataSender)"), "{role}");
    }
    let queue = senders.resources.iter().find(|it| it.symbol == "alerts");
    assert_eq!(queue.and_then(name), Some("evict"));
}

/// The GUIDs in a line.
fn guids(line: &str) -> impl Iterator<Item = &str> {
    line.split(|it: char| !it.is_ascii_hexdigit() && it != '-')
        .filter(|it| it.len() == 36 && it.matches('-').count() == 4)
}

#[test]
fn every_id_in_a_template_is_known_and_named_beside_it() {
    for (file, _) in infra().documents() {
        let source = text(&format!("infra/{file}"));
        let lines: Vec<_> = source.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            for guid in guids(line) {
                let known = KNOWN.iter().find(|(id, _)| *id == guid);
                let (_, name) = known.unwrap_or_else(|| panic!("{file}: {guid} is not known"));
                let mut near = lines.iter().skip(number.saturating_sub(3)).take(7);
                let is_named = near.any(|it| it.contains(name));
                assert!(
                    is_named,
                    "{file}:{}: nothing near it names {name}",
                    number + 1
                );
            }
        }
    }
}
