//! Messages in the REST form of Service Bus: a body, `BrokerProperties` as one JSON object in a header, and the
//! application's properties in headers, a string in quotation marks ("Message headers and properties").

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) const BROKER_PROPERTIES: &str = "brokerproperties";

/// The prefix of a sender's property with the name of an HTTP header, on its way through the adapter.
pub(super) const NAMED_LIKE_HTTP: &str = "x-evict-named-like-http-";

/// The invocation that sent a message, which the Functions host's extension notes on each output. It does not describe a
/// copy.
const PARENT_INVOCATION: &str = "$AzureWebJobsParentId";

/// The reason for dead-lettering, as a word.
const DEAD_LETTER_REASON: &str = "deadletterreason";

/// The reason for dead-lettering, as a sentence.
const DEAD_LETTER_DESCRIPTION: &str = "deadlettererrordescription";

/// The time to live of a message that never expires, in seconds: the largest time span of .NET.
const FOR_EVER: f64 = 922_337_203_685.0;

/// Routing properties of a message ("Message headers and properties").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Routing {
    /// The subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The queue for answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The session of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_session_id: Option<String>,
    /// Its session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The key of its partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
}

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// The body.
    pub body: Vec<u8>,
    /// The message's id.
    pub message_id: String,
    /// The correlation id.
    pub correlation_id: Option<String>,
    /// The content type of the body.
    pub content_type: Option<String>,
    /// The time to live, if not the queue's default.
    pub time_to_live: Option<Duration>,
    /// The earliest delivery, if not at once.
    pub at: Option<Timestamp>,
    /// Routing properties.
    pub routing: Routing,
    /// Custom properties, by names that are valid headers: texts, numbers and booleans.
    pub properties: BTreeMap<String, Value>,
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
    #[serde(flatten)]
    routing: &'a Routing,
}

impl Outgoing {
    pub(super) fn headers(&self) -> HashMap<String, String> {
        let settable = Settable {
            message_id: &self.message_id,
            correlation_id: self.correlation_id.as_deref(),
            time_to_live: self.time_to_live.map(|time| time.as_secs_f64()),
            scheduled_enqueue_time_utc: self
                .at
                .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            routing: &self.routing,
        };
        let mut headers: HashMap<String, String> = self
            .properties
            .iter()
            .map(|(name, value)| (name.clone(), for_a_header(value)))
            .collect();
        headers.insert(BROKER_PROPERTIES.to_owned(), for_a_header(&settable));
        headers
    }
}

/// JSON in ASCII alone.
fn for_a_header(value: &(impl Serialize + ?Sized)) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        // JSON leaves DEL unescaped, which a header may not hold.
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

/// A received message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Received {
    /// The body.
    pub body: Vec<u8>,
    /// The message's id; empty if it has none.
    pub message_id: String,
    /// Its sequence number.
    pub sequence_number: i64,
    /// The correlation id.
    pub correlation_id: Option<String>,
    /// The sender's content type.
    pub content_type: Option<String>,
    /// The enqueued time, to the second.
    pub enqueued_at: Option<Timestamp>,
    /// The delivery count.
    pub delivery_count: u32,
    /// The time to live; `None` if it never expires.
    pub time_to_live: Option<Duration>,
    /// Routing properties.
    pub routing: Routing,
    /// Properties of the sender or the broker, by their names in lower case, as HTTP delivers them.
    pub properties: BTreeMap<String, Value>,
    /// Names of properties that no request can carry, because HTTP has headers of these names.
    pub not_to_be_sent: Vec<String>,
    /// The duration of its lock, by the answer that brought it.
    pub(super) locked_for: Option<Duration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Known {
    message_id: String,
    sequence_number: i64,
    correlation_id: Option<String>,
    enqueued_time_utc: Option<String>,
    locked_until_utc: Option<String>,
    delivery_count: u32,
    time_to_live: Option<f64>,
    label: Option<String>,
    to: Option<String>,
    reply_to: Option<String>,
    reply_to_session_id: Option<String>,
    session_id: Option<String>,
    partition_key: Option<String>,
}

/// Headers of HTTP, which a property of the same name would overwrite.
const OF_HTTP: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "location",
    "server",
    "strict-transport-security",
    "transfer-encoding",
];

/// Whether a header is a message's property with the name of an HTTP header: its value is in quotation marks.
pub(super) fn is_named_like_http(name: &str, value: &str) -> bool {
    OF_HTTP.contains(&name) && value.starts_with('"')
}

