//! Messages: delivered, given back, given up.

use sandbox::functions::{Event, FunctionsHost, InvocationState, Message};
use serde_json::json;

use super::{LONG, package, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_answered_with_200_is_completed() {
    let package = package();
    let host = package.start().await;
    let sent = host.send("evict", told(&[])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    let queue = host.queue("evict");
    assert_eq!(queue.completed.len(), 1);
    assert!(queue.dead_lettered.is_empty());
    let invocation = host.invocations().remove(0);
    assert_eq!(invocation.function, "RevokeFromQueue");
    assert_eq!(invocation.state, InvocationState::Succeeded);
    assert_eq!(invocation.message_id.as_deref(), Some(sent.message_id()));
    assert_eq!(
        invocation.request_body["Metadata"]["DeliveryCount"],
        json!("1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_answer_brings_the_message_again_with_a_higher_count() {
    let package = package();
    let host = package.start().await;
    let steps = [
        json!({"status": 500}),
        json!({"status": 404}),
        json!({"status": 204, "reply": {}}),
        json!({}),
    ];
    host.send("evict", told(&steps)).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    let counts: Vec<_> = host
        .invocations()
        .iter()
        .map(|record| (record.delivery_count, record.status))
        .collect();
    // 204 has no body, and nothing cannot be parsed.
    assert_eq!(
        counts,
        [
            (Some(1), Some(500)),
            (Some(2), Some(404)),
            (Some(3), Some(204)),
            (Some(4), Some(200)),
        ]
    );
    assert_eq!(host.queue("evict").completed[0].delivery_count, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_is_dead_lettered_after_the_last_delivery() {
    let package = package();
    let host = package.start().await;
    host.send("evict", told(&[json!({"status": 500})])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.invocations().len(), 10);
    let queue = host.queue("evict");
    assert!(queue.completed.is_empty());
    let dead = queue.dead_lettered[0].dead_letter.clone().unwrap();
    assert_eq!(dead.reason, "MaxDeliveryCountExceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_not_the_contract_fails_the_invocation() {
    let package = package();
    let host = package.start().await;
    let steps = [
        json!({"raw": "not json"}),
        json!({"contentType": "text/plain"}),
        json!({}),
    ];
    host.send("evict", told(&steps)).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    let failures: Vec<_> = host
        .invocations()
        .into_iter()
        .map(|record| record.state)
        .collect();
    let failed = |state: &InvocationState, reason: &str| match state {
        InvocationState::Failed(told) => told.contains(reason),
        InvocationState::Running | InvocationState::Succeeded => false,
    };
    assert!(failed(&failures[0], "cannot be parsed"), "{failures:?}");
    assert!(failed(&failures[1], "not application/json"), "{failures:?}");
    assert_eq!(failures[2], InvocationState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_delivery_count_reaches_the_worker_and_does_not_fool_the_broker() {
    let mut package = package();
    package.options.bus.max_delivery_count = 2;
    let host = package.start().await;
    let body = json!({"DeliveryCount": 1, "steps": [{"status": 500}]});
    host.send("evict", Message::json(&body)).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    let last = host.invocations().pop().unwrap();
    assert_eq!(last.delivery_count, Some(2));
    assert_eq!(
        last.request_body["Metadata"]["DeliveryCount"],
        json!("\"1\"")
    );
    assert_eq!(host.queue("evict").dead_lettered.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_text_never_reaches_the_worker() {
    let mut package = package();
    package.options.bus.max_delivery_count = 2;
    let host = package.start().await;
    host.send("evict", Message::of([0xff, 0xfe])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert!(
        host.invocations()
            .iter()
            .all(|record| record.status.is_none())
    );
    assert_eq!(host.queue("evict").dead_lettered.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_run_at_the_same_time_than_host_json_allows() {
    let package = package();
    package.edit("host.json", |host| {
        host["extensions"]["serviceBus"]["maxConcurrentCalls"] = json!(2);
    });
    let host = package.start().await;
    for _ in 0..5 {
        host.send("evict", told(&[json!({"hang": true})])).unwrap();
    }
    host.wait_until(LONG, |host| host.running() == 2)
        .await
        .unwrap();
    let queue = host.queue("evict");
    assert_eq!((queue.locked.len(), queue.active.len()), (2, 3));
    assert_eq!(host.invocations().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_past_the_function_timeout_fails() {
    let mut package = package();
    package.options.function_timeout = Some(std::time::Duration::from_millis(200));
    let host = package.start().await;
    host.send("evict", told(&[json!({"hang": true}), json!({})]))
        .unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.queue("evict").completed[0].delivery_count, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_ends_before_the_reply_delivers_the_message_twice() {
    let mut package = package();
    package.options.bus.lock_duration = std::time::Duration::from_secs(1);
    package.options.function_timeout = Some(std::time::Duration::from_secs(3));
    package.edit("host.json", |host| {
        host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"] = json!("00:00:00");
    });
    let host = package.start().await;
    host.send("evict", told(&[json!({"hang": true}), json!({})]))
        .unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert!(host.queue("evict").completed[0].delivery_count >= 2);
    let lost = |event: &Event| matches!(event, Event::LockLost { .. });
    host.wait_until(LONG, |host| host.events().iter().any(lost))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_one_queue_and_a_dead_one_loses_no_message() {
    let mut package = package();
    package.options.bus.lock_duration = std::time::Duration::from_secs(2);
    package.edit("host.json", |host| {
        host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"] = json!("00:00:00");
    });
    let first = package.start().await;
    first
        .send("evict", told(&[json!({"hang": true}), json!({})]))
        .unwrap();
    first
        .wait_until(LONG, |host| host.running() == 1)
        .await
        .unwrap();
    package.options.broker = Some(first.broker());
    first.shutdown().await;
    assert_eq!(first.queue("evict").locked[0].delivery_count, 1);
    let second: FunctionsHost = package.start().await;
    second.wait_until_idle(LONG).await.unwrap();
    assert!(second.queue("evict").completed[0].delivery_count >= 2);
}
