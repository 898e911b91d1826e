//! A misfiring rule must not sign out a company, and a person who intends to must be able to.

use std::time::Duration;

use sandbox::tenant::{Fault, World, WorldUser};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::faults::table::Watch;
use crate::support::app::{App, outcomes};

const REVOKE: &str = "POST */revokeSignInSessions";

/// Longer than a test runs.
const LONG: Duration = Duration::from_mins(10);

/// A world with `count` users `u0@contoso.com` and so on.
fn crowd(count: u128) -> World {
    let mut world = World::default_contoso().unwrap();
    for n in 0..count {
        let id = Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + n);
        world
            .users
            .push(WorldUser::member(id, &format!("u{n}@contoso.com")).signed_in_with("Outlook"));
    }
    world
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("u{n}@contoso.com")).collect()
}

fn receipts(answer: &Value) -> Vec<Value> {
    answer["receipts"].as_array().unwrap().clone()
}

#[tokio::test]
async fn over_the_cap_per_alert_the_remainder_is_withheld_with_a_message_that_lifts_it() {
    let app = App::start_in(crowd(30), &[]).await;
    let answer = app.post(json!({ "users": names(0..30) }).to_string()).await;
    let receipts = receipts(&answer.body);
    let mut expected = vec!["revoked"; 25];
    expected.extend(["withheld blast_radius"; 5]);
    assert_eq!(outcomes(&receipts), expected);
    assert_eq!(receipts[25]["policy"], "EVICT_MAX_USERS_PER_ALERT");
    assert_eq!(app.revocations(), 25);

    let confirm = &answer.body["alert"]["confirm"][0];
    assert_eq!(confirm["expect"], 5);
    assert!(answer.body["comment"].as_str().unwrap().contains("expect"));
    let again = app.post(confirm.to_string()).await;
    assert_eq!(again.body["summary"]["revoked"], 5, "{}", again.body);
    assert_eq!(app.revocations(), 30);
    app.end().await;
}

#[tokio::test]
async fn expect_lifts_the_cap_per_alert_for_that_message_alone() {
    let app = App::start_in(crowd(60), &[]).await;
    let answer = app
        .post(json!({ "users": names(0..30), "expect": 30 }).to_string())
        .await;
    assert_eq!(answer.body["summary"]["revoked"], 30);
    let answer = app
        .post(json!({ "users": names(30..60) }).to_string())
        .await;
    assert_eq!(answer.body["summary"]["revoked"], 25);
    app.end().await;
}

#[tokio::test]
async fn an_expect_that_is_not_the_number_of_users_cuts_nobody() {
    let app = App::start(&[]).await;
    let body = json!({"users": ["alice@contoso.com", "bob.stone@contoso.com"], "expect": 1});
    let answer = app.post(body.to_string()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["alert"]["problem"]["path"], "$.expect");
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn the_cap_per_hour_holds_over_alerts_and_counts_no_user_twice() {
    let app = App::start_in(crowd(12), &[("EVICT_MAX_USERS_PER_HOUR", "5")]).await;
    let first = app.post(json!({ "users": names(0..3) }).to_string()).await;
    assert_eq!(first.body["summary"]["revoked"], 3);
    let second = app.post(json!({ "users": names(3..9) }).to_string()).await;
    assert_eq!(second.body["summary"]["revoked"], 2);
    assert_eq!(second.body["summary"]["withheld"], 4);
    let withheld: Vec<Value> = receipts(&second.body)
        .into_iter()
        .filter(|receipt| receipt["outcome"] == "withheld")
        .collect();
    assert_eq!(withheld[0]["reason"], "blast_radius");
    assert_eq!(withheld[0]["policy"], "EVICT_MAX_USERS_PER_HOUR");
    // A person's `expect` lifts the cap per alert, not the one per hour.
    let third = app
        .post(json!({ "users": names(9..12), "expect": 3 }).to_string())
        .await;
    assert_eq!(third.body["summary"]["revoked"], 0);
    assert_eq!(app.revocations(), 5);
    app.end().await;
}

#[tokio::test]
async fn alerts_at_the_same_time_never_pass_the_cap_per_hour() {
    let app = App::start_in(crowd(40), &[("EVICT_MAX_USERS_PER_HOUR", "17")]).await;
    let watch = Watch::start(&app);
    for n in 0..10 {
        app.send(json!({ "users": names(n * 4..n * 4 + 4) }).to_string());
    }
    app.settle().await;
    watch.holds_for_queue("alerts_at_the_same_time_never_pass_the_cap_per_hour", &app);
    assert_eq!(app.receipts().len(), 40);
    assert_eq!(
        app.receipts()
            .iter()
            .filter(|receipt| receipt["outcome"] == "revoked")
            .count(),
        17
    );
    assert_eq!(app.revocations(), 17);
    app.end().await;
}

#[tokio::test]
async fn who_was_not_cut_costs_no_place_of_the_hour() {
    let app = App::start_in(crowd(2), &[("EVICT_MAX_USERS_PER_HOUR", "1")]).await;
    let users = json!({"users": ["nobody@contoso.com", "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com"]});
    app.post(users.to_string()).await;
    let answer = app.post(json!({ "users": names(0..1) }).to_string()).await;
    assert_eq!(answer.body["summary"]["revoked"], 1);
    app.end().await;
}

/// The outcome of a second user, if one may be cut in an hour and the first one's revocation failed in this way.
async fn outcome_after(failure: Vec<Fault>) -> String {
    let settings = [
        ("EVICT_MAX_USERS_PER_HOUR", "1"),
        ("EVICT_VERIFY_SECONDS", "0"),
    ];
    let app = App::start_in(crowd(2), &settings).await;
    app.tenant.set_replication_lag(LONG);
    for fault in failure {
        app.tenant.faults().add(fault);
    }
    let first = app.post(json!({ "users": names(0..1) }).to_string()).await;
    assert_eq!(first.body["summary"]["failed"], 1, "{}", first.body);
    let second = app.post(json!({ "users": names(1..2) }).to_string()).await;
    app.end().await;
    outcomes(&receipts(&second.body)).remove(0)
}

#[tokio::test]
async fn whoever_may_have_been_cut_keeps_a_place_of_the_hour_and_whoever_surely_was_not_does_not() {
    let refused = || Fault::on(REVOKE).once().answer(403);
    assert_eq!(outcome_after(vec![refused()]).await, "revoked");
    let lost = Fault::on(REVOKE).once().after_effect().reset();
    let unclear = outcome_after(vec![lost, refused()]).await;
    assert_eq!(unclear, "withheld blast_radius");
}

#[tokio::test]
async fn a_grave_enough_alert_is_acted_on_and_a_person_always() {
    let app = App::start(&[("EVICT_MIN_SEVERITY", "high")]).await;
    let medium = include_str!("../../fixtures/inbound/graph-risk-detection.json");
    let answer = app.post(medium).await;
    assert_eq!(
        outcomes(&receipts(&answer.body)),
        ["withheld below_minimum_severity"]
    );
    let high = include_str!("../../fixtures/inbound/graph-risky-user.json");
    assert_eq!(outcomes(&receipts(&app.post(high).await.body)), ["revoked"]);
    let unstated = include_str!("../../fixtures/inbound/sentinel-entity-trigger.json");
    assert_eq!(
        outcomes(&receipts(&app.post(unstated).await.body)),
        ["revoked"]
    );
    let manual = r#"{"user": "dan.fisher@contoso.com", "severity": "low"}"#;
    assert_eq!(
        outcomes(&receipts(&app.post(manual).await.body)),
        ["revoked"]
    );
    app.end().await;
}
