//! Messages: delivered, abandoned, dead-lettered.

use sandbox::functions::{
    BodyKind, Event, FunctionsHost, InvocationRecord, InvocationState, Message,
};
use serde_json::json;

use super::{LONG, package, scripted};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_answered_with_200_is_completed() {
    let package = package();
    let host = package.start().await;
    let sent = host.send("evict", scripted(&[])).unwrap();
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
    let steps = [json!({"status": 500}), json!({"status": 404}), json!({})];
    host.send("evict", scripted(&steps)).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    let counts: Vec<_> = host
        .invocations()
        .iter()
        .map(|record| (record.delivery_count, record.status))
        .collect();
    assert_eq!(
        counts,
        [
            (Some(1), Some(500)),
            (Some(2), Some(404)),
            (Some(3), Some(200)),
        ]
    );
    assert_eq!(host.queue("evict").completed[0].delivery_count, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_answer_of_nothing_the_host_waits_until_the_time_is_over() {
    for step in [
        json!({"status": 204, "raw": ""}),
        json!({"raw": " "}),
        json!({"raw": "null"}),
    ] {
        let mut package = package();
        package.options.function_timeout = Some(std::time::Duration::from_millis(200));
        let host = package.start().await;
        host.send("evict", scripted(&[step, json!({})])).unwrap();
        host.wait_until_idle(LONG).await.unwrap();
        let InvocationState::Failed(reason) = &host.invocations()[0].state else {
            panic!("{:?}", host.invocations());
        };
        assert!(reason.starts_with("no reply within"), "{reason}");
        assert_eq!(host.worker_starts(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_is_dead_lettered_after_the_last_delivery() {
    let package = package();
    let host = package.start().await;
    host.send("evict", scripted(&[json!({"status": 500})]))
        .unwrap();
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
    host.send("evict", scripted(&steps)).unwrap();
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
async fn a_body_that_is_no_text_reaches_the_worker_as_text() {
    let package = package();
    let host = package.start().await;
    let text = "{\"steps\": [{\"say\": \"é\"}]}";
    let utf_16 = text.encode_utf16().flat_map(u16::to_le_bytes);
    let body: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf_16).collect();
    host.send("evict", Message::of(body)).unwrap();
    host.send("evict", Message::of(*b"caf\xe9")).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    // The log line arrives by another way than the answer.
    let said = |host: &FunctionsHost| host.worker_log().iter().any(|line| line.text == "é");
    host.wait_until(LONG, said).await.unwrap();
    let mut texts: Vec<_> = host
        .invocations()
        .iter()
        .map(|record| record.request_body["Data"]["message"].clone())
        .collect();
    texts.sort_by_key(|text| text.as_str().map(str::len));
    assert_eq!(texts[0], json!("\"caf\u{fffd}\""));
    assert_eq!(host.queue("evict").completed.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amqp_sequence_never_reaches_the_worker() {
    let mut package = package();
    package.options.bus.max_delivery_count = 2;
    let host = package.start().await;
    let sequence = Message {
        body_kind: BodyKind::Sequence,
        ..Message::of("[1, 2]")
    };
    host.send("evict", sequence).unwrap();
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
        host.send("evict", scripted(&[json!({"hang": true})]))
            .unwrap();
    }
    host.wait_until(LONG, |host| host.running() == 2)
        .await
        .unwrap();
    let queue = host.queue("evict");
    assert_eq!((queue.locked.len(), queue.active.len()), (2, 3));
    assert_eq!(host.invocations().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_past_the_function_timeout_ends_the_worker_with_all_that_it_was_doing() {
    let mut package = package();
    package.options.function_timeout = Some(std::time::Duration::from_secs(5));
    let host = package.start().await;
    host.send("evict", scripted(&[json!({"hang": true}), json!({})]))
        .unwrap();
    let timed_out = |event: &Event| matches!(event, Event::FunctionTimedOut { .. });
    host.wait_until(LONG, |host| host.events().iter().any(timed_out))
        .await
        .unwrap();
    // Its own time-out has just started.
    host.send("evict", scripted(&[json!({"hang": true}), json!({})]))
        .unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    let completed = host.queue("evict").completed;
    let counts: Vec<_> = completed.iter().map(|it| it.delivery_count).collect();
    assert_eq!(counts, [2, 2]);
    let failed = |record: &InvocationRecord| match record.state.clone() {
        InvocationState::Failed(reason) => Some(reason),
        InvocationState::Running | InvocationState::Succeeded => None,
    };
    let reasons: Vec<_> = host.invocations().iter().filter_map(failed).collect();
    assert!(reasons[0].starts_with("no reply within"), "{reasons:?}");
    assert!(reasons[1].contains("gave no answer"), "{reasons:?}");
    assert_eq!(host.worker_starts(), 2);
    assert!(host.events().contains(&Event::WorkerExited { code: 137 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_ended_for_a_timeout_has_not_failed() {
    let mut package = package();
    package.options.function_timeout = Some(std::time::Duration::from_millis(100));
    let host = package.start().await;
    let mut steps = vec![json!({"hang": true}); 4];
    steps.push(json!({}));
    host.send("evict", scripted(&steps)).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.queue("evict").completed[0].delivery_count, 5);
    assert_eq!(host.worker_starts(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_succeeds_after_the_listener_has_stopped_is_published_and_given_back() {
    let mut package = package();
    let first = package.start().await;
    let receipt = json!({"Outputs": {"receipts": ["r"]}});
    let steps = [
        json!({"say": "waiting", "wait": true, "reply": receipt}),
        json!({"reply": receipt}),
    ];
    first.send("evict", scripted(&steps)).unwrap();
    let waits = |host: &FunctionsHost| host.worker_log().iter().any(|line| line.text == "waiting");
    first.wait_until(LONG, waits).await.unwrap();
    first.stop_listening();
    let release = json!({"steps": [{"release": true}]}).to_string();
    let url = format!(
        "{}/api/revoke?code={}",
        first.http_endpoint(),
        first.function_key()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.post(url).body(release).send().await.unwrap();
    first
        .wait_until(LONG, |host| host.running() == 0)
        .await
        .unwrap();
    let given_back = |host: &FunctionsHost| host.messages("evict").len() == 1;
    first.wait_until(LONG, given_back).await.unwrap();
    assert_eq!(first.messages("evict-receipts").len(), 1);
    assert_eq!(first.invocations()[0].state, InvocationState::Succeeded);

    package.options.broker = Some(first.broker());
    let second = package.start().await;
    second.wait_until_idle(LONG).await.unwrap();
    assert_eq!(second.queue("evict").completed[0].delivery_count, 2);
    assert_eq!(second.messages("evict-receipts").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_switched_off_takes_no_message() {
    let package = package().with_variable("AzureWebJobs.RevokeFromQueue.Disabled", "true");
    let host = package.start().await;
    host.send("evict", scripted(&[])).unwrap();
    let url = format!(
        "{}/api/check?code={}",
        host.http_endpoint(),
        host.function_key()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(client.get(url).send().await.unwrap().status().is_success());
    assert_eq!(host.messages("evict").len(), 1);
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
    host.send("evict", scripted(&[json!({"hang": true}), json!({})]))
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
        .send("evict", scripted(&[json!({"hang": true}), json!({})]))
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
