//! Scripted faults act like real ones: throttling with every form of Retry-After, answers that are lost after their
//! effect, connections that break, calls frozen in the middle.

use std::time::Duration;

use jiff::Timestamp;
use sandbox::tenant::{Fault, Pattern, Then};
use serde_json::json;

use crate::support::{ALICE, App, BOB};

const REVOKE: &str = "POST */revokeSignInSessions";

#[tokio::test]
async fn a_call_made_while_told_to_wait_is_on_record() {
    let app = App::start().await;
    app.tenant
        .faults()
        .add(Fault::on(REVOKE).once().throttled("2.128"));
    let throttled = app.revoke(ALICE).await;
    assert_eq!(
        (throttled.status, throttled.code()),
        (429, "TooManyRequests")
    );
    assert_eq!(throttled.header("retry-after"), "2.128");
    assert_eq!(
        throttled.header("x-ms-throttle-information"),
        "WriteLimitExceeded"
    );

    // A call that was sent before the answer came is excused, so the sandbox's time moves past that.
    app.tenant.clock().advance(Duration::from_secs(2));
    assert_eq!(app.get("/v1.0/users/alice@contoso.com").await.status, 200);
    app.tenant.clock().advance(Duration::from_millis(200));
    assert_eq!(app.revoke(ALICE).await.status, 200);

    let early = app.tenant.calls_while_throttled();
    assert_eq!(early.len(), 1);
    assert_eq!(early[0].method, "GET");
    assert!(app.tenant.unexpected().is_empty());
    let tenant = app.tenant.clone();
    assert!(std::panic::catch_unwind(move || tenant.assert_no_surprises()).is_err());
}

#[tokio::test]
async fn a_wait_may_be_told_as_a_date() {
    let app = App::start().await;
    app.tenant
        .faults()
        .add(Fault::on(REVOKE).once().throttled_until_date(30));
    let date = app.revoke(ALICE).await.header("retry-after").to_owned();
    assert!(date.ends_with(" GMT"), "{date}");
    app.tenant.clock().advance(Duration::from_secs(20));
    app.revoke(ALICE).await;
    app.tenant.clock().advance(Duration::from_secs(20));
    app.revoke(ALICE).await;
    let early: Vec<bool> = app
        .tenant
        .calls()
        .iter()
        .map(|c| c.while_throttled)
        .collect();
    assert_eq!(early, [false, true, false]);
}

