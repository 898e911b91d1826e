//! Answers on the wire: Graph's bodies and headers. Their forms are those of published answers; the sources are cited
//! beside each.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock::{floor_to_second, http_date, plus};

/// The content type of an answer with data.
const ODATA: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
/// The content type of an error.
const JSON: &str = "application/json";
/// The root of every `@odata.context`.
pub(crate) const METADATA: &str = "https://graph.microsoft.com/v1.0/$metadata";

/// An answer before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// The fault of a call that the tenant did not expect.
    pub(crate) surprise: Option<String>,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON, unchanged.
    Json(Value),
    /// Text, unchanged, with the content type among the headers.
    Text(String),
    /// Graph's error body, whose ids and date are filled in when it is written.
    Error { code: String, message: String },
    /// Graph's body for a throttled call, which nests differently ("Microsoft Graph throttling guidance").
    Throttled,
}

/// Graph's ids of one call, and the time of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    pub(crate) request_id: Uuid,
    pub(crate) client_request_id: Option<String>,
    pub(crate) now: Timestamp,
}

impl Answer {
    fn new(status: u16, content_type: &str, body: Body) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body,
            surprise: None,
        }
    }

    /// 200 with data, whose context is `#context`.
    pub(crate) fn data(context: &str, fields: Map<String, Value>) -> Self {
        let mut body = Map::new();
        body.insert(
            "@odata.context".to_owned(),
            json!(format!("{METADATA}#{context}")),
        );
        body.extend(fields);
        Self::new(200, ODATA, Body::Json(Value::Object(body))).with("OData-Version", "4.0")
    }

    /// A plain JSON answer, as other services than Graph give it.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::new(status, JSON, Body::Json(body))
    }

    /// Graph's error ("Microsoft Graph error responses and resource types").
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = Body::Error {
            code: code.to_owned(),
            message: message.to_owned(),
        };
        Self::new(status, JSON, body)
    }

    /// Graph's usual error for a status, for faults without a body of their own.
    pub(crate) fn usual(status: u16) -> Self {
        let (code, message) = match status {
            200..=299 => return Self::json(status, json!({})),
            429 => {
                return Self::new(429, JSON, Body::Throttled)
                    .with(
                        "x-ms-throttle-scope",
                        "Tenant_Application/ReadWrite/9a3d526c-b3c1-4479-ba74-197b5c5751ae/0785ef7c-2d7a-4542-b048-95bcab406e0b",
                    )
                    .with("x-ms-throttle-information", "WriteLimitExceeded");
            }
            401 => return Self::unauthorized("Lifetime validation failed, the token is expired."),
            403 => return Self::forbidden(),
            400 => ("Request_BadRequest", "Invalid request."),
            404 => (
                "Request_ResourceNotFound",
                "Resource does not exist or one of its queried reference-property objects are not present.",
            ),
            409 => (
                "Directory_ConcurrencyViolation",
                "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
            ),
            503 => (
                "serviceNotAvailable",
                "The service is temporarily unavailable. Please try again later.",
            ),
            _ => ("UnknownError", ""),
        };
        Self::error(status, code, message)
    }

    /// 401 with the challenge that names Entra.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::error(401, "InvalidAuthenticationToken", message).with(
            "WWW-Authenticate",
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"",
        )
    }

    /// 403 for a missing permission (Azure-Sentinel issue 2505 quotes it).
    pub(crate) fn forbidden() -> Self {
        Self::error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    /// 404 for an object that is not there.
    pub(crate) fn not_found(key: &str) -> Self {
        let message = format!(
            "Resource '{key}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::error(404, "Request_ResourceNotFound", &message)
    }

    /// 501 for requests that the sandbox does not know. It is conspicuous on purpose, because Graph would have an
    /// answer.
    pub(crate) fn unknown(what: &str) -> Self {
        let message = format!("The sandbox does not know this call: {what}");
        let mut answer = Self::error(501, "SandboxUnknownCall", &message);
        answer.surprise = Some(message);
        answer
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a header, replacing one of the same name.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Adds the headers that Graph always sends, unless the answer has its own.
    pub(crate) fn add_graph_headers(&mut self, marks: &Marks) {
        let request_id = marks.request_id.to_string();
        let client_request_id = marks.client_request_id.as_deref().unwrap_or(&request_id);
        for (name, value) in [
            ("Cache-Control", "no-cache"),
            ("Vary", "Accept-Encoding"),
            ("Strict-Transport-Security", "max-age=31536000"),
            ("request-id", &request_id),
            ("client-request-id", client_request_id),
            (
                "x-ms-ags-diagnostic",
                r#"{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"003","RoleInstance":"SANDBOX"}}"#,
            ),
            ("Date", &http_date(marks.now)),
        ] {
            if self.header(name).is_none() {
                self.set(name, value);
            }
        }
    }

    /// The bytes of the body.
    pub(crate) fn bytes(&self, marks: &Marks) -> Vec<u8> {
        let date = floor_to_second(marks.now).to_string();
        let date = date.trim_end_matches('Z');
        let request_id = marks.request_id.to_string();
        let client_request_id = marks.client_request_id.as_deref().unwrap_or(&request_id);
        let value = match &self.body {
            Body::Empty => return Vec::new(),
            Body::Text(text) => return text.clone().into_bytes(),
            Body::Json(value) => value.clone(),
            Body::Error { code, message } => json!({"error": {
                "code": code,
                "message": message,
                "innerError": {
                    "date": date,
                    "request-id": request_id,
                    "client-request-id": client_request_id,
                },
            }}),
            Body::Throttled => json!({"error": {
                "code": "TooManyRequests",
                "innerError": {
                    "code": "429",
                    "date": date,
                    "message": "Please retry after",
                    "request-id": request_id,
                    "status": "429",
                },
                "message": "Please retry again later.",
            }}),
        };
        value.to_string().into_bytes()
    }

    /// Until when the caller has to wait, by `Retry-After` in seconds, with decimals or not, or as a date.
    pub(crate) fn wait_until(&self, now: Timestamp) -> Option<Timestamp> {
        let text = self.header("Retry-After")?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            let wait = std::time::Duration::try_from_secs_f64(seconds).ok()?;
            Some(plus(now, wait))
        } else {
            let text = text.replace("GMT", "+0000");
            Timestamp::strptime("%a, %d %b %Y %H:%M:%S %z", text).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_retry_after_names_the_same_kind_of_instant() {
        let now: Timestamp = "2025-10-07T08:41:03Z".parse().unwrap();
        for (text, until) in [
            ("2", Some("2025-10-07T08:41:05Z")),
            ("2.128", Some("2025-10-07T08:41:05.128Z")),
            (
                "Tue, 07 Oct 2025 08:42:00 GMT",
                Some("2025-10-07T08:42:00Z"),
            ),
            ("soon", None),
        ] {
            let answer = Answer::usual(429).with("Retry-After", text);
            let until = until.map(|text| text.parse::<Timestamp>().unwrap());
            assert_eq!(answer.wait_until(now), until, "{text}");
        }
    }
}
