//! Faults of the identity endpoint or of its token.

use std::time::Duration;

use jiff::SignedDuration;
use sandbox::tenant::Fault;

use super::table::Watch;
use super::{ALICE, REVOKE, about_alice, is_cut};
use crate::support::app::{App, Start, outcomes};
use crate::triggers::callers_http;

const TOKEN: &str = "GET /msi/token";

/// The app has no token: Graph refuses the current one, and this fault affects every request for another.
async fn without_a_token(settings: &[(&str, &str)], fault: Fault) -> App {
    let app = App::start(settings).await;
    app.tenant.wait_for_call(TOKEN).await;
    app.tenant.revoke_app_tokens();
    app.tenant.faults().add(fault);
    app
}

#[tokio::test]
async fn an_identity_endpoint_that_is_down_for_a_moment_is_asked_again() {
    let app = without_a_token(&[], Fault::on(TOKEN).times(2).answer(500)).await;
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    let test = "an_identity_endpoint_that_is_down_for_a_moment_is_asked_again";
    watch.holds_for_caller(test, &app, &answer);
    app.end().await;
}

/// Nothing can be done in the caller's time. Then the endpoint recovers, and the queue finishes.
async fn for_long(test: &str, fault: Fault) {
    let app = without_a_token(
        &[(
            "EVICT_HTTP_DEADLINE_SECONDS",
            &crate::support::busy::seconds(5),
        )],
        fault,
    )
    .await;
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(test, &app, &answer);
    let detail = answer.body["receipts"][0]["detail"].to_string();
    assert!(detail.contains("identity endpoint"), "{detail}");
    app.tenant.faults().clear();
    app.settle().await;
    assert_eq!(app.receipts().last().unwrap()["outcome"], "revoked");
    app.end().await;
}

#[tokio::test]
async fn an_identity_endpoint_that_stays_down_leaves_it_to_the_queue() {
    let test = "an_identity_endpoint_that_stays_down_leaves_it_to_the_queue";
    for_long(test, Fault::on(TOKEN).answer(500)).await;
}

#[tokio::test]
async fn an_identity_endpoint_that_is_silent_leaves_it_to_the_queue() {
    let test = "an_identity_endpoint_that_is_silent_leaves_it_to_the_queue";
    for_long(test, Fault::on(TOKEN).hang()).await;
}

#[tokio::test]
async fn a_token_of_another_tenant_in_mid_alert_reaches_no_graph() {
    let app = App::start(&[]).await;
    app.tenant.wait_for_call(TOKEN).await;
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(REVOKE).await;
    // The guard has checked the right token. Graph now refuses it, and the next one is of another tenant.
    let other = "2c63888f-28f0-4481-be6d-dce7a7ace732".parse().unwrap();
    app.tenant.issue_tokens_of(Some(other));
    app.tenant.revoke_app_tokens();
    app.tenant.release_all();
    app.settle().await;
    watch.holds_for_queue(
        "a_token_of_another_tenant_in_mid_alert_reaches_no_graph",
        &app,
    );
    assert!(!is_cut(&app));
    app.end().await;
}

#[tokio::test]
async fn a_token_that_ends_in_mid_alert_is_replaced() {
    let app = App::start(&[]).await;
    app.tenant.wait_for_call(TOKEN).await;
    app.tenant.set_token_lifetime(Duration::from_mins(4));
    app.tenant.revoke_app_tokens();
    let read = format!("GET /v1.0/users/{ALICE}");
    app.tenant.hold(read.as_str());
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.tenant.wait_for_call(read.as_str()).await;
    app.tenant.release_all();
    app.tenant.hold(REVOKE);
    app.tenant.wait_for_call(REVOKE).await;
    app.clock.advance(Duration::from_mins(5));
    app.tenant.release_all();
    app.settle().await;
    watch.holds_for_queue("a_token_that_ends_in_mid_alert_is_replaced", &app);
    app.end().await;
}

/// Graph's answer to a token that continuous access evaluation has revoked.
fn challenge() -> Fault {
    Fault::on(REVOKE).answer(401).header(
        "WWW-Authenticate",
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
         error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"",
    )
}

#[tokio::test]
async fn a_token_that_is_cut_in_mid_alert_is_replaced() {
    let app = App::start(&[]).await;
    app.tenant.faults().add(challenge().once());
    let before = app.tenant.identity_calls().len();
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(
        "a_token_that_is_cut_in_mid_alert_is_replaced",
        &app,
        &answer,
    );
    assert!(app.tenant.identity_calls().len() > before);
    // The challenge is in no log line: `end` fails on anything that looks like a token.
    app.end().await;
}

#[tokio::test]
async fn a_token_that_stays_cut_is_asked_for_once_more_and_no_more() {
    let app = App::start(&[("EVICT_MAX_DELIVERIES", "2")]).await;
    app.tenant.keep_tokens(true);
    app.tenant.faults().add(challenge());
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.settle().await;
    watch.holds_for_queue(
        "a_token_that_stays_cut_is_asked_for_once_more_and_no_more",
        &app,
    );
    assert_eq!(outcomes(&app.receipts()), ["deferred"]);
    app.end().await;
}

#[tokio::test]
async fn a_caller_whose_token_lies_in_our_future_is_told_of_the_clocks() {
    let app = App::start_with(Start {
        settings: callers_http::SETTINGS,
        keyless: true,
        clocks_ahead: SignedDuration::from_mins(10),
        ..Start::default()
    })
    .await;
    let watch = Watch::start(&app);
    let token = callers_http::bearer(&app, callers_http::PLAYBOOK);
    let answer = app
        .post_with(&[("Authorization", &token)], &about_alice())
        .await;
    watch.holds_for_caller(
        "a_caller_whose_token_lies_in_our_future_is_told_of_the_clocks",
        &app,
        &answer,
    );
    let problem = answer.body["error"]["problem"].to_string();
    assert!(problem.contains("clocks"), "{problem}");
    app.end().await;
}
