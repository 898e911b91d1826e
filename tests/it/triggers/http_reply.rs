//! The HTTP trigger answers in the caller's time, with a status that describes the result.

use sandbox::tenant::Fault;
use serde_json::json;

use crate::faults::table::Watch;
use crate::support::app::{App, SOON, outcomes};
use crate::support::busy;

const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";

#[tokio::test]
async fn a_request_always_cuts() {
    let app = App::start(&[]).await;
    for _ in 0..2 {
        let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
        assert_eq!(answer.body["summary"]["revoked"], 1);
    }
    assert_eq!(app.revocations(), 2);
    app.end().await;
}

#[tokio::test]
async fn with_an_object_id_the_revoke_call_leaves_after_one_round_trip() {
    let app = App::start(&[(
        "EVICT_PROTECTED_GROUPS",
        "f448435d-3ca7-4073-8152-a1fd73c0fd09",
    )])
    .await;
    app.tenant.hold_answer("GET /v1.0/*");
    app.tenant.hold_answer("POST */checkMemberGroups");
    app.send(json!({ "user": ALICE }).to_string());
    // All reads before the cut are sent before any is answered.
    app.tenant.wait_for_calls("GET /v1.0/*", 2).await;
    app.tenant.wait_for_call("POST */checkMemberGroups").await;
    let before = app.tenant.calls().len();
    assert_eq!(before, 3);
    app.tenant.release_all();
    app.settle().await;
    let calls: Vec<String> = app
        .tenant
        .calls()
        .iter()
        .map(sandbox::tenant::CallRecord::line)
        .collect();
    assert!(calls[before].contains("revokeSignInSessions"), "{calls:?}");
    app.end().await;
}

#[tokio::test]
async fn with_a_user_principal_name_the_revoke_call_leaves_after_two_round_trips() {
    let app = App::start(&[(
        "EVICT_PROTECTED_GROUPS",
        "f448435d-3ca7-4073-8152-a1fd73c0fd09",
    )])
    .await;
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    let calls: Vec<String> = app
        .tenant
        .calls()
        .iter()
        .map(sandbox::tenant::CallRecord::line)
        .collect();
    let revoke = calls
        .iter()
        .position(|call| call.contains("revokeSignInSessions"))
        .unwrap();
    // The user first; then, at the same time, the memberships and whether the group exists.
    assert_eq!(revoke, 3, "{calls:?}");
    app.end().await;
}

#[tokio::test]
async fn two_subjects_that_are_one_user_are_cut_once_and_have_a_receipt_each() {
    let app = App::start(&[]).await;
    let body = include_str!("../../fixtures/inbound/sentinel-alert-unconnected-forms.json");
    let answer = app.post(body).await;
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["revoked", "revoked"]
    );
    assert_eq!(app.revocations(), 1);
    app.end().await;
}

#[tokio::test]
async fn every_kind_of_identifier_finds_its_user() {
    let app = App::start(&[]).await;
    let users = json!({"users": [
        {"sid": "S-1-5-21-898359651-226337246-2910964862-31937"},
        {"mail": "b.stone@contoso.com"},
        {"account": "CONTOSO\\svc_backup"},
        "kira.o'neil@contoso.com",
        {"sid": "S-1-12-1-1823270101-1184176597-2068834194-677884922"},
        {"mail": "front.desk@contoso.com"},
        {"account": "FABRIKAM\\dan.fisher"},
        "nobody@contoso.com",
    ]});
    let answer = app.post(users.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    let expected = [
        "revoked",
        "revoked",
        "revoked",
        "revoked",
        "revoked",
        "ambiguous",
        "ambiguous",
        "not_found",
    ];
    assert_eq!(outcomes(receipts), expected, "{}", answer.body);
    assert_eq!(receipts[4]["user"]["id"], ALICE);
    app.end().await;
}

#[tokio::test]
async fn what_is_not_final_by_the_deadline_is_handed_to_the_queue_and_finished_there() {
    let app = App::start(&[("EVICT_HTTP_DEADLINE_SECONDS", &busy::seconds(5))]).await;
    app.tenant
        .hold(format!("POST *{ALICE}/revokeSignInSessions").as_str());
    let users =
        json!({"users": ["bob.stone@contoso.com", "alice@contoso.com"], "reason": "token theft"});
    let answer = app.post(users.to_string()).await;
    assert_eq!(answer.status, 202);
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["revoked", "handed_over"]
    );

    app.tenant.release_all();
    app.settle().await;
    let from_queue: Vec<_> = app
        .host
        .invocations()
        .into_iter()
        .filter(|it| it.function == "RevokeFromQueue")
        .collect();
    let message = from_queue[0].request_body["Data"]["message"]
        .as_str()
        .unwrap();
    assert!(
        message.contains("alice") && !message.contains("bob"),
        "the remaining subjects alone"
    );
    let last = app.receipts().pop().unwrap();
    assert!(
        ["revoked", "already_cut"].contains(&last["outcome"].as_str().unwrap()),
        "{last}"
    );
    assert!(
        app.tenant
            .sessions_of(ALICE)
            .iter()
            .all(|session| !session.alive)
    );
    app.end().await;
}

