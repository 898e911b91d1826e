//! What Service Bus itself said of a message, and only that.
//!
//! Before the host writes an invocation, it parses the message's text; if that is a JSON object, each of its top-level
//! properties overwrites the metadata value of the same name, without regard to case (Azure/azure-functions-host,
//! `Utility.ApplyBindingData`). So whoever writes a message can write its metadata. A value counts here only if the body
//! cannot have put it there:
//!
//! - No top-level property of the body has its name. The host spares properties that hold arrays; here they refuse the
//!   name all the same, because nothing is lost by it.
//! - A body that begins like an object, or like a comment before one, but is not strict JSON is believed in nothing: the host's parser (Newtonsoft.Json)
//!   also takes comments, single quotes, bare names and more, and nobody should have to prove where the two differ.
//! - Names are compared after folding by all of Unicode, which makes more names equal than the host does.
//! - Numbers and times count only in the form that the host gives to its own, without a layer of quotes.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::encoding::Metadatum;

/// What Service Bus says of a message. A value is `None` if it was not told, or if the body can have forged it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct BrokerWord {
    /// The message's id, which every delivery of it bears. Its sender chose it.
    pub message_id: Option<String>,
    /// The correlation id that its sender chose.
    pub correlation_id: Option<String>,
    /// Which delivery this is, counted from 1.
    pub delivery_count: Option<u32>,
    /// When the message was put on the queue, to the second: the host drops what lies below.
    pub enqueued_at: Option<Timestamp>,
    /// The number that Service Bus gave to it, from 1. No two messages of a queue have the same one.
    pub sequence_number: Option<u64>,
    /// Whether it is held under a lock.
    pub is_locked: bool,
}

impl fmt::Debug for BrokerWord {
    /// The two ids are shown as there or not there: a sender may have written a person's name into them.
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
    /// Whether anything of it shows that a broker has sent the message. Whoever starts the function by hand
    /// (`/admin/functions`, with the app's master key) has the extension make a message that has never been on a queue: a delivery
    /// count of 0, the number -1, a lock of zeros and a time in the year 1 (seen with version 4.1037 of the host). A sender who claims
    /// all of these names in the body is taken for one.
    #[must_use]
    pub fn shows_a_broker(&self) -> bool {
        self.delivery_count.is_some()
            || self.enqueued_at.is_some()
            || self.sequence_number.is_some()
            || self.is_locked
    }

    /// What of the metadata the body cannot have forged.
    pub(super) fn believed(metadata: &Metadata, body: &[u8]) -> Self {
        let claims = Claims::of(body);
        let value = |name| {
            if claims.claim(name) {
                return None;
            }
            metadata.0.get(&name)
        };
        // One that was never on a queue has the year 1.
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
            // The same instant under two names: when one is forged, the other still tells it.
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

/// Whether a lock token is one: a GUID that is not all zeros.
fn is_a_lock(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_hexdigit);
    digits.clone().count() == 32 && digits.into_iter().any(|digit| digit != b'0')
}

/// A `DateTime` of the host's: without zone, in UTC. The documentation shows it with one.
fn utc(text: &str) -> Option<Timestamp> {
    zoned(text).or_else(|| {
        let time: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    })
}

/// A `DateTimeOffset` of the host's.
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
        // Upper case first: some characters meet an ASCII letter only there, as the long s does.
        let folded = text.to_uppercase().to_lowercase();
        Self::ALL
            .iter()
            .find(|(name, _)| *name == folded)
            .map(|(_, name)| *name)
    }
}

/// The values of `Metadata` that are read, as they arrived.
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
                            // Two names that differ in case only: the host writes no such thing, so neither is believed.
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

/// Which names of the metadata the body claims for itself.
#[derive(Debug, PartialEq, Eq)]
enum Claims {
    /// These: the top-level properties of an object, or none for a body that is no object.
    These(Vec<Name>),
    /// It cannot be told, so that it has to be taken for all of them.
    Unknown,
}

impl Claims {
    fn of(body: &[u8]) -> Self {
        // What is no UTF-8 arrived as bytes, which the host does not parse; it is treated alike all the same.
        let text = String::from_utf8_lossy(body);
        let text = text.trim_matches(is_blank);
        // A comment may stand before an object, and the host's parser passes over it.
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

/// What a parser might pass over before an object: white space, control characters, and characters without a width.
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
