//! The numbers that belong together across the template, host.json and the handler's own settings.

use std::time::Duration;

use evict::config::{Fallback, Kind, REGISTRY};
use template::bicep::{Folder, Resource};
use template::duration::parse;

use crate::support::{infra, json};

/// The default of a setting that is a whole number, and the most that it can be.
fn number(name: &str) -> (u64, u64) {
    let setting = REGISTRY.iter().find(|it| it.name == name).unwrap();
    match (setting.fallback, setting.kind) {
        (Fallback::Text(text), Kind::Whole { most, .. }) => (text.parse().unwrap(), most.into()),
        other => panic!("{name}: {other:?}"),
    }
}

fn host(pointer: &str) -> Duration {
    let host = json("host.json");
    parse(host.pointer(pointer).unwrap().as_str().unwrap()).unwrap()
}

/// The longest that one delivery can take: the work, and the wait before it is given back.
fn longest_delivery() -> Duration {
    let (_, work) = number("EVICT_QUEUE_DEADLINE_SECONDS");
    let (_, wait) = number("EVICT_REDELIVERY_WAIT_SECONDS");
    Duration::from_secs(work + wait)
}

fn queue(infra: &Folder, name: &str) -> Resource {
    let declared = &infra
        .declarations("modules/service-bus.bicep")
        .unwrap()
        .resources;
    let is_it = |it: &&Resource| it.body.get("name").and_then(|it| it.as_text()) == Some(name);
    declared.iter().find(is_it).unwrap().clone()
}

fn span(resource: &Resource, property: &str) -> Duration {
    let value = resource.body.at(&format!("properties.{property}")).unwrap();
    parse(value.as_text().unwrap()).unwrap()
}

#[test]
fn a_delivery_ends_before_the_host_would_end_it_and_within_the_lock() {
    let timeout = host("/functionTimeout");
    let renewal = host("/extensions/serviceBus/maxAutoLockRenewalDuration");
    assert!(longest_delivery() < timeout);
    assert!(timeout <= renewal);
    let lock = span(&queue(&infra(), "evict"), "lockDuration");
    assert!(lock <= Duration::from_mins(5), "Service Bus allows no more");
    assert!(lock < renewal);
}

#[test]
fn a_message_outlives_all_of_its_deliveries() {
    let queue = queue(&infra(), "evict");
    let (deliveries, _) = number("EVICT_MAX_DELIVERIES");
    let each = longest_delivery() + span(&queue, "lockDuration");
    let all = each * u32::try_from(deliveries).unwrap();
    assert!(span(&queue, "defaultMessageTimeToLive") > all);
}

#[test]
fn no_queue_drops_a_message_in_silence() {
    let infra = infra();
    for name in ["evict", "evict-rejected"] {
        let queue = queue(&infra, name);
        let kept = queue.body.at("properties.deadLetteringOnMessageExpiration");
        assert_eq!(kept.unwrap().source, "true", "{name}");
    }
}

#[test]
fn the_queue_and_the_handler_count_the_same_deliveries() {
    let infra = infra();
    let property = queue(&infra, "evict");
    let property = property.body.at("properties.maxDeliveryCount").unwrap();
    assert_eq!(property.source, "maxDeliveryCount");
    let main = infra.declarations("main.bicep").unwrap();
    let call = main.modules.iter().find(|it| it.symbol == "serviceBus");
    let passed = call.unwrap().body.at("params.maxDeliveryCount").unwrap();
    assert_eq!(passed.source, "maxDeliveryCount");
    let settings = main.variables.iter().find(|it| it.name == "settings");
    let setting = settings.unwrap().value.get("EVICT_MAX_DELIVERIES").unwrap();
    assert_eq!(setting.source, "string(maxDeliveryCount)");
    let parameter = main
        .parameters
        .iter()
        .find(|it| it.name == "maxDeliveryCount");
    let default = parameter.unwrap().default.as_ref().unwrap();
    assert_eq!(default.source, number("EVICT_MAX_DELIVERIES").0.to_string());
}
