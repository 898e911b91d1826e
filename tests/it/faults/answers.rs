//! Graph answers with an error, in pieces, late, or with unrelated content.

use std::time::Duration;

use sandbox::tenant::{Fault, Then};
use serde_json::json;

use super::table::Watch;
use super::{ALICE, REVOKE, about_alice, is_cut, over_http};
use crate::support::app::App;
use crate::support::busy;

const READ: &str = "GET /v1.0/users/*";

#[tokio::test]
async fn server_errors_are_tried_again() {
    let faults = [500, 502, 503, 504].map(|status| Fault::on(REVOKE).once().answer(status));
    over_http("server_errors_are_tried_again", faults.to_vec()).await;
}

#[tokio::test]
async fn an_outage_that_names_its_wait_is_waited_for() {
    let fault = Fault::on(REVOKE)
        .once()
        .answer(503)
        .header("Retry-After", "2");
    let took = over_http("an_outage_that_names_its_wait_is_waited_for", vec![fault]).await;
    assert!(took >= Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn an_outage_that_lasts_is_left_to_the_queue() {
    let app = App::start(&[("EVICT_HTTP_DEADLINE_SECONDS", "5")]).await;
    app.tenant.faults().add(Fault::on("*").answer(503));
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller("an_outage_that_lasts_is_left_to_the_queue", &app, &answer);
    app.tenant.faults().clear();
    app.settle().await;
    assert_eq!(app.receipts().last().unwrap()["outcome"], "revoked");
    app.end().await;
}

#[tokio::test]
async fn a_reset_before_the_effect_is_tried_again() {
    let fault = Fault::on(REVOKE).once().reset();
    over_http("a_reset_before_the_effect_is_tried_again", vec![fault]).await;
}

#[tokio::test]
async fn a_reset_after_the_effect_is_judged_by_what_is_read_back() {
    let fault = Fault::on(REVOKE).once().after_effect().reset();
    over_http(
        "a_reset_after_the_effect_is_judged_by_what_is_read_back",
        vec![fault],
    )
    .await;
}

#[tokio::test]
async fn an_answer_cut_short_is_asked_for_again() {
    let faults = vec![
        Fault::on(READ).once().then(Then::Truncate { bytes: 30 }),
        Fault::on(READ).once().then(Then::Truncate { bytes: 900 }),
    ];
    over_http("an_answer_cut_short_is_asked_for_again", faults).await;
}

#[tokio::test]
async fn a_success_cut_short_is_a_success() {
    // The head of this answer has some 600 bytes, and the whole answer 690.
    let fault = Fault::on(REVOKE).once().then(Then::Truncate { bytes: 640 });
    over_http("a_success_cut_short_is_a_success", vec![fault]).await;
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up_and_asked_for_again() {
    let fault = Fault::on(READ).once().then(Then::Stall { bytes: 900 });
    let took = over_http(
        "a_body_that_stalls_is_given_up_and_asked_for_again",
        vec![fault],
    )
    .await;
    assert!(took >= Duration::from_secs(15), "{took:?}");
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let fault = Fault::on(REVOKE).once().delayed(Duration::from_secs(3));
    let took = over_http("a_slow_answer_is_waited_for", vec![fault]).await;
    assert!(took >= Duration::from_secs(3), "{took:?}");
}

/// An intermediary between the app and Graph answers in its place.
async fn something_else(test: &str, fault: Fault) {
    let app = App::start(&[]).await;
    app.tenant.faults().add(fault);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    let detail = app.receipts()[0]["detail"].to_string();
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert!(
        detail.contains("cannot be used") && detail.contains("Reading the user"),
        "{detail}"
    );
    app.settle().await;
    watch.holds(
        test,
        &app,
        &format!(
            "202: handed_over, then {}",
            app.receipts().last().unwrap()["outcome"].as_str().unwrap()
        ),
    );
    app.end().await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_not_believed() {
    let fault = Fault::on(READ).once().then(Then::Garbage);
    something_else("an_answer_that_is_no_json_is_not_believed", fault).await;
}

#[tokio::test]
async fn a_page_in_place_of_an_answer_is_not_believed() {
    let fault = Fault::on(READ)
        .once()
        .answer(200)
        .body(json!("<html>sign in</html>"));
    something_else("a_page_in_place_of_an_answer_is_not_believed", fault).await;
}

#[tokio::test]
async fn a_success_that_is_a_page_is_judged_by_what_is_read_back() {
    // A success page that did nothing: the status is 200, and the directory does not change.
    let app = App::start(&[("EVICT_VERIFY_SECONDS", "1")]).await;
    app.tenant.faults().add(
        Fault::on(REVOKE)
            .answer(200)
            .body(json!("<html>sign in</html>")),
    );
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(
        "a_success_that_is_a_page_is_judged_by_what_is_read_back",
        &app,
        &answer,
    );
    assert!(!is_cut(&app));
    app.end().await;
}

fn stray() -> Fault {
    Fault::on(READ).answer(404).body(json!({"error": {
        "code": "UnknownError",
        "message": "404 page not found",
    }}))
}

#[tokio::test]
async fn a_404_of_somebody_else_is_asked_for_again() {
    over_http(
        "a_404_of_somebody_else_is_asked_for_again",
        vec![stray().once()],
    )
    .await;
}

/// Work that is handed over during a fault is finished once the fault is over.
async fn left_to_the_queue(test: &str, fault: Fault) {
    let app = App::start(&[("EVICT_HTTP_DEADLINE_SECONDS", "6")]).await;
    app.tenant.faults().add(fault);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    app.tenant.faults().clear();
    app.settle().await;
    watch.holds(
        test,
        &app,
        &format!(
            "202: handed_over, then {}",
            app.receipts().last().unwrap()["outcome"].as_str().unwrap()
        ),
    );
    app.end().await;
}

#[tokio::test]
async fn a_404_of_somebody_else_that_lasts_is_left_to_the_queue() {
    left_to_the_queue(
        "a_404_of_somebody_else_that_lasts_is_left_to_the_queue",
        stray(),
    )
    .await;
}

#[tokio::test]
async fn a_user_whom_a_replica_does_not_know_yet_is_asked_for_once_more() {
    let fault = Fault::on(READ).once().answer(404).body(json!({"error": {
        "code": "Request_ResourceNotFound",
        "message": "Resource does not exist or one of its queried reference-property objects are not present.",
    }}));
    let test = "a_user_whom_a_replica_does_not_know_yet_is_asked_for_once_more";
    let took = over_http(test, vec![fault]).await;
    assert!(took >= Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_record_of_another_user_is_not_believed() {
    let fault = Fault::on(READ).once().answer(200).body(json!({
        "id": "1c5989f1-ba2d-4e83-858b-fed0a712755f",
        "userPrincipalName": "bob.stone@contoso.com",
        "accountEnabled": true,
    }));
    something_else("a_record_of_another_user_is_not_believed", fault).await;
}

#[tokio::test]
async fn a_success_that_says_false_is_told_and_tried_again() {
    let app = App::start(&[
        ("EVICT_VERIFY_SECONDS", "1"),
        ("EVICT_HTTP_DEADLINE_SECONDS", &busy::seconds(10)),
    ])
    .await;
    let fault = Fault::on(REVOKE).once().answer(200);
    app.tenant.faults().add(fault.body(json!({"value": false})));
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let detail = answer.body["receipts"][0]["detail"].to_string();
    assert!(detail.contains("false"), "{detail}");
    app.settle().await;
    watch.holds(
        "a_success_that_says_false_is_told_and_tried_again",
        &app,
        &format!(
            "202: handed_over, then {}",
            app.receipts().last().unwrap()["outcome"].as_str().unwrap()
        ),
    );
    assert!(is_cut(&app));
    app.end().await;
}

/// Moves the property just before the call, as another cut in the same second would; the call itself does nothing.
fn cut_just_before(app: &App) {
    let now = app.clock.now();
    assert!(app.tenant.set_valid_from(ALICE, now));
}

#[tokio::test]
async fn a_cut_of_the_second_before_is_not_taken_for_this_one() {
    let app = App::start(&[("EVICT_VERIFY_SECONDS", "1")]).await;
    let hollow = Fault::on(REVOKE).answer(200).body(json!({"value": true}));
    app.tenant.faults().add(hollow);
    cut_just_before(&app);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(
        "a_cut_of_the_second_before_is_not_taken_for_this_one",
        &app,
        &answer,
    );
    let receipt = &answer.body["receipts"][0];
    let detail = receipt["detail"].to_string();
    assert!(detail.contains("already stood at"), "{detail}");
    assert_eq!(
        receipt["sessionsValidFrom"]["before"],
        receipt["sessionsValidFrom"]["after"]
    );
    app.end().await;
}

#[tokio::test]
async fn refusals_alone_are_no_revocation() {
    let app = App::start(&[
        ("EVICT_VERIFY_SECONDS", "1"),
        ("EVICT_HTTP_DEADLINE_SECONDS", "8"),
    ])
    .await;
    app.tenant.faults().add(Fault::on(REVOKE).answer(503));
    cut_just_before(&app);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller("refusals_alone_are_no_revocation", &app, &answer);
    app.tenant.faults().clear();
    app.settle().await;
    app.end().await;
}
