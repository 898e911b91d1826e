//! The numbers that belong together across the template, host.json and the handler's own settings.

use evict::config::{Fallback, Kind, REGISTRY};
use jiff::SignedDuration;
use template::snapshot::Resource;

use crate::support::{app, deployment, json, settings, span};

/// The default of a setting that is a whole number, and the most that it can be.
fn number(name: &str) -> (i64, i64) {
    let setting = REGISTRY.iter().find(|it| it.name == name).unwrap();
    match (setting.fallback, setting.kind) {
        (Fallback::Text(text), Kind::Whole { most, .. }) => (text.parse().unwrap(), most.into()),
        other => panic!("{name}: {other:?}"),
    }
}

fn host(pointer: &str) -> SignedDuration {
    span(
        json("host.json")
            .pointer(pointer)
            .unwrap()
            .as_str()
            .unwrap(),
    )
}

/// The longest that one delivery can take: the work, and the wait before it is given back.
fn longest_delivery() -> SignedDuration {
    let (_, work) = number("EVICT_QUEUE_DEADLINE_SECONDS");
    let (_, wait) = number("EVICT_REDELIVERY_WAIT_SECONDS");
    SignedDuration::from_secs(work + wait)
}

fn queue(name: &str) -> Resource {
    let deployment = deployment("default");
    let mut made = deployment.of("Microsoft.ServiceBus/namespaces/queues");
    made.find(|it| it.own_name() == name).unwrap().clone()
}

fn of_queue(property: &str) -> SignedDuration {
    span(queue("evict").text(&format!("/properties/{property}")))
}

#[test]
fn a_delivery_ends_before_the_host_would_end_it_and_within_the_lock() {
    let timeout = host("/functionTimeout");
    let renewal = host("/extensions/serviceBus/maxAutoLockRenewalDuration");
    assert!(longest_delivery() < timeout);
    assert!(timeout <= renewal);
    let lock = of_queue("lockDuration");
    assert!(
        lock <= SignedDuration::from_mins(5),
        "Service Bus allows no more"
    );
    assert!(lock < renewal);
}

#[test]
fn a_message_outlives_all_of_its_deliveries_and_is_not_dropped_in_silence() {
    let (deliveries, _) = number("EVICT_MAX_DELIVERIES");
    let each = longest_delivery() + of_queue("lockDuration");
    assert!(of_queue("defaultMessageTimeToLive") > each * i32::try_from(deliveries).unwrap());
    for name in ["evict", "evict-rejected"] {
        let dead_letters = "/properties/deadLetteringOnMessageExpiration";
        assert_eq!(queue(name).at(dead_letters), true, "{name}");
    }
}

#[test]
fn looking_at_what_waits_for_a_person_does_not_take_it_away() {
    let deployment = deployment("default");
    let rejected = queue("evict-rejected");
    let receipts = deployment.of("Microsoft.ServiceBus/namespaces/topics/subscriptions");
    for it in receipts.chain([&rejected]) {
        assert_eq!(it.at("/properties/maxDeliveryCount"), 2000, "{}", it.name);
    }
}

#[test]
fn the_queue_and_the_handler_count_the_same_deliveries() {
    let count = queue("evict").at("/properties/maxDeliveryCount").clone();
    let deployment = deployment("default");
    let mut settings = settings(app(&deployment));
    let (_, expected) = settings
        .find(|(name, _)| *name == "EVICT_MAX_DELIVERIES")
        .unwrap();
    assert_eq!(expected, count.to_string());
    assert_eq!(count, number("EVICT_MAX_DELIVERIES").0);
}
