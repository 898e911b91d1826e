//! The answer to an invocation, written so that the host changes nothing in it.
//!
//! What the host does with an output (Azure/azure-functions-host, `HttpScriptInvocationResultExtensions`,
//! `FunctionBinding.ReadAsEnumerable`; Azure/azure-webjobs-sdk, `JobHostMetadataProvider`), and what follows:
//!
//! - A *string* that is valid base64 is sent as the bytes it stands for. So no output is a string: messages are always in
//!   an array, and the HTTP answer is in an object.
//! - An *object*, or a string that parses as one, is parsed, its strings that look like dates are rewritten, and it is
//!   sent with indentation. An *array* becomes one message for each element, and an element that is a string is sent as
//!   that string (the binding of Service Bus collects strings, and `JValue.ToString()` is the text itself). So messages
//!   are **an array of strings**, each the JSON text of one message: it arrives byte for byte.
//! - While the host reads the array it takes a string that is *as a whole* a date for one. A JSON object's text never is;
//!   hand over JSON objects.
//! - The HTTP answer's `body` is a string as well and is passed on as it is, with the `Content-Type` among its headers.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// A binding by which a reply sends messages. Each has its entry in `function.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputBinding {
    /// The queue or topic of receipts.
    Receipts,
    /// The queue of what could not be read or not be finished.
    Rejected,
    /// The input queue, for what an HTTP caller cannot wait for.
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
    /// Further headers, each name once. A `Content-Type` among them is passed over.
    pub headers: Vec<(String, String)>,
    /// The body, sent as it is.
    pub body: String,
}

impl HttpReply {
    /// An answer in JSON.
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
    /// The body, which may name people, is shown by its length alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReply")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The answer to an invocation: completed, with what has to be sent; or abandoned, with the reason.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    abandoned: Option<String>,
    messages: BTreeMap<OutputBinding, Vec<String>>,
    http: Option<HttpReply>,
    logs: Vec<String>,
}

impl Reply {
    /// The invocation is done: its outputs are sent, then its message is completed.
    #[must_use]
    pub fn completed() -> Self {
        Self {
            abandoned: None,
            messages: BTreeMap::new(),
            http: None,
            logs: Vec::new(),
        }
    }

    /// The invocation is not done: its message comes again, or is dead-lettered after its last delivery. The host drops
    /// the outputs of such a reply, so that they are not written; the reason and the log lines go to this process's log.
    /// The reason must name nobody.
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

    /// Sets the answer to the HTTP caller. Only for functions with an HTTP trigger, which need one.
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

    /// Why it was abandoned; `None` for a completed one.
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

    /// The body of the answer to the host. It is always an object: at `null` the host would wait for ever.
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
        // Texts and names only, which serde_json always writes. An empty reply would still be one.
        serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned())
    }
}

impl fmt::Debug for Reply {
    /// Messages are counted, not shown: they name people.
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
