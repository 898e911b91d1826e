//! Service Bus's REST surface, by its documentation ("Service Bus REST API reference").

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::{Method, Response, StatusCode};
use sandbox::bus::{RestSurface, Right};
use sandbox::clock::SandboxClock;
use sandbox::functions::{Broker, BrokerOptions};
use sandbox::tenant::Issuer;
use serde_json::{Value, json};
use uuid::Uuid;

struct Bus {
    broker: Broker,
    surface: RestSurface,
    bearer: String,
    clock: SandboxClock,
}

impl Bus {
    async fn start() -> Self {
        let clock = SandboxClock::new();
        let broker = Broker::new(BrokerOptions::default(), clock.clone());
        let issuer = Issuer::new(Uuid::new_v4(), clock.clone());
        let surface = RestSurface::start(broker.clone(), issuer, 0).await.unwrap();
        let bearer = surface.token(&[Right::Send, Right::Listen]);
        Self {
            broker,
            surface,
            bearer,
            clock,
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client
            .request(method, format!("{}/{path}", self.surface.endpoint()))
            .bearer_auth(&self.bearer)
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn send(&self, queue: &str, headers: &[(&str, &str)], body: &str) -> StatusCode {
        let path = format!("{queue}/messages");
        self.call(Method::POST, &path, headers, body).await.status()
    }

    async fn read(&self, place: &str) -> Response {
        let path = format!("{place}/messages/head?timeout=0");
        self.call(Method::POST, &path, &[], "").await
    }
}

fn properties(answer: &Response) -> Value {
    serde_json::from_slice(answer.headers()["brokerproperties"].as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_there_is_gone_and_a_topic_cannot_be_read() {
    let bus = Bus::start().await;
    assert_eq!(bus.send("evikt", &[], "x").await, StatusCode::GONE);
    assert_eq!(bus.read("evikt").await.status(), StatusCode::GONE);
    assert_eq!(
        bus.send("evict-receipts", &[], "x").await,
        StatusCode::CREATED
    );
    let refused = bus.read("evict-receipts").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(bus.broker.queue("evict-receipts").active.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_messages_in_one_request_are_several() {
    let bus = Bus::start().await;
    let kind = [("content-type", "application/vnd.microsoft.servicebus.json")];
    let batch = json!([
        {"Body": "one", "BrokerProperties": {"MessageId": "1", "Label": "a"}},
        {"Body": "two", "UserProperties": {"Priority": "low"}},
    ]);
    assert_eq!(
        bus.send("evict", &kind, &batch.to_string()).await,
        StatusCode::CREATED
    );
    let held = bus.broker.queue("evict").active;
    assert_eq!(held.len(), 2);
    assert_eq!((held[0].text(), held[0].message_id()), (Some("one"), "1"));
    assert_eq!(held[0].message.subject.as_deref(), Some("a"));
    assert_eq!(held[1].message.application_properties["Priority"], "low");
    for none in ["[]", "{}", "one"] {
        assert_eq!(
            bus.send("evict", &kind, none).await,
            StatusCode::BAD_REQUEST,
            "{none}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sender_says_of_a_message_is_kept() {
    let bus = Bus::start().await;
    let said = json!({
        "MessageId": "m", "CorrelationId": "c", "Label": "l", "To": "t", "ReplyTo": "r", "SessionId": "s",
    });
    let sent = bus
        .send("evict", &[("brokerproperties", &said.to_string())], "x")
        .await;
    assert_eq!(sent, StatusCode::CREATED);
    let told = properties(&bus.read("evict").await);
    for (name, value) in said.as_object().unwrap() {
        assert_eq!(&told[name], value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_queue_locks_for_its_own_time() {
    let bus = Bus::start().await;
    for (queue, minutes) in [("evict", 1), ("evict-rejected", 5)] {
        assert_eq!(bus.send(queue, &[], "x").await, StatusCode::CREATED);
        let before = bus.clock.now();
        let told = properties(&bus.read(queue).await);
        let until = told["LockedUntilUtc"].as_str().unwrap();
        let until: Timestamp = rfc2822::DateTimeParser::new()
            .parse_timestamp(until)
            .unwrap();
        let lasts = until.duration_since(before).unsigned_abs();
        // The service has whole seconds.
        let expected = Duration::from_mins(minutes);
        assert!(
            lasts + Duration::from_secs(1) > expected,
            "{queue}: {lasts:?}"
        );
        assert!(
            lasts < expected + Duration::from_mins(1),
            "{queue}: {lasts:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_outlived_its_time_is_read_from_the_dead_letters() {
    let bus = Bus::start().await;
    let said = [("brokerproperties", r#"{"TimeToLive": 60}"#)];
    assert_eq!(bus.send("evict", &said, "late").await, StatusCode::CREATED);
    bus.clock.advance(Duration::from_mins(1));
    assert_eq!(bus.read("evict").await.status(), StatusCode::NO_CONTENT);
    let dead = bus.read("evict/$deadletterqueue").await;
    assert_eq!(dead.status(), StatusCode::CREATED);
    assert_eq!(
        dead.headers()["deadletterreason"],
        "\"TTLExpiredException\""
    );
    assert_eq!(dead.text().await.unwrap(), "late");
}
