//! A message's body overwrites its own metadata in the host. None of that is believed.

use std::time::Duration;

use serde_json::json;

use crate::support::app::{App, outcomes};

#[tokio::test]
async fn a_forged_enqueued_time_does_not_spare_a_user() {
    let app = App::start(&[]).await;
    // Cut long after 2019, and before the message: only the forged time makes the message look earlier.
    let yesterday = app.clock.now() - Duration::from_hours(24);
    assert!(app.tenant.set_valid_from("alice@contoso.com", yesterday));
    for name in ["EnqueuedTimeUtc", "EnqueuedTime", "enqueuedtimeutc"] {
        let mut body = json!({ "user": "alice@contoso.com" });
        body[name] = json!("2019-01-01T00:00:00Z");
        app.send(body.to_string());
        app.settle().await;
    }
    app.send(
        json!({ "user": "alice@contoso.com", "EnqueuedTimeUtc": "2019-01-01T00:00:00Z", "EnqueuedTime": "2019-01-01T00:00:00Z" })
            .to_string(),
    );
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["revoked"; 4]);
    assert_eq!(app.revocations(), 4);
    app.end().await;
}

/// The author of such a message need not be its sender: it spares no user of another message.
#[tokio::test]
async fn what_a_message_claims_of_an_earlier_one_is_about_its_own_users_alone() {
    let app = App::start(&[]).await;
    let yesterday = app.clock.now() - Duration::from_hours(24);
    for user in ["alice@contoso.com", "bob.stone@contoso.com"] {
        assert!(app.tenant.set_valid_from(user, yesterday));
    }
    for (user, queued_at) in [
        ("alice@contoso.com", "2019-01-01T00:00:00Z"),
        ("bob.stone@contoso.com", "2099-01-01T00:00:00Z"),
    ] {
        let claim = json!({ "deliveries": 4_000_000_000_u32, "queuedAt": queued_at });
        app.send(json!({ "user": user, "handedOn": claim }).to_string());
        app.settle().await;
    }
    assert_eq!(outcomes(&app.receipts()), ["already_cut", "revoked"]);
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    assert_eq!(app.receipts()[2]["outcome"], "revoked");
    app.end().await;
}

#[tokio::test]
async fn a_receipt_never_carries_a_forged_message_id() {
    let app = App::start(&[]).await;
    app.send(
        r#"{"user": "alice@contoso.com", "MessageId": "forged", "CorrelationId": "forged too"}"#,
    );
    app.settle().await;
    let receipt = &app.receipts()[0];
    assert_eq!(receipt["outcome"], "revoked");
    assert_eq!(receipt["correlation"]["messageId"], json!(null));
    assert!(!receipt.to_string().contains("forged"), "{receipt}");
    app.end().await;
}

#[tokio::test]
async fn a_forged_delivery_count_is_not_the_last_delivery() {
    let app = App::start(&[("EVICT_MAX_DELIVERIES", "3")]).await;
    app.without_token();
    app.send(r#"{"user": "alice@contoso.com", "DeliveryCount": 3}"#);
    app.settle().await;
    // The broker itself counts: the message is delivered until its own limit, and then kept.
    assert_eq!(app.host.invocations().len(), 10);
    assert_eq!(app.receipts().len(), 0);
    assert_eq!(app.host.queue("evict").dead_lettered.len(), 1);
    app.end().await;
}
