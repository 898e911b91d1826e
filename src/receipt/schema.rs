//! What the function writes, as JSON Schema knows it: made from the very structs that are written.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::event::Event;
use super::message::ManualMessage;
use super::rejected::Unreadable;
use super::reply::Reply;

/// A message of the queue `evict-rejected`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "Only its schema is used: each kind of message is written by itself."
)]
enum Rejected<'a> {
    /// One that could not be read, or names nobody yet.
    Unreadable(Unreadable<'a>),
    /// Users who were not cut, as a manual message.
    Unfinished(Box<ManualMessage<'a>>),
}

/// Every document that the function writes about an alert, by its name.
pub fn schemas(generator: &mut SchemaGenerator) -> [(&'static str, Schema); 4] {
    [
        ("reply", generator.subschema_for::<Reply<'_>>()),
        ("event", generator.subschema_for::<Event<'_>>()),
        ("rejected", generator.subschema_for::<Rejected<'_>>()),
        ("handover", generator.subschema_for::<ManualMessage<'_>>()),
    ]
}
