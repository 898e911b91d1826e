//! What the host sends: one invocation of one function, as `{"Data": {binding: value}, "Metadata": {name: value}}`.

use std::fmt;

use serde_json::{Map, Value};

use super::broker::BrokerWord;
use super::encoding;

/// The functions of this app. Each stands in a folder of the same name with its `function.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Service Bus trigger.
    RevokeFromQueue,
    /// HTTP trigger, for alerts.
    RevokeFromAlert,
    /// HTTP trigger, for the self-check.
    Check,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 3] = [Self::RevokeFromQueue, Self::RevokeFromAlert, Self::Check];

    /// Its name, which is the path that the host posts to.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "RevokeFromQueue",
            Self::RevokeFromAlert => "RevokeFromAlert",
            Self::Check => "Check",
        }
    }

    /// The kind of trigger, as semantic conventions name it (`faas.trigger`).
    #[must_use]
    pub fn trigger(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "pubsub",
            Self::RevokeFromAlert | Self::Check => "http",
        }
    }

    fn binding(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "message",
            Self::RevokeFromAlert | Self::Check => "req",
        }
    }
}

/// One invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The host's id of it.
    pub id: String,
    /// What set it off.
    pub trigger: Trigger,
}

/// What set an invocation off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A message on the queue.
    Queue(QueueMessage),
    /// A request with an alert.
    Alert(HttpRequest),
    /// A request for the self-check.
    Check(HttpRequest),
}

/// A message, with all layers of encoding undone.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The body as it was sent. Untrusted.
    pub body: Vec<u8>,
    /// What Service Bus said of it.
    pub broker: BrokerWord,
}

impl fmt::Debug for QueueMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueMessage")
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("broker", &self.broker)
            .finish()
    }
}

/// A caller's request, as the host hands it on. `Debug` shows neither headers nor body.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    headers: Vec<(String, String)>,
    /// The body; `None` if the host left it out, as it does when the request had no Content-Length.
    pub body: Option<Vec<u8>>,
}

impl HttpRequest {
    /// The first value of a header, whose name is compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// A request that is no invocation. Says where and what was expected, and nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected}")]
pub struct InvocationError {
    /// The JSON path.
    pub path: String,
    /// What was expected there.
    pub expected: &'static str,
}

impl Invocation {
    /// Reads the body of the host's request for `function`.
    ///
    /// # Errors
    /// If it is not JSON, or lacks the trigger's value.
    pub fn parse(
        function: Function,
        invocation_id: &str,
        body: &[u8],
    ) -> Result<Self, InvocationError> {
        let expected = |path: &str, expected| InvocationError {
            path: path.to_owned(),
            expected,
        };
        let mut frame: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| expected("$", "an invocation: a JSON object with Data and Metadata"))?;
        let Some(Value::Object(mut data)) = frame.remove("Data") else {
            return Err(expected("$.Data", "an object with the trigger's value"));
        };
        let binding = function.binding();
        let Some(value) = data.remove(binding) else {
            return Err(expected(
                &format!("$.Data.{binding}"),
                "the trigger's value",
            ));
        };
        let metadata = match frame.remove("Metadata") {
            Some(Value::Object(metadata)) => metadata,
            None | Some(Value::Null) => Map::new(),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return Err(expected("$.Metadata", "an object"));
            }
        };
        let trigger = match function {
            Function::RevokeFromQueue => {
                let body = encoding::message_body(&value);
                let broker = BrokerWord::read(&metadata, &body);
                Trigger::Queue(QueueMessage { body, broker })
            }
            Function::RevokeFromAlert => Trigger::Alert(request(value)?),
            Function::Check => Trigger::Check(request(value)?),
        };
        Ok(Self {
            id: invocation_id.to_owned(),
            trigger,
        })
    }
}

fn request(value: Value) -> Result<HttpRequest, InvocationError> {
    let unexpected = || InvocationError {
        path: "$.Data.req".to_owned(),
        expected: "an object",
    };
    let object = match value {
        Value::Object(object) => object,
        // The documentation's samples hold it as text.
        Value::String(text) => serde_json::from_str(&text).map_err(|_| unexpected())?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(unexpected());
        }
    };
    let headers = headers(object.get("Headers"));
    let mut request = HttpRequest {
        method: object
            .get("Method")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        headers,
        body: None,
    };
    let is_binary = request.header("Content-Type").is_some_and(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        kind.starts_with("application/octet-stream") || kind.starts_with("multipart/")
    });
    request.body = object
        .get("Body")
        .and_then(|body| encoding::http_body(body, is_binary));
    Ok(request)
}

