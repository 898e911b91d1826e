//! The answer to an invocation, in a form that the host passes on unchanged.
//!
//! What the host does with an output (Azure/azure-functions-host, `HttpScriptInvocationResultExtensions`,
//! `FunctionBinding.ReadAsEnumerable`; Azure/azure-webjobs-sdk, `JobHostMetadataProvider`), and what follows:
//!
//! - A *string* that is valid base64 is sent as the bytes it stands for. So no output is a string: messages are always
//!   in an array, and the HTTP answer is in an object.
//! - An *object*, or a string that parses as one, is parsed, its strings that look like dates are rewritten, and it is
//!   sent with indentation. An *array* becomes one message for each element. A string element is sent unchanged (the
//!   binding of Service Bus collects strings, and `JValue.ToString()` is the text itself). So messages are **an array
//!   of strings**, each the JSON text of one message: it arrives byte for byte.
//! - While the host reads the array, it converts a string that is *as a whole* a date. The text of a JSON object never
//!   is, so every message has to be one.
//! - The HTTP answer's `body` is a string too and is passed on unchanged, with the `Content-Type` among its headers.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// A binding that sends messages. Each has an entry in `function.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputBinding {
    /// The queue or topic of receipts.
    Receipts,
    /// The queue of messages that could not be read or finished.
    Rejected,
    /// The input queue, for work that takes longer than an HTTP caller waits.
    Handover,
}

impl OutputBinding {
    /// Every binding.
    pub const ALL: [Self; 3] = [Self::Receipts, Self::Rejected, Self::Handover];

    /// Its name in `function.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Rejected => "rejected",
            Self::Handover => "handover",
        }
    }
}

/// The answer to an HTTP caller.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status that the caller sees.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// Further headers with unique names. A `Content-Type` among them is ignored.
    pub headers: Vec<(String, String)>,
    /// The body, sent unchanged.
    pub body: String,
}

impl HttpReply {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: String) -> Self {
        Self {
            status,
            content_type: "application/json; charset=utf-8",
            headers: Vec::new(),
            body,
        }
    }
}

impl fmt::Debug for HttpReply {
    /// Shows the body by its length alone, because it may name people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReply")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The answer to an invocation: completed, with outputs to send, or abandoned, with the reason.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    abandoned: Option<String>,
    messages: BTreeMap<OutputBinding, Vec<String>>,
    http: Option<HttpReply>,
    logs: Vec<String>,
}

impl Reply {
    /// Completes the invocation: its outputs are sent, then its message is completed.
    #[must_use]
    pub fn completed() -> Self {
        Self {
            abandoned: None,
            messages: BTreeMap::new(),
            http: None,
            logs: Vec::new(),
        }
    }

    /// Abandons the invocation: its message is delivered again, or dead-lettered after its last delivery. The host
    /// drops the outputs of such a reply, so they are not written. The reason and the log lines go to this process's
    /// log. The reason must name nobody.
    #[must_use]
    pub fn abandoned(reason: &str) -> Self {
        Self {
            abandoned: Some(reason.to_owned()),
            ..Self::completed()
        }
    }

    /// Adds messages, each the text of a JSON object.
    #[must_use]
    pub fn with_messages(mut self, binding: OutputBinding, messages: Vec<String>) -> Self {
        self.messages.entry(binding).or_default().extend(messages);
        self
    }

    /// Sets the answer to the HTTP caller, which every function with an HTTP trigger needs, and no other.
    #[must_use]
    pub fn with_http(mut self, http: HttpReply) -> Self {
        self.http = Some(http);
        self
    }

    /// Adds a line to the log of the invocation. It must name nobody.
    #[must_use]
    pub fn with_log(mut self, line: String) -> Self {
        self.logs.push(line);
        self
    }

    /// The reason if it was abandoned; `None` if it was completed.
    #[must_use]
    pub fn reason_abandoned(&self) -> Option<&str> {
        self.abandoned.as_deref()
    }

    /// The messages for a binding.
    #[must_use]
    pub fn messages(&self, binding: OutputBinding) -> &[String] {
        self.messages.get(&binding).map_or(&[], Vec::as_slice)
    }

    /// The answer to the HTTP caller.
    #[must_use]
    pub fn http(&self) -> Option<&HttpReply> {
        self.http.as_ref()
    }

    /// The lines for the log of the invocation.
    #[must_use]
    pub fn logs(&self) -> &[String] {
        &self.logs
    }

    /// The body of the answer to the host. It is always an object: the host would wait for ever on `null`.
    #[must_use]
    pub fn to_json(&self) -> String {
        if let Some(reason) = &self.abandoned {
            return json!({ "error": reason }).to_string();
        }
        let mut outputs: BTreeMap<&str, Value> = self
            .messages
            .iter()
            .filter(|(_, messages)| !messages.is_empty())
            .map(|(binding, messages)| (binding.name(), json!(messages)))
            .collect();
        if let Some(http) = &self.http {
            outputs.insert("res", res(http));
        }
        let body = Body {
            outputs,
            logs: &self.logs,
            return_value: (),
        };
        // It consists of texts and names, which serde_json always writes. An empty reply would still be valid.
        serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned())
    }
}

impl fmt::Debug for Reply {
    /// Shows messages by their number alone, because they name people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: BTreeMap<_, _> = self
            .messages
            .iter()
            .map(|(binding, messages)| (binding.name(), messages.len()))
            .collect();
        f.debug_struct("Reply")
            .field("abandoned", &self.abandoned)
            .field("messages", &messages)
            .field("http", &self.http)
            .field("logs", &self.logs)
            .finish()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    outputs: BTreeMap<&'a str, Value>,
    logs: &'a [String],
    return_value: (),
}

/// The `http` output, in the names of `HttpOutputBindingResponse`.
fn res(http: &HttpReply) -> Value {
    let mut headers: BTreeMap<&str, &str> = http
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    headers.insert("Content-Type", http.content_type);
    json!({ "statusCode": http.status.to_string(), "headers": headers, "body": http.body })
}
