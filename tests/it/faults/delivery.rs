//! Service Bus delivers twice, out of order, or does not accept the function's outputs.

use std::time::Duration;

use sandbox::tenant::{Fault, Then};

use super::table::Watch;
use super::{ALICE, REVOKE, about, about_alice};
use crate::support::app::{App, SOON};

#[tokio::test]
async fn two_messages_about_one_user_in_the_wrong_order_cut_once() {
    let app = App::start(&[("EVICT_REDELIVERY_WAIT_SECONDS", "3")]).await;
    let read = format!("GET /v1.0/users/{ALICE}");
    app.tenant
        .faults()
        .add(Fault::on(read.as_str()).once().then(Then::Garbage));
    let watch = Watch::start(&app);
    app.send(about_alice());
    // The first message could not be finished, and waits to be abandoned. Meanwhile the second one arrives and is
    // completed.
    let deferred = |host: &sandbox::functions::FunctionsHost| {
        host.worker_log()
            .iter()
            .any(|line| line.text.contains("receipt.made") && line.text.contains("deferred"))
    };
    app.host.wait_until(SOON, deferred).await.unwrap();
    app.clock.advance(Duration::from_secs(5));
    app.send(about_alice());
    app.settle().await;
    watch.holds_for_queue(
        "two_messages_about_one_user_in_the_wrong_order_cut_once",
        &app,
    );
    assert_eq!(app.revocations(), 1);
    app.end().await;
}

#[tokio::test]
async fn a_message_that_comes_twice_under_one_id_cuts_once() {
    let app = App::start(&[]).await;
    let mut message = sandbox::functions::Message::of(about_alice());
    message.message_id = Some("7f0d5c1e".to_owned());
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.host.send("evict", message.clone()).unwrap();
    app.tenant.wait_for_call(REVOKE).await;
    app.host.send("evict", message).unwrap();
    app.tenant.wait_for_calls(REVOKE, 2).await;
    app.tenant.release_all();
    app.settle().await;
    // Both were read before either had cut: the second cut moves the instant forward and harms nobody.
    watch.holds_for_queue("a_message_that_comes_twice_under_one_id_cuts_once", &app);
    app.end().await;
}

#[tokio::test]
async fn receipts_that_are_never_taken_leave_the_message_in_the_dead_letters() {
    let app = App::start(&[]).await;
    app.host.refuse_output("receipts", 10);
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(REVOKE).await;
    app.clock.advance(Duration::from_secs(5));
    app.tenant.release_all();
    app.settle().await;
    watch.holds_for_queue(
        "receipts_that_are_never_taken_leave_the_message_in_the_dead_letters",
        &app,
    );
    // The user is cut once, the message's content is complete, and each receipt is in the log.
    assert_eq!(app.revocations(), 1);
    let dead = &app.host.queue("evict").dead_lettered[0];
    assert_eq!(dead.text(), Some(about_alice().as_str()));
    let invocations = app.host.invocations();
    assert_eq!(invocations.len(), 10);
    let logged = |host: &sandbox::functions::FunctionsHost| {
        let log = host.worker_log();
        let of_alice = |text: &str| text.contains("receipt.made") && text.contains(ALICE);
        log.iter().filter(|line| of_alice(&line.text)).count() == 10
    };
    app.host.wait_until(SOON, logged).await.unwrap();
    app.end().await;
}

#[tokio::test]
async fn a_handing_over_that_is_not_taken_is_no_success_to_the_caller() {
    let app = App::start(&[("EVICT_HTTP_DEADLINE_SECONDS", "5")]).await;
    app.tenant.faults().add(Fault::on(REVOKE).answer(503));
    app.host.refuse_output("handover", 1);
    let watch = Watch::start(&app);
    let answer = app.post(about(1)).await;
    assert_eq!(answer.status, 500, "{}", answer.body);
    watch.holds_for_caller(
        "a_handing_over_that_is_not_taken_is_no_success_to_the_caller",
        &app,
        &answer,
    );
    app.host.wait_until_idle(SOON).await.unwrap();
    app.end().await;
}