/// Each name comes with an array of values; the documentation also shows one string.
fn headers(value: Option<&Value>) -> Vec<(String, String)> {
    let Some(Value::Object(map)) = value else {
        return Vec::new();
    };
    map.iter()
        .filter_map(|(name, value)| {
            let first = match value {
                Value::Array(values) => values.first()?.as_str()?,
                Value::String(text) => text,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
            };
            Some((name.clone(), first.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(file: &str) -> (Function, Invocation) {
        let path = format!("{}/tests/fixtures/host/{file}", env!("CARGO_MANIFEST_DIR"));
        let sample: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let name = sample["request"]["path"]
            .as_str()
            .unwrap()
            .trim_start_matches('/');
        let function = *Function::ALL
            .iter()
            .find(|function| function.name() == name)
            .unwrap();
        let id = sample["request"]["headers"]["X-Azure-Functions-InvocationId"]
            .as_str()
            .unwrap();
        let body = serde_json::to_vec(&sample["request"]["body"]).unwrap();
        (function, Invocation::parse(function, id, &body).unwrap())
    }

    fn message(file: &str) -> QueueMessage {
        match sample(file).1.trigger {
            Trigger::Queue(message) => message,
            other => panic!("{other:?}"),
        }
    }

    const BODY: &str = r#"{"user": "alice@contoso.com", "reason": "impossible travel", "requestedBy": "oncall@contoso.com"}"#;

    #[test]
    fn a_json_message_is_read_with_the_brokers_word() {
        let message = message("queue-json-body.json");
        assert_eq!(message.body, BODY.as_bytes());
        assert_eq!(message.broker.delivery_count, Some(1));
        assert_eq!(
            message.broker.message_id.as_deref(),
            Some("4f0d3c0b6f3b4f6aa0a3b8f0f2f7c1d9")
        );
        assert_eq!(
            message.broker.correlation_id.as_deref(),
            Some("incident-4711")
        );
        assert_eq!(
            message.broker.enqueued_at,
            Some("2026-11-23T20:10:26Z".parse().unwrap())
        );
    }

    #[test]
    fn the_plain_metadata_of_the_documentation_is_read_too() {
        let message = message("queue-plain-metadata.json");
        assert_eq!(message.broker.delivery_count, Some(3));
        assert_eq!(message.broker.message_id.as_deref(), Some("plain-string"));
    }

    #[test]
    fn bare_binary_and_absent_bodies_are_read() {
        assert_eq!(message("queue-bare-upn.json").body, b"alice@contoso.com");
        assert_eq!(message("queue-binary-body.json").body, BODY.as_bytes());
        assert_eq!(message("queue-null-body.json").body, b"");
    }

    #[test]
    fn forged_metadata_is_not_the_brokers_word() {
        let broker = message("queue-forged-metadata.json").broker;
        assert_eq!(broker.message_id, None);
        assert_eq!(broker.delivery_count, None);
        // The other name of the same instant was not forged.
        assert_eq!(
            broker.enqueued_at,
            Some("2026-11-23T20:10:26Z".parse().unwrap())
        );
    }

    #[test]
    fn an_http_body_is_the_text_as_sent() {
        let (_, invocation) = sample("http-json-body.json");
        let Trigger::Alert(request) = invocation.trigger else {
            panic!()
        };
        assert_eq!(request.body.as_deref(), Some(BODY.as_bytes()));
        assert_eq!(
            request.header("content-TYPE"),
            Some("application/json; charset=utf-8")
        );
        assert!(!format!("{request:?}").contains("REDACTED"));
    }

    #[test]
    fn a_chunked_request_has_no_body() {
        let (_, invocation) = sample("http-chunked-no-body.json");
        let Trigger::Alert(request) = invocation.trigger else {
            panic!()
        };
        assert_eq!(request.body, None);
    }

    #[test]
    fn the_self_check_is_read() {
        let (function, invocation) = sample("http-check.json");
        assert_eq!(function, Function::Check);
        assert!(matches!(invocation.trigger, Trigger::Check(request) if request.method == "GET"));
    }

    #[test]
    fn what_is_no_invocation_is_refused_with_its_path() {
        let refusal = |body: &str| {
            Invocation::parse(Function::RevokeFromQueue, "1", body.as_bytes())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refusal("{"),
            "$: expected an invocation: a JSON object with Data and Metadata"
        );
        assert_eq!(
            refusal("{}"),
            "$.Data: expected an object with the trigger's value"
        );
        assert_eq!(
            refusal(r#"{"Data":{"req":1}}"#),
            "$.Data.message: expected the trigger's value"
        );
        assert_eq!(
            refusal(r#"{"Data":{"message":"x"},"Metadata":[]}"#),
            "$.Metadata: expected an object"
        );
    }

    #[test]
    fn inputs_that_fuzzing_kept_are_read_without_panic() {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/fuzz/invocation"
        );
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let body = std::fs::read(entry.unwrap().path()).unwrap();
            for function in Function::ALL {
                drop(Invocation::parse(function, "1", &body));
            }
            files += 1;
        }
        assert!(files > 0);
    }

    proptest! {
        #[test]
        fn reading_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for function in Function::ALL {
                drop(Invocation::parse(function, "1", &body));
            }
        }

        #[test]
        fn reading_any_value_never_panics(value in "[\\[\\]{}\",:a-z0-9\\\\]{0,40}") {
            for function in Function::ALL {
                let body = format!(r#"{{"Data":{{"message":{value},"req":{value}}},"Metadata":{{"MessageId":{value}}}}}"#);
                drop(Invocation::parse(function, "1", body.as_bytes()));
            }
        }
    }
}
