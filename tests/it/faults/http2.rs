//! What only HTTP/2 can do, over TLS as the real Graph has it.

use sandbox::door::Farewell;

use super::table::Watch;
use super::{REVOKE, about_alice, is_cut};
use crate::support::app::{App, Start};

/// Two alerts in a row; the connection is given up in the middle of the first one's revocation.
async fn given_up(test: &str, farewell: Farewell, connections: usize) {
    let app = App::start_with(Start {
        secure: true,
        ..Start::default()
    })
    .await;
    let door = app.door.as_ref().unwrap();
    // The connection is made and in the pool.
    app.post(r#"{"user": "nobody@contoso.com"}"#).await;
    assert_eq!(door.connections(), 1);
    door.give_up(REVOKE, farewell);
    let watch = Watch::start(&app);
    let answer = app.post(about_alice()).await;
    watch.holds_for_caller(test, &app, &answer);
    assert!(is_cut(&app));
    assert_eq!(door.connections(), connections);
    app.end().await;
}

#[tokio::test]
async fn a_polite_go_away_costs_a_connection() {
    given_up("a_polite_go_away_costs_a_connection", Farewell::Politely, 2).await;
}

#[tokio::test]
async fn a_go_away_before_the_effect_is_tried_again() {
    given_up(
        "a_go_away_before_the_effect_is_tried_again",
        Farewell::BeforeTheEffect,
        2,
    )
    .await;
}

#[tokio::test]
async fn a_go_away_after_the_effect_is_judged_by_what_is_read_back() {
    let test = "a_go_away_after_the_effect_is_judged_by_what_is_read_back";
    given_up(test, Farewell::AfterTheEffect, 2).await;
}

#[tokio::test]
async fn a_refused_stream_is_tried_again_on_the_same_connection() {
    let test = "a_refused_stream_is_tried_again_on_the_same_connection";
    given_up(test, Farewell::StreamRefused, 1).await;
}
