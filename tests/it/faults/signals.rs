//! The platform sends the handler a signal in the middle of an alert.

use std::process::Command;

use sandbox::functions::{Event, FunctionsHost};

use super::table::Watch;
use super::{REVOKE, about_alice, is_cut};
use crate::support::app::{App, SOON};

/// An app that received a signal while Graph holds the revocation.
async fn signalled() -> (App, Watch) {
    let app = App::start(&[]).await;
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(REVOKE).await;
    let kill = format!("kill -TERM {}", app.worker().0);
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.unwrap().success());
    let staying = |host: &FunctionsHost| {
        host.worker_log()
            .iter()
            .any(|line| line.text.contains("handler.staying"))
    };
    app.host.wait_until(SOON, staying).await.unwrap();
    (app, watch)
}

/// Waits until the handler has exited and was restarted, and no failure was counted.
async fn wait_for_restart(app: &App) {
    let left = |host: &FunctionsHost| {
        host.events().contains(&Event::WorkerExited { code: 200 }) && host.worker_starts() == 2
    };
    app.host.wait_until(SOON, left).await.unwrap();
}

#[tokio::test]
async fn sigterm_in_mid_alert_loses_nothing_that_was_begun_or_comes_after() {
    let (app, watch) = signalled().await;
    app.tenant.release_all();
    app.settle().await;
    app.send(r#"{"user": "bob.stone@contoso.com"}"#);
    app.settle().await;
    let done = app.host.queue("evict").completed;
    let deliveries: Vec<u32> = done.iter().map(|message| message.delivery_count).collect();
    assert_eq!(deliveries, [1, 1]);
    assert_eq!(app.host.worker_starts(), 1, "the same process served both");
    watch.holds_for_queue(
        "sigterm_in_mid_alert_loses_nothing_that_was_begun_or_comes_after",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn sigterm_that_outlasts_half_a_minute_costs_one_delivery_and_the_app_lives() {
    let (app, watch) = signalled().await;
    wait_for_restart(&app).await;
    assert!(!is_cut(&app));
    app.tenant.release_all();
    app.settle().await;
    watch.holds_for_queue(
        "sigterm_that_outlasts_half_a_minute_costs_one_delivery_and_the_app_lives",
        &app,
    );
    app.end().await;
}
