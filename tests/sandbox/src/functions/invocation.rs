//! Writes invocations as the host writes them: `{"Data": {…}, "Metadata": {…}}`. The sandbox's structures for the wire
//! are its own; the samples under `tests/fixtures/host` check them exactly.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::binding_data::BindingData;
use super::front_end::Key;
use super::message::{BodyKind, Message, QueuedMessage};
use super::net_value::NetValue;
use super::text::read_as_text;
use crate::clock::plus;

/// The metadata that the host itself adds.
#[derive(Debug, Clone)]
pub(super) struct SystemData {
    pub(super) method_name: String,
    pub(super) utc_now: String,
    pub(super) rand_guid: String,
}

impl SystemData {
    pub(super) fn new(function: &str, now: Timestamp) -> Self {
        let ticks = now.subsec_nanosecond() / 100;
        Self {
            method_name: function.to_owned(),
            utc_now: format!("{}.{ticks:07}Z", now.strftime("%Y-%m-%dT%H:%M:%S")),
            rand_guid: Uuid::new_v4().to_string(),
        }
    }

    fn value(self) -> NetValue {
        let members = [
            ("MethodName", self.method_name),
            ("UtcNow", self.utc_now),
            ("RandGuid", self.rand_guid),
        ];
        NetValue::Object(
            members
                .into_iter()
                .map(|(name, text)| (name.to_owned(), Value::from(text)))
                .collect(),
        )
    }
}

/// The invocation for a Service Bus message.
///
/// # Errors
/// The body is an AMQP sequence, or an AMQP value that is no string: the binding fails and the worker never sees the
/// message.
pub(super) fn for_message(
    binding: &str,
    binary: bool,
    held: &QueuedMessage,
    lock_token: &str,
    system: SystemData,
) -> anyhow::Result<Value> {
    match held.message.body_kind {
        BodyKind::Data => {}
        BodyKind::Value | BodyKind::Sequence => {
            anyhow::bail!("the body of the message cannot be read as a string")
        }
    }
    let value = if binary {
        NetValue::Bytes(held.message.body.clone())
    } else {
        NetValue::Text(read_as_text(&held.message.body))
    };
    Ok(document_for_message(
        binding, &value, held, lock_token, system,
    ))
}

/// The request body with which the host passes a message to a worker on its first delivery, for tests that run a worker
/// without a host. `binding` is the trigger's name in function.json.
#[must_use]
pub fn queue_invocation(function: &str, binding: &str, body: &str, now: Timestamp) -> Value {
    let held = QueuedMessage {
        message: Message {
            message_id: Some(Uuid::new_v4().simple().to_string()),
            content_type: Some("application/json".to_owned()),
            ..Message::of(body)
        },
        sequence_number: 1,
        enqueued_at: now,
        expires_at: plus(now, Duration::from_hours(336)),
        delivery_count: 1,
        dead_letter: None,
    };
    let lock_token = Uuid::new_v4().to_string();
    let value = NetValue::Text(body.to_owned());
    let system = SystemData::new(function, now);
    document_for_message(binding, &value, &held, &lock_token, system)
}

/// The invocation of a function that was started with a text through `/admin/functions`. The extension creates a
/// message from the text that no broker has sent: with a count of 0, the number -1, an empty lock, and the year 1 as
/// its time.
pub(super) fn for_no_message(binding: &str, text: &str, system: SystemData) -> Value {
    let held = QueuedMessage {
        message: Message::of(text),
        sequence_number: -1,
        enqueued_at: YEAR_ONE,
        expires_at: END_OF_TIME,
        delivery_count: 0,
        dead_letter: None,
    };
    let value = NetValue::Text(text.to_owned());
    document_for_message(binding, &value, &held, &Uuid::nil().to_string(), system)
}

/// The least `DateTime` of .NET: 0001-01-01T00:00:00.
const YEAR_ONE: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The greatest `DateTime`, to the second: 9999-12-30T22:00:00 is the last that this library can represent.
const END_OF_TIME: Timestamp = Timestamp::constant(253_402_207_200, 0);

fn document_for_message(
    binding: &str,
    value: &NetValue,
    held: &QueuedMessage,
    lock_token: &str,
    system: SystemData,
) -> Value {
    let mut data = BindingData::default();
    data.set("DeliveryCount", NetValue::Whole(held.delivery_count.into()));
    data.set_text("LockToken", Some(lock_token));
    data.set("ExpiresAtUtc", NetValue::UtcTime(held.expires_at));
    data.set("ExpiresAt", NetValue::OffsetTime(held.expires_at));
    data.set("EnqueuedTimeUtc", NetValue::UtcTime(held.enqueued_at));
    data.set("EnqueuedTime", NetValue::OffsetTime(held.enqueued_at));
    let message = &held.message;
    data.set_text("MessageId", message.message_id.as_deref());
    data.set_text("ContentType", message.content_type.as_deref());
    data.set("SequenceNumber", NetValue::Whole(held.sequence_number));
    data.set_text("CorrelationId", message.correlation_id.as_deref());
    data.set_text("Subject", message.subject.as_deref());
    data.set_text("Label", message.subject.as_deref());
    data.set_text("To", message.to.as_deref());
    data.set_text("ReplyTo", message.reply_to.as_deref());
    data.set_text("SessionId", message.session_id.as_deref());
    // Objects of the SDK, which are useless to a worker (the extension's `ServiceBusTriggerBindingStrategy`).
    for name in ["Client", "MessageReceiver", "MessageActions"] {
        data.set(name, NetValue::Object(sdk_object()));
    }
    for name in ["ApplicationProperties", "UserProperties"] {
        data.set(
            name,
            NetValue::Object(message.application_properties.clone()),
        );
    }
    if let NetValue::Text(text) = value {
        data.apply(text);
    }
    set_system(&mut data, system);
    document(binding, value.in_data(), data)
}

