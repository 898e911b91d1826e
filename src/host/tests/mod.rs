//! The room's behaviour. The host's side is written independently, from its source and not from ours.

mod encoding;
mod forgery;
mod malformed;
mod manifest;
mod reply;
mod starting;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{BrokerWord, Function, Invocation, InvocationError, QueueMessage, Trigger};

const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn parse(function: Function, body: &Value) -> Result<Invocation, InvocationError> {
    Invocation::parse(function, ID, body.to_string().as_bytes())
}

fn queue(body: &Value) -> QueueMessage {
    match parse(Function::RevokeFromQueue, body).unwrap().trigger {
        Trigger::Queue(message) => message,
        Trigger::Alert(_) | Trigger::Check(_) => {
            unreachable!("it was posted to the queue's function")
        }
    }
}

/// A text's JSON text, as Newtonsoft.Json writes it by default.
fn newtonsoft(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                write!(json, "\\u{:04x}", u32::from(c)).unwrap();
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// The metadata that Service Bus states in these tests, as the host writes it.
fn truth() -> Map<String, Value> {
    let metadata = json!({
        "DeliveryCount": "3",
        "EnqueuedTimeUtc": "2026-11-23T20:10:26",
        "EnqueuedTime": "2026-11-23T20:10:26+00:00",
        "MessageId": newtonsoft("the-brokers"),
        "CorrelationId": newtonsoft("incident-4711"),
        "SequenceNumber": "1471",
        "LockToken": newtonsoft("5d6a1f6e-8b0c-4a3e-9e2f-0c1a7d1e2b3c"),
        "sys": { "MethodName": "RevokeFromQueue" },
    });
    metadata.as_object().unwrap().clone()
}

/// The same metadata, parsed.
fn word() -> BrokerWord {
    BrokerWord {
        message_id: Some("the-brokers".to_owned()),
        correlation_id: Some("incident-4711".to_owned()),
        delivery_count: Some(3),
        enqueued_at: Some("2026-11-23T20:10:26Z".parse().unwrap()),
        sequence_number: Some(1471),
        is_locked: true,
    }
}

/// An invocation for a text body, without any overwriting.
fn envelope(body: &str, metadata: &Map<String, Value>) -> Value {
    json!({ "Data": { "message": newtonsoft(body) }, "Metadata": metadata })
}
