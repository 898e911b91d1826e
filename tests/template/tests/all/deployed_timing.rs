//! The numbers that belong together across the template, host.json and the handler's own settings.

use std::time::Duration;

use evict::config::{Fallback, Kind, REGISTRY};
use template::duration::parse;
use template::snapshot::{Resource, Snapshot};

use crate::support::{deployment, json};

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

fn queue(deployment: &Snapshot, name: &str) -> Resource {
    let mut made = deployment.of("Microsoft.ServiceBus/namespaces/queues");
    made.find(|it| it.name.ends_with(&format!("/{name}")))
        .unwrap()
        .clone()
}

fn span(resource: &Resource, property: &str) -> Duration {
    let value = resource.at(&format!("/properties/{property}"));
    parse(value.as_str().unwrap()).unwrap()
}

#[test]
fn a_delivery_ends_before_the_host_would_end_it_and_within_the_lock() {
    let timeout = host("/functionTimeout");
    let renewal = host("/extensions/serviceBus/maxAutoLockRenewalDuration");
    assert!(longest_delivery() < timeout);
    assert!(timeout <= renewal);
    let lock = span(&queue(&deployment("default"), "evict"), "lockDuration");
    assert!(lock <= Duration::from_mins(5), "Service Bus allows no more");
    assert!(lock < renewal);
}

#[test]
fn a_message_outlives_all_of_its_deliveries() {
    let queue = queue(&deployment("default"), "evict");
    let (deliveries, _) = number("EVICT_MAX_DELIVERIES");
    let each = longest_delivery() + span(&queue, "lockDuration");
    let all = each * u32::try_from(deliveries).unwrap();
    assert!(span(&queue, "defaultMessageTimeToLive") > all);
}

#[test]
fn no_queue_drops_a_message_in_silence() {
    let deployment = deployment("default");
    for name in ["evict", "evict-rejected"] {
        let queue = queue(&deployment, name);
        assert_eq!(
            queue.at("/properties/deadLetteringOnMessageExpiration"),
            true,
            "{name}"
        );
    }
}

#[test]
fn looking_at_what_waits_for_a_person_does_not_take_it_away() {
    let deployment = deployment("default");
    let rejected = queue(&deployment, "evict-rejected");
    let receipts = deployment.of("Microsoft.ServiceBus/namespaces/topics/subscriptions");
    for it in receipts.chain([&rejected]) {
        assert_eq!(it.at("/properties/maxDeliveryCount"), 2000, "{}", it.name);
    }
}

#[test]
fn the_queue_and_the_handler_count_the_same_deliveries() {
    for name in ["default", "everything"] {
        let deployment = deployment(name);
        let count = queue(&deployment, "evict")
            .at("/properties/maxDeliveryCount")
            .clone();
        let app = deployment.of("Microsoft.Web/sites").next().unwrap();
        let settings = app
            .at("/properties/siteConfig/appSettings")
            .as_array()
            .unwrap();
        let told = settings
            .iter()
            .find(|it| it["name"] == "EVICT_MAX_DELIVERIES")
            .unwrap();
        assert_eq!(told["value"], count.to_string());
        assert_eq!(count, number("EVICT_MAX_DELIVERIES").0);
    }
}
