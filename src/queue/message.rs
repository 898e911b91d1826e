//! Messages as Service Bus's REST writes them: a body, `BrokerProperties` as one JSON object in a header, and the
//! application's own properties in headers, a string in quotation marks ("Message headers and properties").

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};

/// The header, as the service has it.
pub(super) const BROKER_PROPERTIES: &str = "brokerproperties";

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// The body.
    pub body: Vec<u8>,
    /// The message's id.
    pub message_id: String,
    /// An id that answers repeat.
    pub correlation_id: Option<String>,
    /// What the body is.
    pub content_type: Option<String>,
    /// How long it lives, if not as long as the queue says.
    pub time_to_live: Option<Duration>,
    /// When it may be delivered first, if not at once.
    pub at: Option<Timestamp>,
    /// Properties of our own, by names that are headers.
    pub properties: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Settable<'a> {
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_live: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_enqueue_time_utc: Option<String>,
}

impl Outgoing {
    /// Its properties as headers.
    pub(super) fn headers(&self) -> HashMap<String, String> {
        let settable = Settable {
            message_id: &self.message_id,
            correlation_id: self.correlation_id.as_deref(),
            time_to_live: self.time_to_live.map(|time| time.as_secs_f64()),
            scheduled_enqueue_time_utc: self
                .at
                .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        };
        let mut headers: HashMap<String, String> = self
            .properties
            .iter()
            .map(|(name, value)| (name.clone(), for_a_header(value)))
            .collect();
        headers.insert(BROKER_PROPERTIES.to_owned(), for_a_header(&settable));
        headers
    }

    /// How much of a queue's room it takes.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers();
        let properties: usize = headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        properties + self.content_type.as_ref().map_or(0, String::len) + self.body.len()
    }
}

/// JSON with nothing but ASCII in it.
fn for_a_header(value: &(impl Serialize + ?Sized)) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        // A DEL is as little part of a header as a control character, and JSON leaves it.
        if c.is_ascii() && c != '\u{7f}' {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _written = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// A message that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Received {
    /// The body.
    pub body: Vec<u8>,
    /// The message's id; empty if it has none.
    pub message_id: String,
    /// Its place in the queue.
    pub sequence_number: i64,
    /// An id that answers repeat.
    pub correlation_id: Option<String>,
    /// What the sender says the body is.
    pub content_type: Option<String>,
    /// When it was put there, to the second.
    pub enqueued_at: Option<Timestamp>,
    /// How often it was handed out.
    pub delivery_count: u32,
    /// Properties that a sender or the broker added, by their names in lower case.
    pub properties: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Known {
    message_id: String,
    sequence_number: i64,
    correlation_id: Option<String>,
    enqueued_time_utc: Option<String>,
    delivery_count: u32,
}

/// Headers of HTTP and of the service itself, which are no properties of a message.
const NO_PROPERTIES: &[&str] = &[
    "brokerproperties",
    "connection",
    "content-length",
    "content-type",
    "date",
    "location",
    "server",
    "strict-transport-security",
    "transfer-encoding",
];

impl Received {
    /// Reads the headers of an answer, given by their names in lower case.
    pub(super) fn of<'a>(
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        body: Vec<u8>,
    ) -> Result<Self, String> {
        let mut known = Known::default();
        let mut content_type = None;
        let mut properties = BTreeMap::new();
        for (name, value) in headers {
            match name {
                BROKER_PROPERTIES => {
                    known = serde_json::from_str(value)
                        .map_err(|error| format!("BrokerProperties cannot be read: {error}"))?;
                }
                "content-type" => content_type = Some(value.to_owned()),
                other if !NO_PROPERTIES.contains(&other) => {
                    let plain = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
                    properties.insert(other.to_owned(), plain);
                }
                _ => {}
            }
        }
        let enqueued_at = known
            .enqueued_time_utc
            .as_deref()
            .and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        Ok(Self {
            body,
            message_id: known.message_id,
            sequence_number: known.sequence_number,
            correlation_id: known.correlation_id,
            content_type,
            enqueued_at,
            delivery_count: known.delivery_count,
            properties,
        })
    }

    /// Why the broker gave it up: its reason, and the sentence that goes with it.
    #[must_use]
    pub fn dead_letter_reason(&self) -> Option<String> {
        let reason = self.properties.get("deadletterreason")?;
        Some(match self.properties.get("deadlettererrordescription") {
            Some(description) => format!("{reason}: {description}"),
            None => reason.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ascii_stays_out_of_the_headers_and_comes_back() {
        let message = Outgoing {
            message_id: "größe-😀".to_owned(),
            at: Some("2026-11-25T03:04:05Z".parse().unwrap()),
            time_to_live: Some(Duration::from_mins(90)),
            ..Outgoing::default()
        };
        let header = message.headers()[BROKER_PROPERTIES].clone();
        assert_eq!(
            header,
            r#"{"MessageId":"gr\u00f6\u00dfe-\ud83d\ude00","TimeToLive":5400.0,"ScheduledEnqueueTimeUtc":"Wed, 25 Nov 2026 03:04:05 GMT"}"#
        );
        let read = Received::of([(BROKER_PROPERTIES, header.as_str())].into_iter(), vec![]);
        assert_eq!(read.unwrap().message_id, message.message_id);
    }

    #[test]
    fn the_properties_of_a_partitioned_queue_are_read() {
        let header = r#"{"DeliveryCount":11,"EnqueuedSequenceNumber":9007199254740993,"EnqueuedTimeUtc":"Wed, 25 Nov 2026 03:04:05 GMT","MessageId":"m","SequenceNumber":9007199254740993,"CorrelationId":"c"}"#;
        let headers = [
            (BROKER_PROPERTIES, header),
            ("deadletterreason", "\"MaxDeliveryCountExceeded\""),
            ("server", "Microsoft-HTTPAPI/2.0"),
        ];
        let read = Received::of(headers.into_iter(), vec![]).unwrap();
        assert_eq!(read.sequence_number, 9_007_199_254_740_993);
        assert_eq!(read.delivery_count, 11);
        assert_eq!(
            read.enqueued_at.unwrap().to_string(),
            "2026-11-25T03:04:05Z"
        );
        assert_eq!(
            read.dead_letter_reason().as_deref(),
            Some("MaxDeliveryCountExceeded")
        );
        assert_eq!(read.properties.len(), 1);
    }
}
