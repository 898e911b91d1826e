//! Graph throttles, in every form of its answer, and also falsely.

use std::time::Duration;

use sandbox::tenant::Fault;

use super::table::Watch;
use super::{REVOKE, about_alice, over_http};
use crate::support::app::App;
use crate::support::busy;

/// A revocation that is throttled for longer than anybody waits: the caller is answered at once and the queue gets it.
async fn throttled_for_a_year(test: &str, fault: Fault) {
    let app = App::start(&[("EVICT_MAX_DELIVERIES", "1")]).await;
    app.tenant.faults().add(fault);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(test, &app, &answer);
    app.settle().await;
    // The last delivery reports everything, and the rest can be put back.
    assert_eq!(app.receipts().last().unwrap()["outcome"], "deferred");
    assert_eq!(app.host.messages("evict-rejected").len(), 1);
    app.end().await;
}

#[tokio::test]
async fn a_wait_in_seconds_is_kept() {
    let fault = Fault::on(REVOKE).once().throttled("2");
    let took = over_http("a_wait_in_seconds_is_kept", vec![fault]).await;
    assert!(took >= Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_wait_until_a_date_is_kept() {
    let fault = Fault::on(REVOKE).once().throttled_until_date(3);
    let took = over_http("a_wait_until_a_date_is_kept", vec![fault]).await;
    // A date has whole seconds, so it may be up to a second earlier.
    assert!(took >= Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_throttled_call_without_a_wait_backs_off() {
    let fault = Fault::on(REVOKE).once().answer(429);
    let took = over_http("a_throttled_call_without_a_wait_backs_off", vec![fault]).await;
    assert!(took >= Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
async fn a_wait_of_nothing_backs_off() {
    let fault = Fault::on(REVOKE).once().throttled("0");
    let took = over_http("a_wait_of_nothing_backs_off", vec![fault]).await;
    assert!(took >= Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
async fn a_negative_wait_backs_off() {
    let fault = Fault::on(REVOKE).once().throttled("-5");
    let took = over_http("a_negative_wait_backs_off", vec![fault]).await;
    assert!(took >= Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
async fn a_wait_of_a_year_holds_up_nobody() {
    let fault = Fault::on(REVOKE).once().throttled("31536000");
    throttled_for_a_year("a_wait_of_a_year_holds_up_nobody", fault).await;
}

#[tokio::test]
async fn a_wait_until_next_year_holds_up_nobody() {
    let fault = Fault::on(REVOKE).once().throttled_until_date(31_536_000);
    throttled_for_a_year("a_wait_until_next_year_holds_up_nobody", fault).await;
}

#[tokio::test]
async fn a_message_is_kept_for_as_long_as_graph_says_wait_and_uses_up_one_delivery() {
    let delivery = busy::seconds(5);
    let longer = delivery.parse::<u64>().unwrap() + 2;
    let settings = [
        ("EVICT_QUEUE_DEADLINE_SECONDS", delivery.as_str()),
        ("EVICT_REDELIVERY_WAIT_SECONDS", "0"),
    ];
    let app = App::start(&settings).await;
    app.tenant
        .faults()
        .add(Fault::on(REVOKE).once().throttled(&longer.to_string()));
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.settle().await;
    watch.holds_for_queue(
        "a_message_is_kept_for_as_long_as_graph_says_wait_and_uses_up_one_delivery",
        &app,
    );
    assert_eq!(app.host.invocations().len(), 2);
    app.end().await;
}
