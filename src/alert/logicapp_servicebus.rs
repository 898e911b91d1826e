//! A Service Bus message as a Logic App's connector hands it on, around any other payload.
//!
//! The managed connector writes the content as base64; the one of Standard workflows is said to write it as it is. So
//! base64 is tried first, and what is none is taken as it stands. Source: "`ServiceBusMessage`" of the connectors SDK.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::draft::Draft;
use super::node::{Node, Object};
use super::payload::{read_inner, read_inner_text};
use super::problem::{Problem, Within};

/// The standard alphabet, with padding or without. The other alphabet holds `-`, and so would take an object id apart.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("ContentData")
}

/// Reads it.
pub(super) fn read(message: &Object, draft: &mut Draft, nesting: usize) -> Result<(), Problem> {
    let inner = match message.get("ContentData") {
        Some(Node::Text(text)) => match decoded(text) {
            Some(text) => read_inner_text(&text, nesting),
            None => read_inner_text(text, nesting),
        },
        _ => read_inner(message, "ContentData", nesting),
    };
    draft.enclose(inner).within("ContentData")
}

/// The text that is written here as base64, if it is some. Line ends within it are passed over.
pub(super) fn decoded(text: &str) -> Option<String> {
    let compact: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = BASE64.decode(compact).ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}
