//! The platform takes the handler away in the middle of an alert.

use std::process::Command;

use sandbox::functions::{Event, FunctionsHost};

use super::table::Watch;
use super::{REVOKE, about_alice, is_cut};
use crate::app::{App, SOON};

/// An app that was told to end while Graph holds the revocation.
async fn told_to_end() -> (App, Watch) {
    let app = App::start(&[]).await;
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(REVOKE).await;
    let kill = format!("kill -TERM {}", app.worker().0);
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.unwrap().success());
    (app, watch)
}

/// Waits until it has ended, without an error.
async fn ended(app: &App) {
    let ended = |host: &FunctionsHost| host.events().contains(&Event::WorkerExited { code: 0 });
    app.host.wait_until(SOON, ended).await.unwrap();
}

#[tokio::test]
async fn sigterm_in_mid_alert_lets_it_finish() {
    let (app, watch) = told_to_end().await;
    let stopping = |host: &FunctionsHost| {
        host.worker_log()
            .iter()
            .any(|line| line.text.contains("handler.stopping"))
    };
    app.host.wait_until(SOON, stopping).await.unwrap();
    app.tenant.release_all();
    app.settle().await;
    ended(&app).await;
    watch.holds_for_queue("sigterm_in_mid_alert_lets_it_finish", &app);
    app.end().await;
}

#[tokio::test]
async fn sigterm_that_outlasts_the_grace_gives_the_message_back() {
    let (app, watch) = told_to_end().await;
    ended(&app).await;
    assert!(!is_cut(&app));
    // Nobody has completed it: another instance would get it. Here there is none, so that its deliveries run out.
    app.settle().await;
    watch.holds_for_queue(
        "sigterm_that_outlasts_the_grace_gives_the_message_back",
        &app,
    );
    app.tenant.release_all();
    app.end().await;
}
