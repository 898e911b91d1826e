//! A handler that receives invocations before its set-up is done.

use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use super::super::{Function, HELD_WHEN_NOT_SET_UP, Handler, Invocation, Reply, Starting};
use super::{envelope, parse, truth};

struct Done;

impl Handler for Done {
    async fn handle(&self, _: Invocation) -> Reply {
        Reply::completed().with_log("done".to_owned())
    }
}

fn from_queue() -> Invocation {
    parse(Function::RevokeFromQueue, &envelope("a", &truth())).unwrap()
}

fn from_alert() -> Invocation {
    let body = json!({ "Data": { "req": { "Method": "POST", "Body": "a" } } });
    parse(Function::RevokeFromAlert, &body).unwrap()
}

fn failing() -> Starting<Done> {
    Starting::begin(async { Err("no identity endpoint".to_owned()) })
}

#[tokio::test(start_paused = true)]
async fn an_invocation_waits_until_the_handler_is_made() {
    let (make, told) = oneshot::channel();
    let handler = Starting::begin(async { told.await.map_err(|_| "never told".to_owned()) });
    let early = tokio::time::timeout(Duration::from_mins(1), handler.handle(from_queue()));
    assert!(early.await.is_err(), "nothing is there to answer it yet");

    let (reply, ()) = tokio::join!(handler.handle(from_queue()), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(make.send(Done).is_ok());
    });
    assert_eq!(reply.logs(), ["done"]);
    assert_eq!(handler.handle(from_alert()).await.logs(), ["done"]);
}

#[tokio::test]
async fn when_it_cannot_be_made_callers_are_told_why() {
    let reply = failing().handle(from_alert()).await;
    let http = reply.http().unwrap();
    assert_eq!(http.status, 503);
    assert_eq!(
        http.body,
        r#"{"error":{"problem":"The handler could not be set up: no identity endpoint"}}"#
    );
}

#[tokio::test(start_paused = true)]
async fn when_it_cannot_be_made_messages_are_held_and_given_back() {
    let begun = tokio::time::Instant::now();
    let reply = failing().handle(from_queue()).await;
    assert_eq!(begun.elapsed(), HELD_WHEN_NOT_SET_UP);
    assert_eq!(
        reply.reason_abandoned(),
        Some("The handler could not be set up: no identity endpoint")
    );
}

#[tokio::test]
async fn a_set_up_that_panics_counts_as_failed() {
    let handler: Starting<Done> = Starting::begin(async { panic!("while reading TLS roots") });
    let reply = handler.handle(from_alert()).await;
    assert!(
        reply
            .http()
            .unwrap()
            .body
            .contains("ended without a result")
    );
}

#[tokio::test(start_paused = true)]
async fn the_set_up_begins_with_the_first_question_and_soon_without_one() {
    let after = |ask: fn(&Starting<Done>)| async move {
        let (begun, told) = oneshot::channel();
        let from = tokio::time::Instant::now();
        let handler = Starting::begin(async move {
            assert!(begun.send(from.elapsed()).is_ok());
            Ok(Done)
        });
        ask(&handler);
        told.await.unwrap()
    };
    assert_eq!(after(Handler::probed).await, Duration::ZERO);
    assert_eq!(after(|_| {}).await, Duration::from_millis(20));
}