/// Adds the host's own values beside existing values of the same name.
fn set_system(data: &mut BindingData, system: SystemData) {
    let name = if data.has("sys") { "$sys" } else { "sys" };
    data.set(name, system.value());
}

fn sdk_object() -> Map<String, Value> {
    let members =
        json!({"FullyQualifiedNamespace": "sandbox.servicebus.windows.net", "IsClosed": false});
    members.as_object().cloned().unwrap_or_default()
}

fn document(binding: &str, value: Value, metadata: BindingData) -> Value {
    let mut data = Map::new();
    data.insert(binding.to_owned(), value);
    json!({"Data": data, "Metadata": metadata.into_metadata()})
}

/// A caller's HTTP request, as the host sees it.
#[derive(Debug, Clone, Default)]
pub(super) struct CallerRequest {
    pub(super) url: String,
    pub(super) method: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, Vec<String>)>,
    /// The key that was given.
    pub(super) key: Option<Key>,
    /// `None` if the request had no Content-Length, or no body.
    pub(super) body: Option<Vec<u8>>,
}

impl CallerRequest {
    fn header(&self, name: &str) -> Option<&str> {
        let (_, values) = self
            .headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        values.first().map(String::as_str)
    }

    /// The value of `Body`: the text as sent, or base64 for binary content.
    fn body_text(&self) -> Option<String> {
        let body = self.body.as_ref()?;
        let content_type = self.header("Content-Type").unwrap_or_default();
        let binary = ["application/octet-stream", "multipart/"]
            .iter()
            .any(|kind| content_type.to_ascii_lowercase().starts_with(kind));
        Some(if binary {
            STANDARD.encode(body)
        } else {
            read_as_text(body)
        })
    }
}

/// The invocation for an HTTP request. `Body` is missing if the caller's request had no Content-Length.
pub(super) fn for_request(binding: &str, request: &CallerRequest, system: SystemData) -> Value {
    // A repeated value is joined by commas in `Data`, and `Metadata` has its last one.
    let mut query = Map::new();
    let mut last = Map::new();
    for (name, value) in &request.query {
        let all = match query.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.clone(),
        };
        query.insert(name.clone(), all.into());
        last.insert(name.clone(), json!(value));
    }
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, values)| (name.clone(), json!(values)))
        .collect();
    let joined = request
        .headers
        .iter()
        .map(|(name, values)| (name.clone(), json!(values.join(", "))))
        .collect();
    let mut metadata = BindingData::default();
    for (name, value) in &last {
        metadata.set_text(name, value.as_str());
    }
    metadata.set("Query", NetValue::Object(last));
    metadata.set("Headers", NetValue::Object(joined));
    let mut data = json!({
        "Url": request.url,
        "Method": request.method,
        "Query": query,
        "Headers": headers,
        "Params": {},
        "Identities": identities(request.key),
    });
    if let Some(text) = request.body_text() {
        metadata.apply(&text);
        data["Body"] = Value::from(text);
    }
    set_system(&mut metadata, system);
    document(binding, data, metadata)
}

/// The caller's identities: anonymous, or the bearer of a function key (`AuthenticationLevelHandler`).
fn identities(key: Option<Key>) -> Value {
    let (level, id) = match key {
        None => return json!([identity(None, &json!([]))]),
        Some(Key::Function) => ("Function", "default"),
        Some(Key::Master) => ("Admin", "master"),
    };
    let claim = |name: &str, value: &str| {
        json!({
            "Issuer": "LOCAL AUTHORITY",
            "OriginalIssuer": "LOCAL AUTHORITY",
            "Properties": {},
            "Subject": null,
            "Type": format!("http://schemas.microsoft.com/2017/07/functions/claims/{name}"),
            "Value": value,
            "ValueType": "http://www.w3.org/2001/XMLSchema#string",
        })
    };
    let claims = json!([
        claim("authlevel", level),
        claim("invoke", "true"),
        claim("keyid", id),
    ]);
    json!([identity(Some("WebJobsAuthLevel"), &claims)])
}

fn identity(authentication_type: Option<&str>, claims: &Value) -> Value {
    json!({
        "IsAuthenticated": authentication_type.is_some(),
        "AuthenticationType": authentication_type,
        "Actor": null,
        "BootstrapContext": null,
        "Claims": claims,
        "Label": null,
        "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}

#[cfg(test)]
#[path = "invocation_tests.rs"]
mod tests;
