//! Actions of the Functions host and Service Bus: they end the handler, stop listening, start a function by hand, let a
//! message's lock lapse, and pass on bytes that are not text.

use std::process::Command;
use std::time::Duration;

use sandbox::functions::{BodyKind, FunctionsHost, HostOptions, Message};

use super::table::Watch;
use super::{ALICE, REVOKE, about_alice};
use crate::support::app::{App, SOON, Start};
use crate::support::busy;
use crate::triggers::callers_http::SETTINGS;

/// Stops a process and waits until each of its threads is stopped: the signal reaches one of them first, and the others
/// run on until that one is scheduled.
async fn stop(process: u32) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -STOP {process}")])
        .status();
    assert!(sent.unwrap().success());
    let runs = |thread: std::fs::DirEntry| {
        // The state follows the name, which is in brackets. A thread that is gone has nothing left to do.
        std::fs::read_to_string(thread.path().join("stat"))
            .is_ok_and(|told| !told.rsplit(") ").next().unwrap().starts_with('T'))
    };
    let any_runs = || {
        let mut threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
        threads.any(|thread| runs(thread.unwrap()))
    };
    let stopped = async {
        while any_runs() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, stopped).await.unwrap();
}

#[tokio::test]
async fn a_handler_that_hangs_is_ended_by_the_host_and_the_message_comes_again() {
    let app = App::start_with(Start {
        function_timeout: Some(busy::patience(Duration::from_secs(5))),
        ..Start::default()
    })
    .await;
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(REVOKE).await;
    stop(app.worker().0).await;
    // Its requests are carried out, and it never receives the answers.
    app.clock.advance(Duration::from_secs(5));
    app.tenant.release_all();
    app.settle().await;
    assert_eq!(app.revocations(), 1);
    assert_eq!(app.host.worker_starts(), 2);
    assert!(!app.host.has_stopped());
    watch.holds_for_queue(
        "a_handler_that_hangs_is_ended_by_the_host_and_the_message_comes_again",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn an_instance_that_is_scaled_in_finishes_and_the_next_one_sees_what_it_did() {
    let app = App::start(&[]).await;
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(REVOKE).await;
    app.clock.advance(Duration::from_secs(5));
    app.host.stop_listening();
    app.tenant.release_all();
    let given_back =
        |host: &FunctionsHost| host.running() == 0 && host.queue("evict").active.len() == 1;
    app.host.wait_until(SOON, given_back).await.unwrap();

    let mut options = HostOptions::new(app.staged(), app.clock.clone());
    options.environment = app.tenant.environment_of_another_instance();
    options.broker = Some(app.host.broker());
    let next = FunctionsHost::start(options).await.unwrap();
    next.wait_until_idle(SOON).await.unwrap();
    assert_eq!(app.revocations(), 1);
    watch.holds_for_queue(
        "an_instance_that_is_scaled_in_finishes_and_the_next_one_sees_what_it_did",
        &app,
    );
    next.shutdown().await;
    app.end().await;
}

/// How often the log says that no broker sent a message.
fn unproved(host: &FunctionsHost) -> usize {
    let lines = host.worker_log();
    let told = lines
        .iter()
        .filter(|line| line.text.contains("invocation.unproved"));
    told.count()
}

#[tokio::test]
async fn a_message_that_no_broker_has_sent_cuts_nobody_where_callers_have_to_prove_themselves() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("EVICT_REDELIVERY_WAIT_SECONDS", "0"));
    let app = App::start_for_tokens(&settings).await;
    let watch = Watch::start(&app);
    assert_eq!(app.start_by_hand(&about_alice()).await, 202);
    let ended = |host: &FunctionsHost| host.invocations().len() == 1 && host.running() == 0;
    app.host.wait_until(SOON, ended).await.unwrap();
    // The log line arrives by another way than the answer.
    let told = |host: &FunctionsHost| unproved(host) > 0;
    app.host.wait_until(SOON, told).await.unwrap();
    watch.holds(
        "a_message_that_no_broker_has_sent_cuts_nobody_where_callers_have_to_prove_themselves",
        &app,
        &format!("{} × `invocation.unproved` in the log", unproved(&app.host)),
    );
    app.end().await;
}

#[tokio::test]
async fn a_message_that_nobody_works_on_in_its_time_is_whole_in_the_dead_letters() {
    let app = App::start(&[("AzureWebJobs.RevokeFromQueue.Disabled", "true")]).await;
    let watch = Watch::start(&app);
    let message = Message {
        time_to_live: Some(Duration::from_hours(1)),
        ..Message::of(about_alice())
    };
    app.host.send("evict", message).unwrap();
    assert_eq!(app.host.messages("evict").len(), 1);
    app.clock.advance(Duration::from_hours(1));
    let dead = app.host.queue("evict").dead_lettered;
    assert_eq!(dead[0].text(), Some(about_alice().as_str()));
    watch.holds_for_queue(
        "a_message_that_nobody_works_on_in_its_time_is_whole_in_the_dead_letters",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn a_body_that_is_an_amqp_sequence_never_reaches_the_handler() {
    let app = App::start(&[]).await;
    let watch = Watch::start(&app);
    let sequence = Message {
        body_kind: BodyKind::Sequence,
        ..Message::of(about_alice())
    };
    app.host.send("evict", sequence).unwrap();
    app.settle().await;
    assert!(app.host.invocations().iter().all(|it| it.status.is_none()));
    watch.holds_for_queue(
        "a_body_that_is_an_amqp_sequence_never_reaches_the_handler",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn a_message_is_read_however_its_text_is_written() {
    let app = App::start(&[]).await;
    let watch = Watch::start(&app);
    let units = about_alice().encode_utf16().collect::<Vec<_>>();
    let utf_16 = units.iter().flat_map(|unit| unit.to_be_bytes());
    app.send([0xfe, 0xff].into_iter().chain(utf_16).collect::<Vec<u8>>());
    app.settle().await;
    app.clock.advance(Duration::from_secs(5));
    // Latin-1, which is not UTF-8: invalid bytes are replaced.
    let latin = format!("{{\"user\": \"{ALICE}\", \"reason\": \"vol\u{e9}\"}}");
    app.send(
        latin
            .chars()
            .map(|c| u8::try_from(c).unwrap())
            .collect::<Vec<u8>>(),
    );
    app.settle().await;
    watch.holds_for_queue("a_message_is_read_however_its_text_is_written", &app);
    app.end().await;
}
