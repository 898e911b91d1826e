//! What the host expects back. The status alone decides between complete and abandon; the rest is read only on success.
//!
//! The host rewrites some values on the way, so they are written such that it has nothing to rewrite:
//!
//! - Several messages go as an array of objects, one message for each element, which the host writes as indented JSON. A
//!   text that is no JSON object goes as a string of its own.
//! - A string that is valid base64 would be decoded; no text here is, since each begins with a brace or gets a line feed.
//! - The HTTP status counts only if there is a body, and a body that is a string keeps its bytes; its Content-Type goes
//!   among the headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The output bindings that carry messages, by the names in `function.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputBinding {
    /// Receipts, as events.
    Receipts,
    /// Messages that could not be read, or not be finished.
    Rejected,
    /// Subjects that the queue is to finish.
    Handover,
}

impl OutputBinding {
    fn name(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Rejected => "rejected",
            Self::Handover => "handover",
        }
    }
}

/// The answer to an HTTP caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status that the caller sees.
    pub status: u16,
    /// The body's Content-Type.
    pub content_type: &'static str,
    /// The body, which the caller gets as it is.
    pub body: String,
}

/// The reply to one invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    abandoned: Option<String>,
    outputs: Map<String, Value>,
    logs: Vec<String>,
}

/// The body of a reply, as the host reads it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Frame<'a> {
    outputs: &'a Map<String, Value>,
    logs: &'a [String],
    return_value: Option<()>,
}

impl Reply {
    /// The invocation succeeded: the host writes the outputs and completes the message.
    #[must_use]
    pub fn completed() -> Self {
        Self {
            abandoned: None,
            outputs: Map::new(),
            logs: Vec::new(),
        }
    }

    /// The invocation failed: the host looks at no output and gives the message back. The reason is for its log.
    #[must_use]
    pub fn abandoned(reason: &str) -> Self {
        Self {
            abandoned: Some(reason.to_owned()),
            ..Self::completed()
        }
    }

    /// Adds messages, each a JSON text. None leaves the binding out.
    #[must_use]
    pub fn with_messages(mut self, binding: OutputBinding, messages: Vec<String>) -> Self {
        if !messages.is_empty() {
            let values = messages.into_iter().map(message).collect();
            self.outputs
                .insert(binding.name().to_owned(), Value::Array(values));
        }
        self
    }

    /// Adds the answer to an HTTP caller.
    #[must_use]
    pub fn with_http(mut self, reply: HttpReply) -> Self {
        let answer = json!({
            "statusCode": reply.status.to_string(),
            "headers": { "Content-Type": reply.content_type },
            "body": not_base64(reply.body),
        });
        self.outputs.insert("res".to_owned(), answer);
        self
    }

    /// Adds a line to the log of this invocation. Object ids may stand in it, names may not.
    #[must_use]
    pub fn with_log(mut self, line: String) -> Self {
        self.logs.push(line);
        self
    }

    /// The status by which the host decides.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.abandoned.is_some() { 500 } else { 200 }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> String {
        let value = match &self.abandoned {
            Some(reason) => Ok(json!({ "error": reason })),
            None => serde_json::to_value(Frame {
                outputs: &self.outputs,
                logs: &self.logs,
                return_value: None,
            }),
        };
        // Maps with text keys and plain values always have a JSON form.
        value.unwrap_or_default().to_string()
    }
}

fn message(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Value::Object(object),
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        )
        | Err(_) => Value::String(not_base64(text)),
    }
}

fn not_base64(text: String) -> String {
    if STANDARD.decode(&text).is_ok() {
        text + "\n"
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn several_messages_are_one_array() {
        let reply = Reply::completed()
            .with_messages(
                OutputBinding::Receipts,
                vec![r#"{"a":1}"#.into(), r#"{"b":2}"#.into()],
            )
            .with_messages(OutputBinding::Rejected, Vec::new())
            .with_log("line".into());
        assert_eq!(reply.status(), 200);
        insta::assert_snapshot!(reply.body(), @r#"{"Logs":["line"],"Outputs":{"receipts":[{"a":1},{"b":2}]},"ReturnValue":null}"#);
    }

    #[test]
    fn the_status_goes_with_a_body_and_its_content_type() {
        let reply = Reply::completed().with_http(HttpReply {
            status: 202,
            content_type: "application/json",
            body: r#"{"x":1}"#.into(),
        });
        insta::assert_snapshot!(reply.body(), @r#"{"Logs":[],"Outputs":{"res":{"body":"{\"x\":1}","headers":{"Content-Type":"application/json"},"statusCode":"202"}},"ReturnValue":null}"#);
    }

    #[test]
    fn an_abandoned_invocation_has_no_outputs() {
        let reply =
            Reply::abandoned("later").with_messages(OutputBinding::Receipts, vec!["{}".into()]);
        assert_eq!(reply.status(), 500);
        assert_eq!(reply.body(), r#"{"error":"later"}"#);
    }

    proptest! {
        #[test]
        fn no_text_is_left_that_the_host_would_decode(text in "[A-Za-z0-9+/]{0,16}={0,2}|\\PC{0,20}") {
            let reply = Reply::completed()
                .with_http(HttpReply { status: 200, content_type: "text/plain", body: text.clone() })
                .with_messages(OutputBinding::Rejected, vec![text]);
            let frame: Value = serde_json::from_str(&reply.body()).unwrap();
            let texts = [&frame["Outputs"]["res"]["body"], &frame["Outputs"]["rejected"][0]];
            for text in texts.into_iter().filter_map(Value::as_str) {
                prop_assert!(STANDARD.decode(text).is_err(), "{text:?}");
            }
        }
    }
}
