//! The headers of a message: `BrokerProperties` as one JSON object, and the application's properties as headers of
//! their own, a string in quotation marks ("Message headers and properties").

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Map, Value, json};

use crate::clock::http_date;
use crate::functions::{Held, Message, QueuedMessage};

/// Headers of HTTP itself, which are not properties.
const NO_PROPERTIES: &[&str] = &[
    "accept",
    "accept-encoding",
    "authorization",
    "brokerproperties",
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// The message of a request, or a sentence if its properties are malformed.
pub(super) fn message(headers: &HeaderMap, body: Vec<u8>) -> Result<Message, String> {
    let given = match headers.get("brokerproperties") {
        None => json!({}),
        Some(value) => serde_json::from_slice(value.as_bytes())
            .map_err(|error| format!("BrokerProperties is no JSON: {error}"))?,
    };
    let mut application_properties = Map::new();
    for (name, value) in headers {
        if !NO_PROPERTIES.contains(&name.as_str()) {
            let value = serde_json::from_slice(value.as_bytes())
                .map_err(|_| format!("the property {name} is no JSON value"))?;
            application_properties.insert(name.to_string(), value);
        }
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let message = Message {
        content_type: content_type.map(str::to_owned),
        application_properties,
        ..Message::of(body)
    };
    with_broker_properties(message, &given)
}

/// The message with these broker properties.
pub(super) fn with_broker_properties(message: Message, given: &Value) -> Result<Message, String> {
    let text = |name: &str| given[name].as_str().map(str::to_owned);
    let time_to_live = match &given["TimeToLive"] {
        Value::Null => None,
        value => Some(
            value
                .as_f64()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .ok_or("TimeToLive is no number of seconds")?,
        ),
    };
    let scheduled_for = match text("ScheduledEnqueueTimeUtc") {
        None => None,
        Some(text) if !text.ends_with(" GMT") => {
            return Err(format!("ScheduledEnqueueTimeUtc is no time: {text}"));
        }
        Some(text) => Some(time(&text)?),
    };
    Ok(Message {
        message_id: text("MessageId"),
        correlation_id: text("CorrelationId"),
        subject: text("Label"),
        to: text("To"),
        reply_to: text("ReplyTo"),
        session_id: text("SessionId"),
        time_to_live,
        scheduled_for,
        ..message
    })
}

fn time(text: &str) -> Result<Timestamp, String> {
    rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .map_err(|_| format!("ScheduledEnqueueTimeUtc is no time: {text}"))
}

/// The headers of a delivered message; without a lock if receiving deleted it.
pub(super) fn headers(message: &QueuedMessage, held: Option<&Held>) -> HeaderMap {
    let lives = message.expires_at.duration_since(message.enqueued_at);
    let mut broker = json!({
        "DeliveryCount": message.delivery_count,
        "EnqueuedSequenceNumber": message.sequence_number,
        "EnqueuedTimeUtc": http_date(message.enqueued_at),
        "MessageId": message.message_id(),
        "SequenceNumber": message.sequence_number,
        "State": "Active",
        "TimeToLive": lives.as_secs_f64(),
    });
    if let Some(held) = held {
        broker["LockToken"] = held.token.to_string().into();
        broker["LockedUntilUtc"] = http_date(held.until).into();
    }
    let sent = &message.message;
    for (name, value) in [
        ("CorrelationId", &sent.correlation_id),
        ("Label", &sent.subject),
        ("To", &sent.to),
        ("ReplyTo", &sent.reply_to),
        ("SessionId", &sent.session_id),
    ] {
        if let Some(value) = value {
            broker[name] = value.as_str().into();
        }
    }
    for (name, value) in [
        ("To", &message.message.to),
        ("ReplyTo", &message.message.reply_to),
    ] {
        if let Some(value) = value {
            broker[name] = value.as_str().into();
        }
    }
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: String| {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            headers.insert(name, value);
        }
    };
    put("brokerproperties", broker.to_string());
    let content_type = message.message.content_type.clone();
    put(
        "content-type",
        content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
    );
    for (name, value) in &message.message.application_properties {
        put(name, value.to_string());
    }
    if let Some(dead) = &message.dead_letter {
        put("DeadLetterReason", json!(dead.reason).to_string());
        put(
            "DeadLetterErrorDescription",
            json!(dead.description).to_string(),
        );
    }
    headers
}
