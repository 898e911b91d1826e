//! The main task: an alert arrives, the flagged users' sessions are cut, and a receipt is returned.

use serde_json::json;

use crate::support::app::{App, outcomes};

#[tokio::test]
async fn a_message_cuts_its_users_and_publishes_a_receipt_for_each() {
    let app = App::start(&[]).await;
    app.send(json!({"users": ["alice@contoso.com", "bob.stone@contoso.com"]}).to_string());
    app.settle().await;

    assert_eq!(outcomes(&app.receipts()), ["revoked", "revoked"]);
    assert!(
        app.tenant
            .sessions_of("alice@contoso.com")
            .iter()
            .all(|session| !session.alive)
    );
    assert!(
        app.tenant
            .sessions_of("carol.nunez@contoso.com")
            .iter()
            .all(|session| session.alive)
    );
    assert_eq!(app.revocations(), 2);
    assert_eq!(app.host.queue("evict").dead_lettered.len(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_request_cuts_its_users_and_answers_with_a_receipt_for_each() {
    let app = App::start(&[]).await;
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["summary"]["revoked"], 1);
    assert_eq!(answer.body["receipts"][0]["verified"], true);
    assert!(
        app.tenant
            .sessions_of("alice@contoso.com")
            .iter()
            .all(|session| !session.alive)
    );
    app.end().await;
}
