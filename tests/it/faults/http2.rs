//! Behaviour of HTTP/2 alone, over TLS as with the real Graph.

use sandbox::tls_proxy::Closing;

use super::table::Watch;
use super::{REVOKE, about_alice, is_cut};
use crate::support::app::{App, Start};

/// Two alerts in sequence; the connection is closed in the middle of the first one's revocation.
async fn closed_on(test: &str, closing: Closing, connections: usize) {
    let app = App::start_with(Start {
        secure: true,
        ..Start::default()
    })
    .await;
    let proxy = app.tls_proxy.as_ref().unwrap();
    // The connection is open and in the pool.
    app.post(r#"{"user": "nobody@contoso.com"}"#).await;
    assert_eq!(proxy.connections(), 1);
    proxy.close_on(REVOKE, closing);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(test, &app, &answer);
    assert!(is_cut(&app));
    assert_eq!(proxy.connections(), connections);
    app.end().await;
}

#[tokio::test]
async fn a_polite_go_away_costs_a_connection() {
    closed_on(
        "a_polite_go_away_costs_a_connection",
        Closing::Gracefully,
        2,
    )
    .await;
}

#[tokio::test]
async fn a_go_away_before_the_effect_is_tried_again() {
    closed_on(
        "a_go_away_before_the_effect_is_tried_again",
        Closing::BeforeTheEffect,
        2,
    )
    .await;
}

#[tokio::test]
async fn a_go_away_after_the_effect_is_judged_by_what_is_read_back() {
    let test = "a_go_away_after_the_effect_is_judged_by_what_is_read_back";
    closed_on(test, Closing::AfterTheEffect, 2).await;
}

#[tokio::test]
async fn a_refused_stream_is_tried_again_on_the_same_connection() {
    let test = "a_refused_stream_is_tried_again_on_the_same_connection";
    closed_on(test, Closing::StreamRefused, 1).await;
}
