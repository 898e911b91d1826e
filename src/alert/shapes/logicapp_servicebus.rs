//! A Service Bus message as a Logic App's connector hands it on, around any other payload.
//!
//! The managed connector writes the content as base64; the one of Standard workflows is reported to write it plain. So
//! base64 is tried first, and any other text is taken as it is. Logic Apps also write content that they do not
//! understand as `$content` in base64, beside its `$content-type`. Sources: "`ServiceBusMessage`" of the connectors
//! SDK; "Handle content types in Azure Logic Apps".

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object};
use crate::domain::Shape;

use super::{Inside, Reading, Row, Sign, has_any};

/// The standard alphabet, with padding or without. The other alphabet holds `-`, and so would take an object id apart.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) const ROW: Row = Row {
    shape: Shape::LogicAppServiceBus,
    sender: "Logic Apps that pass on a message of the Service Bus connector: an envelope around any other shape",
    signs: &[Sign {
        words: "`ContentData` (or `$content`)",
        holds: |message| has_any(message, &["ContentData", "$content"]),
    }],
    sample: "inbound/servicebus-contentdata-alert.json",
    reading: Reading::Envelope {
        open,
        sent_at: None,
    },
};

#[expect(clippy::unnecessary_wraps, reason = "what a row asks for")]
fn open(message: &Object, _builder: &mut AlertBuilder) -> Result<Inside, JsonProblem> {
    let name = if message.get("ContentData").is_some() || !message.has("$content") {
        "ContentData"
    } else {
        "$content"
    };
    Ok(match message.get(name) {
        Some(Node::Text(text)) => {
            Inside::Text(name, decoded(text).unwrap_or_else(|| text.to_string()))
        }
        _ => Inside::Payload(name),
    })
}

/// Decodes a base64 text, if it is one. Line ends within it are skipped.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let compact: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = BASE64.decode(compact).ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}
