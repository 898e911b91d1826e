//! What Service Bus itself said of a message, and only that.
//!
//! Before the host writes an invocation, it parses the message's text; if that is a JSON object, each of its top-level
//! properties overwrites the metadata value of the same name, without regard to case (Azure/azure-functions-host,
//! `Utility.ApplyBindingData`). So the sender of a message can also write its metadata. A value counts here only if the
//! body cannot have put it there:
//!
//! - No top-level property of the body has its name. The host skips properties that hold arrays; here they disqualify
//!   the name all the same, because nothing is lost by it.
//! - A body that begins like an object, or like a comment before one, but is not strict JSON disqualifies every name:
//!   the host's parser (Newtonsoft.Json) also accepts comments, single quotes, bare names and more, and nobody should
//!   have to prove where the two differ.
//! - Names are compared after full Unicode case folding, which makes more names equal than the host does.
//! - Numbers and times count only in the host's own form, without a layer of quotes.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::encoding::Metadatum;

/// What Service Bus says of a message. A value is `None` if it is absent, or if the body may have forged it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct BrokerWord {
    /// The message's id, the same for every delivery. Its sender chose it.
    pub message_id: Option<String>,
    /// The correlation id that its sender chose.
    pub correlation_id: Option<String>,
    /// Which delivery this is, counted from 1.
    pub delivery_count: Option<u32>,
    /// When the message was put on the queue, in whole seconds: the host drops fractions.
    pub enqueued_at: Option<Timestamp>,
    /// The number that Service Bus gave to it, from 1. It is unique within a queue.
    pub sequence_number: Option<u64>,
    /// Whether the message is locked for this delivery.
    pub is_locked: bool,
}

impl fmt::Debug for BrokerWord {
    /// The two ids are shown only as present or absent: a sender may have written a person's name into them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = |id: &Option<String>| id.as_ref().map(|_| "***");
        f.debug_struct("BrokerWord")
            .field("message_id", &masked(&self.message_id))
            .field("correlation_id", &masked(&self.correlation_id))
            .field("delivery_count", &self.delivery_count)
            .field("enqueued_at", &self.enqueued_at)
            .field("sequence_number", &self.sequence_number)
            .field("is_locked", &self.is_locked)
            .finish()
    }
}

impl BrokerWord {
    /// Whether any value shows that a broker sent the message. A caller that starts the function by hand
    /// (`/admin/functions`, with the app's master key) makes the extension create a message that was never on a queue:
    /// a delivery count of 0, the number -1, a lock of zeros and a time in the year 1 (seen with version 4.1037 of the
    /// host). A sender that claims all of these names in the body is treated alike.
    #[must_use]
    pub fn shows_a_broker(&self) -> bool {
        self.delivery_count.is_some()
            || self.enqueued_at.is_some()
            || self.sequence_number.is_some()
            || self.is_locked
    }

    /// The metadata that the body cannot have forged.
    pub(super) fn believed(metadata: &Metadata, body: &[u8]) -> Self {
        let claims = Claims::of(body);
        let value = |name| {
            if claims.claim(name) {
                return None;
            }
            metadata.0.get(&name)
        };
        // A message that was never on a queue has the year 1.
        let enqueued = |time: Option<Timestamp>| time.filter(|at| *at > Timestamp::UNIX_EPOCH);
        let enqueued_at_utc = value(Name::EnqueuedTimeUtc).and_then(|it| utc(it.bare()?));
        let enqueued_at = value(Name::EnqueuedTime).and_then(|it| zoned(it.bare()?));
        Self {
            message_id: value(Name::MessageId).and_then(Metadatum::text),
            correlation_id: value(Name::CorrelationId).and_then(Metadatum::text),
            delivery_count: value(Name::DeliveryCount)
                .and_then(Metadatum::number)
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| *count > 0),
            // Both names hold the same instant: if one is forged, the other still has it.
            enqueued_at: enqueued(enqueued_at_utc).or_else(|| enqueued(enqueued_at)),
            sequence_number: value(Name::SequenceNumber)
                .and_then(Metadatum::number)
                .filter(|number| *number > 0),
            is_locked: value(Name::LockToken)
                .and_then(Metadatum::text)
                .is_some_and(|token| is_a_lock(&token)),
        }
    }
}

