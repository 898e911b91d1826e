//! The promises of a queue: nothing is lost, nobody is cut twice, and unfinished work is reported all the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandbox::tenant::Fault;
use serde_json::{Value, json};

use crate::faults::table::Watch;
use crate::support::app::{App, SOON, outcomes};
use crate::support::busy::{patience, seconds};

const FIVE: [&str; 5] = [
    "alice@contoso.com",
    "bob.stone@contoso.com",
    "carol.nunez@contoso.com",
    "dan.fisher@contoso.com",
    "erin.walsh@contoso.com",
];

const CAROL: &str = "482c590e-0d97-42bf-8dc8-3011ac8efe12";

fn five() -> String {
    json!({ "users": FIVE, "reason": "token theft", "severity": "high" }).to_string()
}

fn revoke_of(id: &str) -> String {
    format!("POST /v1.0/users/{id}/revokeSignInSessions")
}

/// A sender chooses the id of a message, and may choose one twice.
#[tokio::test]
async fn two_messages_of_one_id_have_events_of_their_own() {
    let app = App::start(&[]).await;
    for _ in 0..2 {
        let message = sandbox::functions::Message {
            message_id: Some("INC-4711".to_owned()),
            ..sandbox::functions::Message::of(r#"{"user": "alice@contoso.com"}"#)
        };
        app.host.send("evict", message).unwrap();
        app.settle().await;
    }
    let events = app.host.messages("evict-receipts");
    let ids: Vec<Value> = events
        .iter()
        .map(|event| event.json().unwrap()["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    app.end().await;
}

/// Each receipt costs a log line, an event and a part of the reply, so subjects far beyond the cap are reported as a
/// number.
#[tokio::test]
async fn accounts_far_beyond_the_cap_have_one_receipt_together() {
    let app = App::start(&[]).await;
    let users: Vec<String> = (0..3_000)
        .map(|number| format!("nobody{number}@contoso.com"))
        .collect();
    let answer = app.post(json!({ "users": users }).to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 1_001);
    assert_eq!(receipts[1_000]["subject"], "2000 more accounts");
    assert_eq!(receipts[1_000]["reason"], "blast_radius");
    assert_eq!(
        answer.body["summary"]["not_found"], 25,
        "{}",
        answer.body["summary"]
    );
    app.end().await;
}

#[tokio::test]
async fn what_is_final_is_told_at_once_and_the_rest_goes_on_until_the_last_delivery() {
    let app = App::start(&[
        ("EVICT_MAX_DELIVERIES", "2"),
        ("EVICT_QUEUE_DEADLINE_SECONDS", &seconds(5)),
    ])
    .await;
    app.tenant
        .faults()
        .add(Fault::on(revoke_of(CAROL).as_str()).answer(503));
    let watch = Watch::start(&app);
    app.send_with_id("INC-4711", five());
    app.settle().await;

    let receipts = app.receipts();
    let subjects: Vec<&str> = receipts
        .iter()
        .map(|receipt| receipt["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects[..5], FIVE);
    assert_eq!(subjects[5..], ["carol.nunez@contoso.com"]);
    assert_eq!(
        outcomes(&receipts),
        [
            "revoked",
            "revoked",
            "handed_over",
            "revoked",
            "revoked",
            "deferred"
        ]
    );
    assert_eq!(receipts[2]["calls"][0]["status"], 503, "{}", receipts[2]);
    // One id finds the receipts of both messages.
    for receipt in &receipts[..5] {
        assert_eq!(receipt["correlation"]["messageId"], "INC-4711", "{receipt}");
    }
    assert_eq!(receipts[5]["correlation"]["correlationId"], "INC-4711");
    assert_eq!(app.host.invocations().len(), 2);
    assert_eq!(app.host.queue("evict").dead_lettered.len(), 0);

    let rejected = app.host.messages("evict-rejected");
    assert_eq!(rejected.len(), 1);
    let message = rejected[0].json().unwrap();
    assert_eq!(message["users"].as_array().unwrap().len(), 1);

    watch.holds(
        "what_is_final_is_told_at_once_and_the_rest_goes_on_until_the_last_delivery",
        &app,
        "5 receipts, and 1 more; 1 in `evict-rejected`",
    );
    // Put back unchanged, it is finished once Graph has recovered.
    app.tenant.faults().clear();
    app.send(message.to_string());
    app.settle().await;
    assert_eq!(app.receipts().last().unwrap()["outcome"], "revoked");
    assert!(
        app.tenant
            .sessions_of("carol.nunez@contoso.com")
            .iter()
            .all(|session| !session.alive)
    );
    app.end().await;
}

/// Alice is cut and read back; then Graph is unavailable until the last delivery.
#[tokio::test]
async fn no_receipt_denies_a_cut_that_an_earlier_delivery_made() {
    let app = App::start(&[
        ("EVICT_MAX_DELIVERIES", "3"),
        ("EVICT_QUEUE_DEADLINE_SECONDS", &seconds(5)),
    ])
    .await;
    app.tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/bob.stone@contoso.com").answer(503));
    app.tenant.hold("GET /v1.0/users/bob.stone@contoso.com");
    app.send(r#"{"users": ["alice@contoso.com", "bob.stone@contoso.com"]}"#);
    app.host
        .wait_until(SOON, |_| app.revocations() == 1)
        .await
        .unwrap();
    app.tenant.release_all();
    app.host
        .wait_until(SOON, |host| host.messages("evict-receipts").len() == 2)
        .await
        .unwrap();
    app.tenant.faults().add(Fault::on("*").answer(503));
    app.settle().await;

    assert_eq!(
        outcomes(&app.receipts()),
        ["revoked", "handed_over", "deferred"]
    );
    assert_eq!(app.receipts()[0]["verified"], true);
    let letters = app.host.messages("evict-rejected");
    assert_eq!(letters.len(), 1);
    let letter = letters[0].text().unwrap();
    assert!(!letter.contains("alice"), "{letter}");
    assert!(letter.contains("bob.stone"), "{letter}");
    assert_eq!(app.revocations(), 1);
    app.end().await;
}

/// An answer was lost on the way: the cut is in force, and nobody knows. The message that goes on carries the time from
/// which to look.
#[tokio::test]
async fn who_was_cut_before_a_message_went_on_is_not_cut_again() {
    let app = App::start(&[("EVICT_QUEUE_DEADLINE_SECONDS", &seconds(5))]).await;
    let lost = Fault::on(revoke_of(CAROL).as_str()).after_effect();
    app.tenant.faults().add(lost.answer(503));
    app.tenant.hold(format!("GET /v1.0/users/{CAROL}").as_str());
    app.send(json!({ "users": ["alice@contoso.com", CAROL] }).to_string());
    app.tenant
        .wait_for_call(format!("GET /v1.0/users/{CAROL}").as_str())
        .await;
    // The cut is in a later second than the message.
    app.clock.advance(Duration::from_secs(2));
    app.tenant.faults().add(
        Fault::on(format!("GET /v1.0/users/{CAROL}").as_str())
            .after_calls(1)
            .answer(503),
    );
    app.tenant.release_all();
    app.host
        .wait_until(SOON, |host| host.messages("evict-receipts").len() == 2)
        .await
        .unwrap();
    app.tenant.faults().clear();
    app.settle().await;
    assert_eq!(
        outcomes(&app.receipts()),
        ["revoked", "handed_over", "already_cut"]
    );
    app.end().await;
}

/// The topic of receipts is unavailable: each later delivery waits, although the host delivers again at once.
#[tokio::test]
async fn outputs_that_cannot_be_written_repeat_no_cut_in_a_row() {
    let app = App::start(&[("EVICT_REDELIVERY_WAIT_SECONDS", "2")]).await;
    app.host.refuse_output("receipts", 2);
    let sent = tokio::time::Instant::now();
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    assert_eq!(app.host.invocations().len(), 3);
    // 2 s after the first delivery and 4 s after the second, measured in whole seconds.
    assert!(
        sent.elapsed() >= Duration::from_secs(5),
        "{:?}",
        sent.elapsed()
    );
    // Whether or not the cut lies in the second of the enqueuing.
    assert_eq!(app.revocations(), 1);
    assert_eq!(outcomes(&app.receipts()), ["already_cut"]);
    app.end().await;
}

/// The time alone does not distinguish this cut from one before the alert: by Graph's clock it is earlier than the
/// message.
#[tokio::test]
async fn a_cut_in_or_before_the_second_of_the_enqueuing_is_known_to_the_process_that_made_it() {
    let app = App::start(&[]).await;
    app.host.refuse_output("receipts", 2);
    app.tenant.hold("GET /v1.0/users/*");
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.tenant.wait_for_call("GET /v1.0/users/*").await;
    app.clock.set_offset(SignedDuration::from_secs(-30));
    app.tenant.release_all();
    app.settle().await;
    assert_eq!(app.host.invocations().len(), 3);
    assert_eq!(app.revocations(), 1);
    assert_eq!(outcomes(&app.receipts()), ["already_cut"]);
    app.end().await;
}

/// Another administrator has cut her in the second in which the message came, before or after it.
#[tokio::test]
async fn a_cut_of_somebody_else_in_the_second_of_the_enqueuing_spares_nobody() {
    let app = App::start(&[]).await;
    app.tenant.hold("GET /v1.0/users/*");
    app.send(r#"{"user": "alice@contoso.com"}"#);
    let queued = &app.host.queue("evict");
    let held = queued.active.iter().chain(&queued.locked).next().unwrap();
    let second = held.enqueued_at.as_second();
    let second = Timestamp::from_second(second).unwrap();
    assert!(app.tenant.set_valid_from("alice@contoso.com", second));
    app.tenant.release_all();
    app.settle().await;
    assert_eq!(app.revocations(), 1);
    assert_eq!(outcomes(&app.receipts()), ["revoked"]);
    app.end().await;
}

#[tokio::test]
async fn the_same_message_delivered_three_times_cuts_once() {
    let app = App::start(&[]).await;
    app.host.refuse_output("receipts", 2);
    app.tenant.hold("GET /v1.0/users/*");
    let watch = Watch::start(&app);
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.tenant.wait_for_call("GET /v1.0/users/*").await;
    // The cut is in a later second than the message.
    app.clock.advance(Duration::from_secs(5));
    app.tenant.release_all();
    app.settle().await;

    assert_eq!(app.host.invocations().len(), 3);
    assert_eq!(app.revocations(), 1);
    assert_eq!(outcomes(&app.receipts()), ["already_cut"]);
    // It says since when: the value read before, and the current one.
    let since = &app.receipts()[0]["sessionsValidFrom"];
    assert!(since["after"].is_string(), "{since}");
    assert_eq!(since["before"], since["after"]);
    watch.holds_for_queue("the_same_message_delivered_three_times_cuts_once", &app);
    app.end().await;
}

#[tokio::test]
async fn two_names_of_one_user_share_what_was_read_before_the_cut() {
    let app = App::start(&[("EVICT_CONCURRENCY", "1")]).await;
    // Nothing in the message connects the two, and the second is looked up after the cut.
    let alice = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
    app.send(json!({ "users": ["alice@contoso.com", alice] }).to_string());
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(outcomes(&receipts), ["revoked", "revoked"]);
    assert_eq!(app.revocations(), 1);
    let valid_from = &receipts[0]["sessionsValidFrom"];
    assert!(valid_from["before"] != valid_from["after"], "{valid_from}");
    assert_eq!(receipts[1]["sessionsValidFrom"], *valid_from);
    app.end().await;
}

/// Its receipts are published, and the message to `evict-rejected` is refused: the message is delivered again.
#[tokio::test]
async fn the_id_of_a_receipts_event_is_repeated_by_a_redelivery() {
    let app = App::start(&[]).await;
    app.tenant.remove_permission("User.RevokeSessions.All");
    app.tenant.revoke_app_tokens();
    app.host.refuse_output("rejected", 1);
    app.send(five());
    app.settle().await;
    let events = app.host.messages("evict-receipts");
    let ids: Vec<Value> = events
        .iter()
        .map(|event| event.json().unwrap()["id"].clone())
        .collect();
    assert_eq!(ids.len(), 10, "{ids:?}");
    assert_eq!(ids[..5], ids[5..]);
    app.end().await;
}

#[tokio::test]
async fn receipts_are_cloud_events_that_name_a_user_by_object_id_alone() {
    let app = App::start(&[]).await;
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    let message = &app.host.messages("evict-receipts")[0];
    assert!(message.text().unwrap().len() < 64 * 1024);
    let mut event = message.json().unwrap();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["subject"], "6cace4d5-19d5-4695-92e7-4f7bfab36728");
    assert_eq!(
        event["data"]["user"]["userPrincipalName"],
        "alice@contoso.com"
    );
    event.as_object_mut().unwrap().remove("data");
    assert!(!event.to_string().contains("alice"), "{event}");
    app.end().await;
}

#[tokio::test]
async fn a_refused_output_brings_the_message_again_and_loses_no_receipt() {
    let app = App::start(&[]).await;
    app.host.refuse_output("receipts", 1);
    let watch = Watch::start(&app);
    app.send(five());
    app.settle().await;
    assert_eq!(app.host.invocations().len(), 2);
    assert_eq!(app.receipts().len(), 5);
    watch.holds(
        "a_refused_output_brings_the_message_again_and_loses_no_receipt",
        &app,
        "5 receipts",
    );
    app.end().await;
}

#[tokio::test]
async fn the_handler_killed_in_mid_alert_loses_nobody() {
    for after_effect in [false, true] {
        let app = App::start(&[]).await;
        let call = revoke_of(CAROL);
        if after_effect {
            app.tenant.hold_answer(call.as_str());
        } else {
            app.tenant.hold(call.as_str());
        }
        app.tenant.hold("GET /v1.0/users/alice@contoso.com");
        let watch = Watch::start(&app);
        app.send(five());
        app.tenant
            .wait_for_call("GET /v1.0/users/alice@contoso.com")
            .await;
        app.clock.advance(Duration::from_secs(5));
        app.tenant.release("GET /v1.0/users/alice@contoso.com");
        app.tenant.wait_for_call(call.as_str()).await;
        assert!(app.host.kill_worker().await);
        app.tenant.release_all();
        app.settle().await;

        assert!(app.host.worker_starts() > 1);
        assert_eq!(app.receipts().len(), 5);
        for name in FIVE {
            assert!(
                app.tenant
                    .sessions_of(name)
                    .iter()
                    .all(|session| !session.alive),
                "{name}"
            );
        }
        assert_eq!(app.host.queue("evict").dead_lettered.len(), 0);
        let told = format!("{} receipts", app.receipts().len());
        watch.holds("the_handler_killed_in_mid_alert_loses_nobody", &app, &told);
        app.end().await;
    }
}

#[tokio::test]
async fn ten_deliveries_without_a_token_end_in_a_report_and_not_in_the_dead_letters() {
    let app = App::start(&[]).await;
    app.without_token();
    let watch = Watch::start(&app);
    app.send(r#"{"users": ["alice@contoso.com"], "reason": "token theft"}"#);
    app.host
        .wait_until(SOON, |host| {
            host.invocations().len() == 10 && host.running() == 0
        })
        .await
        .unwrap();
    app.settle().await;

    let deliveries: Vec<_> = app
        .host
        .invocations()
        .iter()
        .map(|it| it.delivery_count)
        .collect();
    assert_eq!(deliveries, (1..=10).map(Some).collect::<Vec<_>>());
    assert_eq!(outcomes(&app.receipts()), ["deferred"]);
    let rejected = app.host.messages("evict-rejected")[0].json().unwrap();
    assert_eq!(rejected["users"], json!([{ "upn": "alice@contoso.com" }]));
    assert_eq!(rejected["reason"], "token theft");
    assert_eq!(app.host.queue("evict").dead_lettered.len(), 0);
    watch.holds_for_queue(
        "ten_deliveries_without_a_token_end_in_a_report_and_not_in_the_dead_letters",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn nobody_calls_while_graph_says_wait() {
    let app = App::start(&[]).await;
    // The earlier ones, of five at once. The wait is longer.
    let on_its_way = patience(Duration::from_millis(50));
    app.tenant.allow_on_its_way(on_its_way);
    app.tenant.faults().add(
        Fault::on("POST */revokeSignInSessions")
            .once()
            .throttled("1.128"),
    );
    let watch = Watch::start(&app);
    app.send(five());
    app.settle().await;
    assert_eq!(app.receipts().len(), 5);
    assert!(
        outcomes(&app.receipts())
            .iter()
            .all(|outcome| outcome == "revoked")
    );
    watch.holds_for_queue("nobody_calls_while_graph_says_wait", &app);
    // `end` fails on a call that was made too early.
    app.end().await;
}

#[tokio::test]
async fn a_missing_permission_is_reported_at_once_and_the_message_waits_for_the_grant() {
    let app = App::start(&[]).await;
    app.tenant.remove_permission("User.RevokeSessions.All");
    app.tenant.revoke_app_tokens();
    let watch = Watch::start(&app);
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;

    let receipts = app.receipts();
    assert_eq!(outcomes(&receipts), ["failed"]);
    assert_eq!(receipts[0]["fix"], "permission");
    assert!(
        receipts[0]["detail"]
            .as_str()
            .unwrap()
            .contains("User.RevokeSessions.All")
    );
    assert_eq!(app.host.invocations().len(), 1);
    let rejected = app.host.messages("evict-rejected")[0]
        .text()
        .unwrap()
        .to_owned();

    watch.holds_for_queue(
        "a_missing_permission_is_reported_at_once_and_the_message_waits_for_the_grant",
        &app,
    );
    app.tenant.grant("User.RevokeSessions.All");
    app.tenant.revoke_app_tokens();
    app.send(rejected);
    app.settle().await;
    assert_eq!(app.receipts().last().unwrap()["outcome"], "revoked");
    app.end().await;
}

#[tokio::test]
async fn a_user_deleted_between_reading_and_revoking_is_not_found() {
    let app = App::start(&[]).await;
    app.tenant.hold(revoke_of(CAROL).as_str());
    let watch = Watch::start(&app);
    app.send(json!({ "user": CAROL }).to_string());
    app.tenant.wait_for_call(revoke_of(CAROL).as_str()).await;
    assert!(app.tenant.delete_user(CAROL));
    app.tenant.release_all();
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["not_found"]);
    watch.holds_for_queue(
        "a_user_deleted_between_reading_and_revoking_is_not_found",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn what_the_directory_does_not_show_in_time_is_revoked_and_not_verified() {
    let app = App::start(&[("EVICT_VERIFY_SECONDS", "1")]).await;
    app.tenant.set_replication_lag(Duration::from_hours(1));
    let watch = Watch::start(&app);
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    let receipt = &app.receipts()[0];
    assert_eq!(
        (&receipt["outcome"], &receipt["verified"]),
        (&json!("revoked"), &json!(false))
    );
    let detail = receipt["detail"].as_str().unwrap();
    assert!(detail.contains("within 1 seconds"), "{detail}");
    assert_eq!(receipt["calls"].as_array().unwrap().len(), 1, "{receipt}");
    watch.holds_for_queue(
        "what_the_directory_does_not_show_in_time_is_revoked_and_not_verified",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn a_read_back_that_lags_is_waited_for() {
    let app = App::start(&[]).await;
    app.tenant.set_replication_lag_reads(2);
    let watch = Watch::start(&app);
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    assert_eq!(app.receipts()[0]["verified"], true);
    watch.holds_for_queue("a_read_back_that_lags_is_waited_for", &app);
    app.end().await;
}
