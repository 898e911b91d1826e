//! An invocation: which function runs, and what triggered it. Each function has its folder `function/<name>` with a
//! `function.json`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::body_budget::Arrival;
use super::broker::Metadata;
use super::encoding::Payload;
use super::error::InvocationError;
use super::message::QueueMessage;
use super::request::HttpRequest;

/// A function of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Service Bus trigger, binding `message`.
    RevokeFromQueue,
    /// HTTP trigger, bindings `req` and `res`, public route `revoke`.
    RevokeFromAlert,
    /// HTTP trigger, bindings `req` and `res`, public route `check`.
    Check,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 3] = [Self::RevokeFromQueue, Self::RevokeFromAlert, Self::Check];

    /// The name, as in its folder and the host's log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "RevokeFromQueue",
            Self::RevokeFromAlert => "RevokeFromAlert",
            Self::Check => "Check",
        }
    }

    /// The path to which the host posts its invocations: `/<name>` (`DefaultHttpWorkerService`).
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "/RevokeFromQueue",
            Self::RevokeFromAlert => "/RevokeFromAlert",
            Self::Check => "/Check",
        }
    }

    /// The kind of its trigger, in the words of OpenTelemetry's semantic conventions for functions (`faas.trigger`).
    #[must_use]
    pub fn trigger_kind(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "pubsub",
            Self::RevokeFromAlert | Self::Check => "http",
        }
    }
}

/// One invocation by the Functions host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The host's id for it, under which it logs the invocation. Letters, digits, `-`, `_` and `.`, at most 128.
    pub id: String,
    /// What triggered it.
    pub trigger: Trigger,
    /// How it arrived.
    pub arrival: Arrival,
}

/// What triggered an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// [`Function::RevokeFromQueue`]
    Queue(QueueMessage),
    /// [`Function::RevokeFromAlert`]
    Alert(HttpRequest),
    /// [`Function::Check`]
    Check(HttpRequest),
}

impl Invocation {
    /// Reads what the host posted: the header `X-Azure-Functions-InvocationId` and the body `{"Data": {<binding>:
    /// value}, "Metadata": {…}}`.
    ///
    /// # Errors
    /// The body is not an invocation of this function, or the id is malformed. The error names the place, and repeats
    /// nothing of the input.
    pub fn parse(
        function: Function,
        invocation_id: &str,
        body: &[u8],
    ) -> Result<Self, InvocationError> {
        if !is_invocation_id(invocation_id) {
            return Err(InvocationError::no_id());
        }
        let trigger = match function {
            Function::RevokeFromQueue => Trigger::Queue(queue_message(body)?),
            Function::RevokeFromAlert => Trigger::Alert(http_request(body)?),
            Function::Check => Trigger::Check(http_request(body)?),
        };
        Ok(Self {
            id: invocation_id.to_owned(),
            trigger,
            arrival: Arrival::default(),
        })
    }

    /// The function that was invoked.
    #[must_use]
    pub fn function(&self) -> Function {
        match &self.trigger {
            Trigger::Queue(_) => Function::RevokeFromQueue,
            Trigger::Alert(_) => Function::RevokeFromAlert,
            Trigger::Check(_) => Function::Check,
        }
    }
}

impl Trigger {
    /// The body of the message or of the request; empty if there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Queue(message) => &message.body,
            Self::Alert(request) | Self::Check(request) => {
                request.body.as_deref().unwrap_or_default()
            }
        }
    }
}

/// Whether an id may appear unchanged in log lines and receipts. The host's own are GUIDs.
pub(super) fn is_invocation_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[derive(Deserialize)]
struct QueueEnvelope {
    #[serde(rename = "Data")]
    data: Option<QueueData>,
    #[serde(rename = "Metadata", default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct QueueData {
    #[serde(default, deserialize_with = "present")]
    message: Option<Payload>,
}

/// A `null` value is a message without a body; only an absent value is an error.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Payload>, D::Error> {
    Payload::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct HttpEnvelope {
    #[serde(rename = "Data")]
    data: Option<HttpData>,
}

#[derive(Deserialize)]
struct HttpData {
    req: Option<HttpRequest>,
}

fn queue_message(body: &[u8]) -> Result<QueueMessage, InvocationError> {
    let envelope: QueueEnvelope = read(body)?;
    let message = envelope.data.and_then(|data| data.message).ok_or_else(|| {
        InvocationError::at(
            "Data.message",
            "the message; the trigger's binding has to be named `message` in function.json",
        )
    })?;
    Ok(QueueMessage::new(message, &envelope.metadata))
}

fn http_request(body: &[u8]) -> Result<HttpRequest, InvocationError> {
    let envelope: HttpEnvelope = read(body)?;
    envelope.data.and_then(|data| data.req).ok_or_else(|| {
        InvocationError::at(
            "Data.req",
            "the HTTP request; the trigger's binding has to be named `req` in function.json",
        )
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, InvocationError> {
    let mut parser = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut parser)
        .map_err(|error| InvocationError::from_json(&error))?;
    parser
        .end()
        .map_err(|_| InvocationError::at("$", "one JSON object and nothing after it"))?;
    Ok(value)
}
