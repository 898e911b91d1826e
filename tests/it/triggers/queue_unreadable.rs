//! An unreadable message is neither retried nor lost; a message that names nobody is completed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::app::{App, outcomes};

#[tokio::test]
async fn a_malformed_message_goes_to_the_rejected_ones_with_its_body_and_the_reason() {
    let app = App::start(&[]).await;
    app.send(r#"{"users": 5}"#);
    app.settle().await;
    assert_eq!(app.host.invocations().len(), 1);
    assert_eq!(app.host.queue("evict").completed.len(), 1);
    let rejected = app.host.messages("evict-rejected")[0].json().unwrap();
    assert_eq!(rejected["receivedBody"], r#"{"users": 5}"#);
    assert_eq!(rejected["problem"]["path"], "$.users");
    assert!(rejected["rejectedBecause"].as_str().unwrap().len() > 20);
    assert_eq!(app.receipts().len(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_large_body_that_cannot_be_read_is_kept_whole() {
    let app = App::start(&[]).await;
    let body = format!("{{\"users\": [\"{}\"", "x".repeat(240_000));
    app.send(body.clone());
    app.settle().await;
    let mut parts = Vec::new();
    for message in app.host.messages("evict-rejected") {
        let message = message.json().unwrap();
        match message["receivedBody"].as_str() {
            Some(text) => parts.extend_from_slice(text.as_bytes()),
            None => parts.extend(
                STANDARD
                    .decode(message["receivedBodyBase64"].as_str().unwrap())
                    .unwrap(),
            ),
        }
    }
    assert!(
        parts == body.as_bytes(),
        "{} bytes of {}",
        parts.len(),
        body.len()
    );
    app.end().await;
}

#[tokio::test]
async fn a_message_that_names_no_user_is_completed_and_says_what_it_named() {
    let app = App::start(&[]).await;
    let body = include_str!("../../fixtures/inbound/sentinel-securityalert-system-machine.json");
    app.send(body);
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["not_a_user"; 3]);
    assert_eq!(app.host.messages("evict-rejected").len(), 0);
    assert_eq!(app.tenant.calls().len(), 0);
    app.end().await;
}

#[tokio::test]
async fn an_empty_message_is_rejected_with_words() {
    let app = App::start(&[]).await;
    app.send("");
    app.settle().await;
    let rejected = app.host.messages("evict-rejected")[0].json().unwrap();
    assert_eq!(rejected["problem"]["path"], "$");
    app.end().await;
}
