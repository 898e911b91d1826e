//! Documents that Evict itself has written: receipts, replies, reports. None of them is an order, wherever it turns up.
//!
//! A subscription that forwards receipts to the input queue is easily made, and each cut publishes a receipt: read as
//! an order, it would sign a user out for ever. Messages that `receipt` puts back on purpose use the manual form, and
//! are orders.

use crate::alert::json::Object;
use crate::domain::Shape;

use super::has_any;

/// The prefix of every event type.
const EVENT: &str = "evict.";

/// The kind of a document, if Evict has written it and nobody may act on it.
pub(crate) fn taken_for(payload: &Object) -> Option<(Shape, &'static str)> {
    let is_event = payload.has("specversion")
        && payload
            .text("type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(EVENT));
    let has_all = |names: &[&str]| names.iter().all(|name| payload.has(name));
    let shape = if is_event {
        Shape::CloudEvents
    } else {
        Shape::None
    };
    let words = if is_event || has_all(&["subject", "outcome", "attempts", "elapsedMilliseconds"]) {
        Some("a receipt that Evict itself has written")
    } else if has_all(&["receipts", "summary"]) {
        Some("a reply that Evict itself has written")
    } else if payload.has("rejectedBecause")
        && has_any(payload, &["receivedBody", "receivedBodyBase64", "problem"])
    {
        Some(
            "a letter that Evict itself has put into evict-rejected; what was received stands in it under receivedBody",
        )
    } else if has_all(&["verdict", "shape", "subjects"])
        || has_all(&["status", "version", "httpAccess"])
    {
        Some("a report that Evict itself has written")
    } else {
        None
    };
    Some((shape, words?))
}