#[tokio::test]
async fn a_service_that_is_down_makes_only_the_same_call_wait() {
    let app = App::start().await;
    let down = Fault::on(REVOKE)
        .once()
        .answer(503)
        .header("Retry-After", "30");
    app.tenant.faults().add(down);
    let answer = app.revoke(ALICE).await;
    assert_eq!((answer.status, answer.code()), (503, "serviceNotAvailable"));
    app.tenant.clock().advance(Duration::from_secs(5));
    app.revoke(BOB).await;
    app.revoke(ALICE).await;
    let early: Vec<bool> = app
        .tenant
        .calls()
        .iter()
        .map(|c| c.while_throttled)
        .collect();
    assert_eq!(early, [false, false, true]);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_its_effect() {
    let app = App::start().await;
    let before = app.tenant.valid_from(ALICE);
    app.tenant
        .faults()
        .add(Fault::on(REVOKE).once().after_effect().answer(504));
    let answer = app.revoke(ALICE).await;
    assert_eq!((answer.status, answer.code()), (504, "UnknownError"));
    assert!(app.tenant.valid_from(ALICE) > before);
    assert_eq!(app.tenant.calls()[0].status, Some(504));
}

#[tokio::test]
async fn a_fault_without_effect_changes_nothing() {
    let app = App::start().await;
    let before = app.tenant.valid_from(ALICE);
    app.tenant.faults().add(Fault::on(REVOKE).answer(500));
    assert_eq!(app.revoke(ALICE).await.code(), "UnknownError");
    app.tenant.faults().clear();
    assert_eq!(app.tenant.valid_from(ALICE), before);
}

#[tokio::test]
async fn a_connection_can_be_reset_before_or_within_an_answer() {
    let app = App::start().await;
    let token = app.token().await;
    let path = "/v1.0/users/alice@contoso.com";
    let send = || app.request("GET", path, Some(&token), None).send();

    app.tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").once().reset());
    let error = send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(app.tenant.calls()[0].status, None);

    app.tenant.faults().add(
        Fault::on("GET /v1.0/users/*")
            .once()
            .then(Then::Truncate { bytes: 900 }),
    );
    let cut = send().await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());

    app.tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").once().then(Then::Garbage));
    let text = send().await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_err());
    assert_eq!(send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_silent_service_never_answers() {
    let app = App::start().await;
    let token = app.token().await;
    app.tenant.faults().add(Fault::on("GET *").hang());
    let request = app.request("GET", "/v1.0/users/alice@contoso.com", Some(&token), None);
    let silent = request.timeout(Duration::from_millis(50)).send().await;
    assert!(silent.unwrap_err().is_timeout());
}

#[tokio::test]
async fn the_identity_endpoint_can_fail_as_graph_can() {
    let app = App::start().await;
    app.tenant
        .faults()
        .add(Fault::on("GET /msi/token").once().answer(500));
    let url = format!(
        "{}?api-version=2019-08-01&resource=https://graph.microsoft.com",
        app.tenant.identity_endpoint()
    );
    let header = app.tenant.identity_header();
    assert_eq!(app.identity(&url, &header).await.status, 500);
    assert_eq!(app.identity(&url, &header).await.status, 200);
}

#[tokio::test]
async fn a_held_call_has_no_effect_until_it_is_let_go() {
    let app = App::start().await;
    let before = app.tenant.valid_from(ALICE);
    app.tenant.hold(REVOKE);
    let frozen = async { app.revoke(ALICE).await.status };
    let meanwhile = async {
        let call = app.tenant.wait_for_call(REVOKE).await;
        assert_eq!(call.status, None);
        assert_eq!(app.tenant.valid_from(ALICE), before);
        app.tenant.release(REVOKE);
    };
    let (status, ()) = tokio::join!(frozen, meanwhile);
    assert_eq!(status, 200);
    assert!(app.tenant.valid_from(ALICE) > before);
}

#[tokio::test]
async fn a_caller_that_dies_while_its_answer_is_held_leaves_the_effect_behind() {
    let app = App::start().await;
    let before = app.tenant.valid_from(ALICE);
    app.tenant.hold_answer(REVOKE);
    let call = app.revoke(ALICE);
    let cut = async {
        app.tenant.wait_for_call(REVOKE).await;
        while app.tenant.valid_from(ALICE) == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = cut => {}
    }
    assert_eq!(app.tenant.calls()[0].status, None);
    app.tenant.release_all();
    assert_eq!(app.revoke(BOB).await.status, 200);
}

#[tokio::test]
async fn waiting_for_a_call_looks_into_the_past_too() {
    let app = App::start().await;
    app.revoke(ALICE).await;
    app.revoke(BOB).await;
    let second = app.tenant.wait_for_calls(Pattern::from(REVOKE), 2).await;
    assert_eq!(second.user, Some(app.id_of(BOB)));
    app.tenant.forget_calls();
    assert!(app.tenant.calls_matching(REVOKE).is_empty());
}

#[tokio::test]
async fn a_fault_may_answer_anything() {
    let app = App::start().await;
    let fault = Fault::on(REVOKE)
        .once()
        .answer(200)
        .header("Content-Type", "text/html")
        .body(json!("<html>"));
    app.tenant.faults().add(fault);
    let answer = app.revoke(ALICE).await;
    assert_eq!(answer.header("content-type"), "text/html");
    app.tenant
        .faults()
        .add(Fault::on(REVOKE).once().answer(204));
    let empty = app.revoke(ALICE).await;
    assert_eq!((empty.status, empty.header("content-type")), (204, ""));
    let date: Timestamp = Timestamp::strptime(
        "%a, %d %b %Y %H:%M:%S %z",
        empty.header("date").replace("GMT", "+0000"),
    )
    .unwrap();
    assert!(date <= app.tenant.clock().now());
}
