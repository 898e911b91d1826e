//! Graph carries out a cut and its answer is lost on the way: the report states what is read back.

use std::time::Duration;

use sandbox::tenant::Fault;
use serde_json::{Value, json};

use crate::support::app::{App, outcomes};

const REVOKE: &str = "POST */revokeSignInSessions";

#[tokio::test]
async fn a_cut_whose_answer_is_lost_is_asked_for_again() {
    let app = App::start(&[("EVICT_QUEUE_DEADLINE_SECONDS", "30")]).await;
    app.tenant
        .faults()
        .add(Fault::on(REVOKE).after_effect().once().reset());
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["revoked"]);
    assert_eq!(app.revocations(), 2);
    app.end().await;
}

/// The receipt of a user whose cut was carried out while its answer was lost, and whose second cut Graph refuses.
async fn cut_and_then_refused(lag: Duration) -> Value {
    let app = App::start(&[("EVICT_VERIFY_SECONDS", "1")]).await;
    app.tenant.set_replication_lag(lag);
    let revoke = || Fault::on(REVOKE).once();
    app.tenant.faults().add(revoke().after_effect().reset());
    app.tenant.faults().add(revoke().answer(400));
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    let receipt = app.receipts().remove(0);
    app.end().await;
    receipt
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_is_judged_by_what_is_read_back() {
    let shows = cut_and_then_refused(Duration::ZERO).await;
    assert_eq!(
        (&shows["outcome"], &shows["verified"]),
        (&json!("revoked"), &json!(true))
    );
    let detail = shows["detail"].as_str().unwrap();
    assert!(detail.contains("was lost"), "{detail}");
    let since = &shows["sessionsValidFrom"];
    assert!(
        since["after"].as_str() > since["before"].as_str(),
        "{since}"
    );

    let does_not = cut_and_then_refused(Duration::from_hours(1)).await;
    assert_eq!(does_not["outcome"], "failed");
    let since = &does_not["sessionsValidFrom"];
    assert!(since["after"].is_string(), "{since}");
    for receipt in [shows, does_not] {
        assert_eq!(receipt["calls"].as_array().unwrap().len(), 2, "{receipt}");
    }
}