#[tokio::test]
async fn what_was_begun_is_finished_and_logged_when_the_caller_leaves() {
    let app = App::start(&[]).await;
    let call = format!("POST *{ALICE}/revokeSignInSessions");
    app.tenant.hold(call.as_str());
    {
        let asked = app.post(json!({ "user": ALICE }).to_string());
        let held = app.tenant.wait_for_call(call.as_str());
        tokio::select! {
            _ = asked => panic!("answered although Graph was held"),
            _ = held => {}
        }
    }
    app.tenant.release_all();
    let is_logged = |host: &sandbox::functions::FunctionsHost| {
        host.worker_log()
            .iter()
            .any(|line| line.text.contains("receipt.made") && line.text.contains(ALICE))
    };
    app.host.wait_until(SOON, is_logged).await.unwrap();
    assert!(
        app.tenant
            .sessions_of(ALICE)
            .iter()
            .all(|session| !session.alive)
    );
    app.end().await;
}

#[tokio::test]
async fn a_chunked_request_is_told_what_to_send_instead() {
    let app = App::start(&[]).await;
    let answer = app.post_chunked(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(answer.status, 400);
    let text = answer.body.to_string();
    assert!(
        text.contains("Content-Length") && text.contains("chunked"),
        "{text}"
    );
    app.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_its_path() {
    let app = App::start(&[]).await;
    let answer = app.post(r#"{"users": 5}"#).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["alert"]["problem"]["path"], "$.users");
    app.end().await;
}

#[tokio::test]
async fn an_incident_whose_entities_have_not_arrived_is_told_from_one_that_has_none() {
    let app = App::start(&[]).await;
    let none = include_str!("../../fixtures/inbound/sentinel-incident-no-account.json");
    let answer = app.post(none).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["alert"]["verdict"], "nothing_to_do");
    assert_eq!(answer.body["alert"]["nothingToDo"], "no_account");

    let mut early: serde_json::Value = serde_json::from_str(none).unwrap();
    early["object"]["properties"]["relatedEntities"] = json!([]);
    let answer = app.post(early.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["alert"]["nothingToDo"], "entities_pending");
    app.end().await;
}

#[tokio::test]
async fn event_grid_gets_its_validation_code_back() {
    let app = App::start(&[]).await;
    let event = json!([{
        "id": "1", "topic": "/t", "subject": "", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": "2026-11-23T20:10:26Z", "data": {"validationCode": "0000-1111"}, "dataVersion": "1",
    }]);
    let answer = app.post(event.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["validationResponse"], "0000-1111");
    app.end().await;
}

#[tokio::test]
async fn a_refusal_names_the_missing_permission_and_the_age_of_the_token() {
    let app = App::start(&[]).await;
    app.tenant.remove_permission("User.RevokeSessions.All");
    app.tenant.revoke_app_tokens();
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["summary"]["failed"], 1);
    let detail = answer.body["receipts"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("User.RevokeSessions.All") && detail.contains("day"),
        "{detail}"
    );
    app.end().await;
}

#[tokio::test]
async fn a_refused_token_is_dropped_and_another_one_tried() {
    let app = App::start(&[]).await;
    app.post(r#"{"user": "bob.stone@contoso.com"}"#).await;
    let before = app.tenant.identity_calls().len();
    app.tenant.revoke_app_tokens();
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(answer.body["summary"]["revoked"], 1);
    assert_eq!(app.tenant.identity_calls().len(), before + 1);
    app.end().await;
}

#[tokio::test]
async fn a_throttled_call_is_made_again_no_sooner_than_graph_asks() {
    let app = App::start(&[]).await;
    app.tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").once().throttled("1"));
    let started = app.clock.now();
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(answer.body["summary"]["revoked"], 1);
    assert!(app.clock.now().duration_since(started) >= jiff::SignedDuration::from_secs(1));
    app.end().await;
}

#[tokio::test]
async fn the_comment_of_a_crowd_stays_within_what_an_incident_shows() {
    let app = App::start(&[]).await;
    let users: Vec<String> = (0..2_000)
        .map(|n| format!("somebody.with.a.long.name.{n}@contoso.com"))
        .collect();
    let answer = app.post(json!({ "users": users }).to_string()).await;
    // A thousand have separate receipts, and the others share one.
    assert_eq!(answer.body["receipts"].as_array().unwrap().len(), 1_001);
    assert!(answer.body["comment"].as_str().unwrap().chars().count() <= 30_000);
    assert!(
        app.tenant.calls().len() <= 25 * 3,
        "nobody beyond the cap is looked up"
    );
    app.end().await;
}

#[tokio::test]
async fn an_endless_answer_does_not_hold_the_caller_past_the_deadline() {
    let app = App::start(&[("EVICT_HTTP_DEADLINE_SECONDS", "5")]).await;
    app.tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").hang());
    let watch = Watch::start(&app);
    let asked = app.post(r#"{"user": "alice@contoso.com"}"#);
    let answer = tokio::time::timeout(SOON, asked).await.unwrap();
    watch.holds_for_caller(
        "an_endless_answer_does_not_hold_the_caller_past_the_deadline",
        &app,
        &answer,
    );
    app.tenant.faults().clear();
    app.settle().await;
    app.end().await;
}
