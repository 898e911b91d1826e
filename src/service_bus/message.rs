//! Messages as Service Bus's REST writes them: a body, `BrokerProperties` as one JSON object in a header, and the
//! application's own properties in headers, a string in quotation marks ("Message headers and properties").

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The header, as the service has it.
pub(super) const BROKER_PROPERTIES: &str = "brokerproperties";

/// What precedes the name of a sender's property that is named like a header of HTTP, on its way through the adapter.
pub(super) const NAMED_LIKE_HTTP: &str = "x-evict-named-like-http-";

/// By which invocation the Functions host sent a message, as its extension notes on each output. It says nothing of a copy.
const PARENT_INVOCATION: &str = "$AzureWebJobsParentId";

/// Why the broker gave a message up: a word.
const DEAD_LETTER_REASON: &str = "deadletterreason";

/// Why the broker gave a message up: the sentence to the word.
const DEAD_LETTER_DESCRIPTION: &str = "deadlettererrordescription";

/// The time to live of a message that never ends, in seconds: the largest time span of .NET.
const FOR_EVER: f64 = 922_337_203_685.0;

/// What a sender wrote for those who route or answer a message ("Message headers and properties").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Routing {
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Where answers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The session of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_session_id: Option<String>,
    /// The session that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// What decides on its partition.
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
    /// An id that answers repeat.
    pub correlation_id: Option<String>,
    /// What the body is.
    pub content_type: Option<String>,
    /// How long it lives, if not as long as the queue says.
    pub time_to_live: Option<Duration>,
    /// When it may be delivered first, if not at once.
    pub at: Option<Timestamp>,
    /// What is said for those who route or answer it.
    pub routing: Routing,
    /// Properties by names that are headers: texts, numbers, and whether something is so.
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
    /// Its properties as headers.
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
    /// How long it lives; `None` if for ever.
    pub time_to_live: Option<Duration>,
    /// What is said for those who route or answer it.
    pub routing: Routing,
    /// Properties that a sender or the broker added, by their names in lower case, which is how HTTP hands them out.
    pub properties: BTreeMap<String, Value>,
    /// Names of properties that no request can carry, since HTTP has headers of these names.
    pub not_to_be_sent: Vec<String>,
    /// How long its lock holds, as the answer that brought it says.
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

/// Whether a header of an answer is HTTP's own, or a property of a message that is named like one: a text in quotation marks.
pub(super) fn is_named_like_http(name: &str, value: &str) -> bool {
    OF_HTTP.contains(&name) && value.starts_with('"')
}

fn time(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

impl Received {
    /// Reads the headers of an answer, given by their names in lower case.
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

    /// The properties that are neither the broker's word on why it gave the message up nor the Functions host's note.
    #[must_use]
    pub fn senders_properties(&self) -> BTreeMap<String, Value> {
        let mut properties = self.properties.clone();
        properties.remove(DEAD_LETTER_REASON);
        properties.remove(DEAD_LETTER_DESCRIPTION);
        properties.retain(|name, _| !name.eq_ignore_ascii_case(PARENT_INVOCATION));
        properties
    }

    /// Why the broker gave it up: its reason, and the sentence that goes with it.
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
