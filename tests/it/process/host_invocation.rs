//! Every sample of the host's invocations is parsed correctly.

use std::fs;
use std::path::Path;

use evict::host::{BrokerWord, Function, HttpRequest, Invocation, QueueMessage, Trigger};
use serde_json::Value;

const MANUAL: &str = r#"{"user": "alice@contoso.com", "reason": "impossible travel", "requestedBy": "oncall@contoso.com"}"#;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/host"))
}

fn invocation(file: &str) -> Invocation {
    let sample = fs::read_to_string(folder().join(file)).unwrap();
    let sample: Value = serde_json::from_str(&sample).unwrap();
    let request = &sample["request"];
    let path = request["path"].as_str().unwrap();
    let function = Function::ALL
        .into_iter()
        .find(|function| function.path() == path)
        .unwrap();
    let id = request["headers"]["X-Azure-Functions-InvocationId"]
        .as_str()
        .unwrap();
    let invocation = Invocation::parse(function, id, request["body"].to_string().as_bytes());
    let invocation = invocation.unwrap();
    assert_eq!(
        (invocation.function(), invocation.id.as_str()),
        (function, id)
    );
    invocation
}

fn message(file: &str) -> QueueMessage {
    match invocation(file).trigger {
        Trigger::Queue(message) => message,
        Trigger::Alert(_) | Trigger::Check(_) => panic!("{file} came from the queue"),
    }
}

fn alert(file: &str) -> HttpRequest {
    match invocation(file).trigger {
        Trigger::Alert(request) => request,
        Trigger::Queue(_) | Trigger::Check(_) => panic!("{file} is an alert over HTTP"),
    }
}

fn word() -> BrokerWord {
    BrokerWord {
        message_id: Some("4f0d3c0b6f3b4f6aa0a3b8f0f2f7c1d9".to_owned()),
        correlation_id: Some("incident-4711".to_owned()),
        delivery_count: Some(1),
        enqueued_at: Some("2026-11-23T20:10:26Z".parse().unwrap()),
        sequence_number: Some(1471),
        is_locked: true,
    }
}

#[test]
fn a_message_is_read_in_every_form_in_which_the_host_writes_it() {
    for (file, body) in [
        ("queue-json-body.json", MANUAL),
        ("queue-binary-body.json", MANUAL),
        ("queue-bare-upn.json", "alice@contoso.com"),
        ("queue-null-body.json", ""),
    ] {
        let message = message(file);
        assert_eq!(String::from_utf8_lossy(&message.body), body, "{file}");
        assert_eq!(message.broker, word(), "{file}");
    }
}

#[test]
fn the_plain_forms_of_the_documentation_are_read_too() {
    let message = message("queue-plain-metadata.json");
    assert_eq!(String::from_utf8_lossy(&message.body), MANUAL);
    assert_eq!(
        message.broker,
        BrokerWord {
            message_id: Some("plain-string".to_owned()),
            delivery_count: Some(3),
            ..word()
        }
    );
}

#[test]
fn forged_metadata_is_not_the_brokers_word() {
    let message = message("queue-forged-metadata.json");
    assert!(message.body.starts_with(br#"{"user": "alice@contoso.com""#));
    // The enqueued time has a second name, which this body did not forge.
    assert_eq!(
        message.broker,
        BrokerWord {
            message_id: None,
            delivery_count: None,
            ..word()
        }
    );
}

#[test]
fn an_alert_over_http_has_its_body_and_headers() {
    let request = alert("http-json-body.json");
    assert_eq!(request.method, "POST");
    assert_eq!(request.body.as_deref(), Some(MANUAL.as_bytes()));
    assert_eq!(request.header("X-MS-Workflow-Name"), Some("pb-revoke"));
    assert!(!request.lacks_length());
}

#[test]
fn a_body_that_was_sent_chunked_is_missing_and_known_to_be() {
    let request = alert("http-chunked-no-body.json");
    assert_eq!(request.body, None);
    assert!(request.lacks_length());
}

#[test]
fn a_check_is_a_get_without_a_body() {
    let Trigger::Check(request) = invocation("http-check.json").trigger else {
        panic!("it was posted to the check");
    };
    assert_eq!((request.method.as_str(), request.body), ("GET", None));
}

#[test]
fn no_sample_is_left_out() {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "http-check.json",
            "http-chunked-no-body.json",
            "http-json-body.json",
            "queue-bare-upn.json",
            "queue-binary-body.json",
            "queue-forged-metadata.json",
            "queue-json-body.json",
            "queue-null-body.json",
            "queue-plain-metadata.json",
            "reply-http.json",
        ]
    );
}

#[test]
fn a_reply_has_the_shape_of_the_sample() {
    let sample = fs::read_to_string(folder().join("reply-http.json")).unwrap();
    let sample: Value = serde_json::from_str(&sample).unwrap();
    let reply = evict::host::Reply::completed()
        .with_http(evict::host::HttpReply::json(202, "{}".to_owned()))
        .with_messages(evict::host::OutputBinding::Receipts, vec!["{}".to_owned()])
        .with_log("…".to_owned());
    let reply: Value = serde_json::from_str(&reply.to_json()).unwrap();
    assert_eq!(shape(&reply, 3), shape(&sample["body"], 3));
}

/// The names and kinds of the values down to this depth.
fn shape(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(members) if depth > 0 => members
            .iter()
            .map(|(name, value)| (name.clone(), shape(value, depth - 1)))
            .collect(),
        Value::Object(_) => "object".into(),
        Value::Array(_) => "array".into(),
        Value::String(_) => "string".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => Value::Null,
    }
}
