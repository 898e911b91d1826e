//! The times of a receipt: when its alert was made, when it arrived, the start of valid sessions, and when that was
//! read. Messages that go on keep the first two.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::app::{App, outcomes};

const TRIGGER: &str = include_str!("../../sandbox/alerts/sentinel-incident.json");

/// When its alert was made.
const MADE_AT: &str = "2026-10-02T08:20:03.8840351Z";

/// The incident with an alert that was made at that time.
fn trigger_made(at: Timestamp) -> String {
    TRIGGER.replace(MADE_AT, &at.to_string())
}

fn time(receipt: &Value, name: &str) -> Timestamp {
    let text = receipt[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {receipt}"));
    text.parse().unwrap()
}

#[tokio::test]
async fn a_receipt_tells_how_fast_it_was() {
    let app = App::start(&[]).await;
    app.send(TRIGGER.to_owned());
    app.settle().await;
    let receipts = app.receipts();
    let cut = &receipts[0];
    assert_eq!(cut["alertAt"], MADE_AT);
    assert_eq!(cut["source"], "sentinel-incident-trigger");
    assert_eq!(cut["cutAt"], cut["sessionsValidFrom"]["after"]);
    let second = SignedDuration::from_secs(1);
    assert!(
        time(cut, "receivedAt") <= time(cut, "cutAt") + second,
        "{cut}"
    );
    assert!(time(cut, "cutAt") <= time(cut, "provedAt"), "{cut}");
    assert!(time(cut, "provedAt") <= time(cut, "at"), "{cut}");
    let not_cut = receipts
        .iter()
        .find(|it| it["outcome"] == "not_effective")
        .unwrap();
    assert!(not_cut.get("cutAt").is_none() && not_cut.get("provedAt").is_none());
    app.end().await;
}

/// Work that exceeds a caller's time is another message of the same alert.
#[tokio::test]
async fn what_goes_on_is_measured_from_the_first_message() {
    let app = App::start(&[]).await;
    app.without_token();
    let answer = app.post(TRIGGER.to_owned()).await;
    assert_eq!(answer.status, 202);
    app.tenant.faults().clear();
    app.settle().await;
    let receipts = app.receipts();
    let cut: Vec<&Value> = receipts
        .iter()
        .filter(|it| it["outcome"] == "revoked")
        .collect();
    assert!(!cut.is_empty(), "{:?}", outcomes(&receipts));
    for receipt in cut {
        assert_eq!(receipt["alertAt"], MADE_AT);
        assert_eq!(receipt["source"], "sentinel-incident-trigger");
    }
    app.end().await;
}

#[tokio::test]
async fn the_caller_reads_how_long_after_the_alert_somebody_was_signed_out() {
    let app = App::start(&[]).await;
    let made = app.clock.now() - SignedDuration::from_secs(7 * 60 + 30);
    let answer = app.post(trigger_made(made)).await;
    let comment = answer.body["comment"].as_str().unwrap();
    assert!(
        comment.contains(" UTC, 7 min after the alert, and verified"),
        "{comment}"
    );
    app.end().await;
}

/// A person's order has no alert before it, and a clock that is ahead must not report a cut before its alert.
#[tokio::test]
async fn where_no_time_is_known_or_right_none_is_told() {
    let app = App::start(&[]).await;
    let answer = app
        .post(json!({"user": "alice@contoso.com"}).to_string())
        .await;
    assert!(answer.body["receipts"][0].get("alertAt").is_none());
    let ahead = app.clock.now() + SignedDuration::from_hours(1);
    let answer = app.post(trigger_made(ahead)).await;
    let comment = answer.body["comment"].as_str().unwrap();
    assert!(!comment.contains("after the alert"), "{comment}");
    app.end().await;
}

/// The goal, from a message's enqueuing to the proof of its cut.
#[tokio::test]
async fn outside_a_storm_every_cut_is_proved_within_a_minute() {
    let app = App::start(&[]).await;
    for round in 0..10 {
        for user in [
            "alice@contoso.com",
            "bob.stone@contoso.com",
            "carol.nunez@contoso.com",
        ] {
            app.send(json!({"user": user, "reason": format!("round {round}")}).to_string());
        }
    }
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(receipts.len(), 30);
    for receipt in &receipts {
        let took = time(receipt, "provedAt").duration_since(time(receipt, "receivedAt"));
        assert!(took < SignedDuration::from_secs(60), "{receipt}");
    }
    app.end().await;
}
