//! Decodes the forms in which the host writes a value, once and only here.
//!
//! The forms (Azure/azure-functions-host, `GetHttpScriptInvocationContextValue`): a text as *its JSON text* in a JSON
//! string, which makes two layers; a number as a JSON string; bytes as base64 in a JSON string; an object as an object.
//! The documentation's samples show texts, numbers and objects plain. Both forms are read.
//!
//! If a string fits several forms, the host's own form wins, in this order: a JSON string literal, the word `null`,
//! base64, plain text. So a plain text that happens to be base64, such as `abcd`, is read as bytes; the host never
//! writes a text plain, and no alert is such a word.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value of a trigger or of a body.
#[derive(Clone, PartialEq)]
pub(super) enum Payload {
    /// `null`.
    Nothing,
    /// A string whose inner layers are still encoded.
    Text(String),
    /// A JSON value other than a string: the documentation's form.
    Plain(Value),
}

impl Payload {
    /// The bytes of a value in the host's general form; empty for `null`.
    pub(super) fn into_message(self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Text(text) => message_bytes(text),
            Self::Plain(value) => value.to_string().into_bytes(),
        }
    }

    /// The bytes of an HTTP request's body, which the host encodes in one layer: the text itself, or base64 for content
    /// it considers binary. `None` for `null`.
    pub(super) fn into_body(self, binary: bool) -> Option<Vec<u8>> {
        match self {
            Self::Nothing => None,
            Self::Text(text) if binary => {
                Some(STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()))
            }
            Self::Text(text) => Some(text.into_bytes()),
            Self::Plain(value) => Some(value.to_string().into_bytes()),
        }
    }
}

fn message_bytes(text: String) -> Vec<u8> {
    if let Some(inner) = literal(&text) {
        return inner.into_bytes();
    }
    if text == "null" {
        return Vec::new();
    }
    STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes())
}

/// The text in a JSON string literal; `None` for any other text.
fn literal(text: &str) -> Option<String> {
    if !text.starts_with('"') {
        return None;
    }
    serde_json::from_str(text).ok()
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Payload, E> {
        Ok(Payload::Nothing)
    }

    fn visit_str<E>(self, text: &str) -> Result<Payload, E> {
        Ok(Payload::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Payload, E> {
        Ok(Payload::Text(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Payload, E> {
        Ok(Payload::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Payload, E> {
        Ok(Payload::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Payload, E> {
        Ok(Payload::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Payload, E> {
        Ok(Payload::Plain(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Payload, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(Payload::Plain)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Payload, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(members)).map(Payload::Plain)
    }
}

/// One value of `Metadata`. Values other than texts and whole numbers are skipped without being kept, however deep they
/// are: the host puts objects of the message's body there.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Metadatum {
    /// A string whose inner layer is still encoded.
    Text(String),
    /// A whole number in the documentation's form.
    Number(u64),
    /// Anything else.
    Other,
}

impl Metadatum {
    /// The decoded text; `None` for anything else.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(literal(text).unwrap_or_else(|| text.clone()))
                .filter(|text| !text.is_empty() && text != "null"),
            Self::Number(_) | Self::Other => None,
        }
    }

    /// A string without an inner layer. The host writes numbers and times so, whereas the values that come from a
    /// message's body are texts with a layer.
    pub(super) fn bare(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Other => None,
        }
    }

    /// The whole number, in either form.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
            Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Metadatum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadatumVisitor)
    }
}

struct MetadatumVisitor;

impl<'de> Visitor<'de> for MetadatumVisitor {
    type Value = Metadatum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Metadatum, E> {
        Ok(Metadatum::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Metadatum, E> {
        Ok(Metadatum::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Metadatum, E> {
        Ok(Metadatum::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Metadatum, E> {
        Ok(Metadatum::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Metadatum, E> {
        Ok(Metadatum::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Metadatum, E> {
        Ok(Metadatum::Other)
    }

    fn visit_unit<E>(self) -> Result<Metadatum, E> {
        Ok(Metadatum::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Metadatum, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Metadatum::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Metadatum, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Metadatum::Other)
    }
}
