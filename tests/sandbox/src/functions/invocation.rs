//! Writes invocations as the host writes them: `{"Data": {…}, "Metadata": {…}}`. The sandbox's own words for the wire; the
//! samples under `tests/fixtures/host` hold it to the letter.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::binding_data::BindingData;
use super::message::{Message, QueuedMessage};
use super::net_value::NetValue;
use crate::clock::plus;

/// What the host itself adds to the metadata.
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
/// The body is not UTF-8 and the binding wants text: the binding fails and the worker never sees the message.
pub(super) fn for_message(
    binding: &str,
    binary: bool,
    held: &QueuedMessage,
    lock_token: &str,
    system: SystemData,
) -> anyhow::Result<Value> {
    let value = if binary {
        NetValue::Bytes(held.message.body.clone())
    } else {
        let text = String::from_utf8(held.message.body.clone())
            .map_err(|_| anyhow::anyhow!("the body of the message cannot be read as a string"))?;
        NetValue::Text(text)
    };
    Ok(document_for_message(
        binding, &value, held, lock_token, system,
    ))
}

/// The body of the request with which the host hands a message to a worker on its first delivery, for whoever drives a worker
/// without a host: `binding` is the trigger's name in function.json.
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
    for name in ["ApplicationProperties", "UserProperties"] {
        data.set(
            name,
            NetValue::Object(message.application_properties.clone()),
        );
    }
    data.set("sys", system.value());
    if let NetValue::Text(text) = value {
        data.apply(text);
    }
    document(binding, value.in_data(), data)
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
    /// Whether a function key was demanded and given.
    pub(super) with_key: bool,
    /// None when the request had no Content-Length, or had no body.
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

    /// The body as `Body` has it: the text as sent, or base64 for what is not text.
    fn body_text(&self) -> Option<String> {
        let body = self.body.as_ref()?;
        let content_type = self.header("Content-Type").unwrap_or_default();
        let binary = ["application/octet-stream", "multipart/"]
            .iter()
            .any(|kind| content_type.to_ascii_lowercase().starts_with(kind));
        Some(if binary {
            STANDARD.encode(body)
        } else {
            String::from_utf8_lossy(body).into_owned()
        })
    }
}

/// The invocation for an HTTP request. `Body` is missing where the caller's request had no Content-Length.
pub(super) fn for_request(binding: &str, request: &CallerRequest, system: SystemData) -> Value {
    let query: Map<String, Value> = request
        .query
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
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
    metadata.set("Query", NetValue::Object(query.clone()));
    metadata.set("Headers", NetValue::Object(joined));
    metadata.set("sys", system.value());
    let mut data = json!({
        "Url": request.url,
        "Method": request.method,
        "Query": query,
        "Headers": headers,
        "Params": {},
        "Identities": identities(request.with_key),
    });
    if let Some(text) = request.body_text() {
        metadata.apply(&text);
        data["Body"] = Value::from(text);
    }
    document(binding, data, metadata)
}

/// Who calls: nobody in particular, and with a function key also the bearer of that key.
fn identities(with_key: bool) -> Value {
    let nobody = identity(None, &json!([]));
    if !with_key {
        return json!([nobody]);
    }
    let claim = json!({
        "Issuer": "LOCAL AUTHORITY",
        "OriginalIssuer": "LOCAL AUTHORITY",
        "Properties": {},
        "Subject": null,
        "Type": "http://schemas.microsoft.com/2017/07/functions/claims/authlevel",
        "Value": "Function",
        "ValueType": "http://www.w3.org/2001/XMLSchema#string",
    });
    let bearer = identity(Some("WebJobsAuthLevel"), &json!([claim]));
    json!([nobody, bearer])
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
