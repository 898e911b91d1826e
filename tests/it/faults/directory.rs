//! The directory changes during the alert, or its clock differs.

use std::time::Duration;

use jiff::SignedDuration;
use sandbox::tenant::Fault;
use serde_json::json;

use super::table::Watch;
use super::{ALICE, REVOKE, about, about_alice, is_cut};
use crate::support::app::{App, SOON, Start, outcomes};

const CAROL: &str = "482c590e-0d97-42bf-8dc8-3011ac8efe12";

#[tokio::test]
async fn a_permission_removed_in_mid_alert_fails_the_rest_alone() {
    let app = App::start(&[]).await;
    let carol = format!("POST /v1.0/users/{CAROL}/revokeSignInSessions");
    app.tenant.hold(carol.as_str());
    let watch = Watch::start(&app);
    app.send(about(5));
    app.tenant.wait_for_call(carol.as_str()).await;
    // Four are finished, with a revocation and a read back each.
    let done = async {
        while app
            .tenant
            .calls()
            .iter()
            .filter(|call| call.status == Some(200))
            .count()
            < 13
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, done).await.unwrap();
    app.tenant.remove_permission("User.RevokeSessions.All");
    app.tenant.revoke_app_tokens();
    app.tenant.release_all();
    app.settle().await;
    watch.holds_for_queue(
        "a_permission_removed_in_mid_alert_fails_the_rest_alone",
        &app,
    );
    let detail = app.receipts()[2]["detail"].to_string();
    assert!(detail.contains("User.RevokeSessions.All"), "{detail}");
    app.end().await;
}

/// A message that is delivered twice, with clocks that differ by ten minutes: the user is cut, the cut is verified, and
/// the second delivery recognises it.
async fn clocks_apart(test: &str, clocks_ahead: SignedDuration) {
    let app = App::start_with(Start {
        clocks_ahead,
        ..Start::default()
    })
    .await;
    // The property has a time before the alert, which is later than the alert on a clock that is ten minutes behind.
    let before = app.clock.now() - Duration::from_mins(5);
    assert!(app.tenant.set_valid_from(ALICE, before));
    app.host.refuse_output("receipts", 1);
    let read = format!("GET /v1.0/users/{ALICE}");
    app.tenant.hold(read.as_str());
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(read.as_str()).await;
    // The cut is in a later second than the message.
    app.clock.advance(Duration::from_secs(5));
    app.tenant.release_all();
    app.settle().await;
    let told = |host: &sandbox::functions::FunctionsHost| {
        let log = host.worker_log();
        let mut receipts = log.iter().filter(|line| line.text.contains("receipt.made"));
        let first = receipts.next();
        first.is_some_and(|line| {
            line.text
                .contains(r#"\"receipt\":\"revoked\",\"verified\":true"#)
        })
    };
    app.host.wait_until(SOON, told).await.unwrap();
    assert_eq!(app.revocations(), 1);
    assert!(is_cut(&app));
    watch.holds_for_queue(test, &app);
    app.end().await;
}

#[tokio::test]
async fn a_clock_ten_minutes_behind_decides_nothing() {
    clocks_apart(
        "a_clock_ten_minutes_behind_decides_nothing",
        SignedDuration::from_mins(10),
    )
    .await;
}

#[tokio::test]
async fn a_clock_ten_minutes_ahead_decides_nothing() {
    clocks_apart(
        "a_clock_ten_minutes_ahead_decides_nothing",
        SignedDuration::from_mins(-10),
    )
    .await;
}

#[tokio::test]
async fn a_cut_that_was_lost_is_not_verified_whatever_our_clock_says() {
    // Graph reports success and does nothing. Another cut moved the property five minutes ago, which is in the future
    // on a clock that is ten minutes behind.
    let app = App::start_with(Start {
        settings: &[("EVICT_VERIFY_SECONDS", "1")],
        clocks_ahead: SignedDuration::from_mins(10),
        ..Start::default()
    })
    .await;
    assert!(
        app.tenant
            .set_valid_from(ALICE, app.clock.now() - Duration::from_mins(5))
    );
    app.tenant.faults().add(Fault::on(REVOKE).answer(204));
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    let test = "a_cut_that_was_lost_is_not_verified_whatever_our_clock_says";
    watch.holds_for_caller(test, &app, &answer);
    app.host.wait_until_idle(SOON).await.unwrap();
    app.end().await;
}

const GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
const BREAK_GLASS: &str = "e93f6b20-1a4d-4c85-9b7e-0d5c2f8a6e41";

#[tokio::test]
async fn a_group_that_hides_its_members_withholds_until_they_may_be_seen() {
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", GROUP)]).await;
    let hidden = Some("HiddenMembership");
    assert!(
        app.tenant
            .set_group_visibility(GROUP.parse().unwrap(), hidden)
    );
    let watch = Watch::start(&app);
    app.send(json!({ "user": BREAK_GLASS }).to_string());
    app.settle().await;
    watch.holds_for_queue(
        "a_group_that_hides_its_members_withholds_until_they_may_be_seen",
        &app,
    );
    let receipts = app.receipts();
    let detail = receipts[0]["detail"].to_string();
    assert!(detail.contains("Member.Read.Hidden"), "{detail}");
    assert_eq!(app.revocations(), 0);
    // With the permission the group protects like any other.
    app.tenant.grant("Member.Read.Hidden");
    app.tenant.revoke_app_tokens();
    let users = json!({ "users": [BREAK_GLASS, "alice@contoso.com"] });
    // Graph refuses the current token, and the next one has the permission.
    app.post(users.to_string()).await;
    let answer = app.post(users.to_string()).await;
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["withheld protected_group", "revoked"]
    );
    app.end().await;
}

#[tokio::test]
async fn a_group_that_is_not_there_withholds_and_loses_nobody() {
    let nobody = "11111111-2222-4333-8444-555555555555";
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", nobody)]).await;
    let watch = Watch::start(&app);
    app.send(json!({ "user": ALICE }).to_string());
    app.settle().await;
    watch.holds_for_queue("a_group_that_is_not_there_withholds_and_loses_nobody", &app);
    app.end().await;
}