fn time(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

impl Received {
    /// Reads the headers of an answer, by their names in lower case.
    pub(super) fn of<'a>(
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        body: Vec<u8>,
    ) -> Result<Self, String> {
        let mut known = Known::default();
        let mut content_type = None;
        let mut answered_at = None;
        let mut properties = BTreeMap::new();
        let mut not_to_be_sent = Vec::new();
        for (name, value) in headers {
            match name {
                BROKER_PROPERTIES => {
                    known = serde_json::from_str(value)
                        .map_err(|error| format!("BrokerProperties cannot be read: {error}"))?;
                }
                "content-type" => content_type = Some(value.to_owned()),
                "date" => answered_at = time(value),
                other => {
                    if let Some(name) = other.strip_prefix(NAMED_LIKE_HTTP) {
                        not_to_be_sent.push(name.to_owned());
                    } else if !OF_HTTP.contains(&other)
                        && let Ok(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) =
                            serde_json::from_str(value)
                    {
                        properties.insert(other.to_owned(), value);
                    }
                }
            }
        }
        let locked_until = known.locked_until_utc.as_deref().and_then(time);
        let locked_for = locked_until
            .zip(answered_at)
            .and_then(|(until, at)| Duration::try_from(until.duration_since(at)).ok());
        Ok(Self {
            body,
            message_id: known.message_id,
            sequence_number: known.sequence_number,
            correlation_id: known.correlation_id,
            content_type,
            enqueued_at: known.enqueued_time_utc.as_deref().and_then(time),
            delivery_count: known.delivery_count,
            time_to_live: known
                .time_to_live
                .filter(|seconds| *seconds < FOR_EVER)
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            routing: Routing {
                label: known.label,
                to: known.to,
                reply_to: known.reply_to,
                reply_to_session_id: known.reply_to_session_id,
                session_id: known.session_id,
                partition_key: known.partition_key,
            },
            properties,
            not_to_be_sent,
            locked_for,
        })
    }

    /// The properties of the sender: without the broker's reason for dead-lettering and the Functions host's note.
    #[must_use]
    pub fn senders_properties(&self) -> BTreeMap<String, Value> {
        let mut properties = self.properties.clone();
        properties.remove(DEAD_LETTER_REASON);
        properties.remove(DEAD_LETTER_DESCRIPTION);
        properties.retain(|name, _| !name.eq_ignore_ascii_case(PARENT_INVOCATION));
        properties
    }

    /// The reason for dead-lettering: the word, and the sentence if there is one.
    #[must_use]
    pub fn dead_letter_reason(&self) -> Option<String> {
        let text = |name: &str| self.properties.get(name)?.as_str();
        let reason = text(DEAD_LETTER_REASON)?;
        Some(match text(DEAD_LETTER_DESCRIPTION) {
            Some(description) => format!("{reason}: {description}"),
            None => reason.to_owned(),
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

    #[test]
    fn what_rest_can_carry_is_read_and_written_again_and_what_it_cannot_is_named() {
        let properties = r#"{"Label":"storm","To":"a","ReplyTo":"b","ReplyToSessionId":"c","SessionId":"d","PartitionKey":"d","TimeToLive":90.5,"MessageId":"m"}"#;
        let headers = [
            (BROKER_PROPERTIES, properties),
            ("priority", "5"),
            ("urgent", "true"),
            ("deadletterqueue", "\"mine\""),
            ("deadletterreason", "\"MaxDeliveryCountExceeded\""),
            ("x-evict-named-like-http-date", "\"today\""),
            ("x-ms-request-id", "a3-b"),
        ];
        let read = Received::of(headers.into_iter(), vec![]).unwrap();
        assert_eq!(read.not_to_be_sent, ["date"]);
        let again = Outgoing {
            message_id: "m".to_owned(),
            time_to_live: read.time_to_live,
            routing: read.routing.clone(),
            properties: read.senders_properties(),
            ..Outgoing::default()
        }
        .headers();
        let written: Value = serde_json::from_str(&again[BROKER_PROPERTIES]).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(properties).unwrap());
        let mut names: Vec<&String> = again.keys().collect();
        names.sort();
        assert_eq!(
            names,
            ["brokerproperties", "deadletterqueue", "priority", "urgent"]
        );
        assert_eq!(
            (again["priority"].as_str(), again["urgent"].as_str()),
            ("5", "true")
        );
    }

    #[test]
    fn a_lock_holds_from_the_answer_until_the_time_that_it_names() {
        let headers = [
            (
                BROKER_PROPERTIES,
                r#"{"LockedUntilUtc":"Wed, 25 Nov 2026 03:05:05 GMT","TimeToLive":922337203685.47}"#,
            ),
            ("date", "Wed, 25 Nov 2026 03:04:05 GMT"),
        ];
        let read = Received::of(headers.into_iter(), vec![]).unwrap();
        assert_eq!(read.locked_for, Some(Duration::from_mins(1)));
        assert_eq!(read.time_to_live, None);
    }
}
