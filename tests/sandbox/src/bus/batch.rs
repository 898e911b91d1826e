//! Several messages in one request ("Send Message Batch"): a JSON array, identified by its content type.

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::properties::with_broker_properties;
use crate::functions::Message;

const KIND: &str = "application/vnd.microsoft.servicebus.json";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    body: String,
    #[serde(default)]
    broker_properties: Value,
    #[serde(default)]
    user_properties: Map<String, Value>,
}

/// Whether a request declares several messages.
pub(super) fn is_one(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(KIND))
}

/// The messages of a request, or a sentence if it holds none.
pub(super) fn messages(body: &[u8]) -> Result<Vec<Message>, String> {
    let items: Vec<Item> =
        serde_json::from_slice(body).map_err(|error| format!("The batch is none: {error}"))?;
    if items.is_empty() {
        return Err("The batch is empty.".to_owned());
    }
    items
        .into_iter()
        .map(|item| {
            let message = Message {
                application_properties: item.user_properties,
                ..Message::of(item.body)
            };
            with_broker_properties(message, &item.broker_properties)
        })
        .collect()
}
