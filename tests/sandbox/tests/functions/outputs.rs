//! The worker's `Outputs`.

use sandbox::functions::{Event, LARGEST_MESSAGE_BYTES};
use serde_json::{Value, json};

use super::{LONG, package, scripted};

fn reply(outputs: &Value) -> Value {
    json!({"reply": {"Outputs": outputs, "Logs": ["one line"]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_become_messages_and_logs_are_kept() {
    let package = package();
    let host = package.start().await;
    let outputs = json!({"receipts": [{"specversion": "1.0"}, {"specversion": "1.0"}], "rejected": "aGVsbG8="});
    host.send("evict", scripted(&[reply(&outputs)])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.messages("evict-receipts").len(), 2);
    assert_eq!(
        host.messages("evict-receipts")[0].json(),
        Some(json!({"specversion": "1.0"}))
    );
    let rejected = &host.messages("evict-rejected")[0];
    assert_eq!(rejected.text(), Some("hello"));
    assert_eq!(rejected.message.content_type.as_deref(), Some("text/plain"));
    let parent = &rejected.message.application_properties["$AzureWebJobsParentId"];
    assert_eq!(
        parent.as_str().unwrap(),
        host.invocations()[0].id.to_string()
    );
    assert_eq!(host.invocations()[0].logs, ["one line"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_of_a_failed_invocation_are_not_looked_at() {
    let package = package();
    let host = package.start().await;
    let mut failed = reply(&json!({"receipts": ["lost"]}));
    failed["status"] = json!(500);
    host.send("evict", scripted(&[failed, json!({})])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert!(host.messages("evict-receipts").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_output_fails_the_invocation_although_the_others_were_written() {
    let package = package();
    let host = package.start().await;
    host.refuse_output("receipts", 1);
    let outputs = json!({"receipts": ["r"], "rejected": ["x"]});
    host.send("evict", scripted(&[reply(&outputs)])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.queue("evict").completed[0].delivery_count, 2);
    assert_eq!(host.messages("evict-receipts").len(), 1);
    assert_eq!(host.messages("evict-rejected").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_over_the_limit_is_refused() {
    let mut package = package();
    package.options.bus.max_delivery_count = 1;
    let host = package.start().await;
    // A message cannot contain 256 KB of JSON, so the reply has a form that grows when it is serialised again.
    let many = vec![json!([]); LARGEST_MESSAGE_BYTES / 8];
    let step = reply(&json!({"receipts": {"list": many}}));
    host.send("evict", scripted(&[step])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert!(host.messages("evict-receipts").is_empty());
    assert_eq!(host.queue("evict").dead_lettered.len(), 1);
    let refused = host.events().iter().any(|event| {
        matches!(event, Event::InvocationFailed { reason, .. } if reason.contains("MessageSizeExceeded"))
    });
    assert!(refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_the_function_does_not_have_is_passed_over_but_seen() {
    let package = package();
    let host = package.start().await;
    host.send("evict", scripted(&[reply(&json!({"Receipts": ["x"]}))]))
        .unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.queue("evict").completed.len(), 1);
    assert!(host.messages("evict-receipts").is_empty());
    assert!(host.events().contains(&Event::UnknownOutput {
        function: "RevokeFromQueue".to_owned(),
        output: "Receipts".to_owned(),
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_http_hands_over_comes_back_through_the_queue() {
    let package = package();
    let host = package.start().await;
    let step = reply(&json!({"handover": [{"steps": []}], "res": {"body": "later"}}));
    let response = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!(
            "{}/api/revoke?code={}",
            host.http_endpoint(),
            host.function_key()
        ))
        .body(json!({"steps": [step]}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(response.text().await.unwrap(), "later");
    host.wait_until_idle(LONG).await.unwrap();
    let functions: Vec<_> = host
        .invocations()
        .into_iter()
        .map(|record| record.function)
        .collect();
    assert_eq!(functions, ["RevokeFromAlert", "RevokeFromQueue"]);
}