/// Whether a lock token is real: a GUID that is not all zeros.
fn is_a_lock(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_hexdigit);
    digits.clone().count() == 32 && digits.into_iter().any(|digit| digit != b'0')
}

/// A `DateTime` of the host: UTC, without a zone. The documentation shows it with one.
fn utc(text: &str) -> Option<Timestamp> {
    zoned(text).or_else(|| {
        let time: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    })
}

/// A `DateTimeOffset` of the host.
fn zoned(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The metadata values that are read (Azure/azure-sdk-for-net, `ServiceBusTriggerBindingStrategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    MessageId,
    CorrelationId,
    DeliveryCount,
    EnqueuedTimeUtc,
    EnqueuedTime,
    SequenceNumber,
    LockToken,
}

impl Name {
    const ALL: [(&'static str, Self); 7] = [
        ("messageid", Self::MessageId),
        ("correlationid", Self::CorrelationId),
        ("deliverycount", Self::DeliveryCount),
        ("enqueuedtimeutc", Self::EnqueuedTimeUtc),
        ("enqueuedtime", Self::EnqueuedTime),
        ("sequencenumber", Self::SequenceNumber),
        ("locktoken", Self::LockToken),
    ];

    fn of(text: &str) -> Option<Self> {
        // Upper case first: some characters, such as the long s, become an ASCII letter only there.
        let folded = text.to_uppercase().to_lowercase();
        Self::ALL
            .iter()
            .find(|(name, _)| *name == folded)
            .map(|(_, name)| *name)
    }
}

/// The known values of `Metadata`, as they arrived.
#[derive(Default)]
pub(super) struct Metadata(BTreeMap<Name, Metadatum>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Metadata, E> {
                Ok(Metadata::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Metadata, A::Error> {
                let mut values = BTreeMap::new();
                while let Some(name) = members.next_key::<String>()? {
                    match Name::of(&name) {
                        Some(name) => {
                            let value = members.next_value()?;
                            // The host never writes two names that differ in case alone, so neither is believed.
                            values
                                .entry(name)
                                .and_modify(|value| *value = Metadatum::Other)
                                .or_insert(value);
                        }
                        None => {
                            members.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Metadata(values))
            }
        }

        deserializer.deserialize_any(Values)
    }
}

/// The metadata names that the body claims for itself.
#[derive(Debug, PartialEq, Eq)]
enum Claims {
    /// The top-level properties of an object; empty for a body that is not an object.
    These(Vec<Name>),
    /// Unknown, so every name counts as claimed.
    Unknown,
}

impl Claims {
    fn of(body: &[u8]) -> Self {
        // A body that is not UTF-8 arrived as bytes, which the host does not parse. It is treated alike.
        let text = String::from_utf8_lossy(body);
        let text = text.trim_matches(is_blank);
        // The host's parser skips a comment before an object.
        if text.starts_with('/') {
            return Self::Unknown;
        }
        if !text.starts_with('{') {
            return Self::These(Vec::new());
        }
        let mut parser = serde_json::Deserializer::from_str(text);
        let claimed = parser.deserialize_map(Properties);
        match (claimed, parser.end()) {
            (Ok(names), Ok(())) => Self::These(names),
            (Ok(_) | Err(_), _) => Self::Unknown,
        }
    }

    fn claim(&self, name: Name) -> bool {
        match self {
            Self::These(names) => names.contains(&name),
            Self::Unknown => true,
        }
    }
}

/// The characters that a parser may skip before an object: white space, control characters, and characters without a
/// width.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

struct Properties;

impl<'de> Visitor<'de> for Properties {
    type Value = Vec<Name>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Vec<Name>, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value::<IgnoredAny>()?;
            if let Some(name) = Name::of(&name)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        Ok(names)
    }
}
