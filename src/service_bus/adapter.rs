//! Implements the crate's HTTP client trait: takes the requests that the crate makes, and sends what is meant. The room's
//! docs give the changes and their reasons.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use azure_core_legacy::error::{Error, ErrorKind};
use azure_core_legacy::headers::Headers;
use azure_core_legacy::{
    Body, BytesStream, HttpClient as CrateHttpClient, Request, Response, StatusCode,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::ServiceBusFailure;
use super::message::{BROKER_PROPERTIES, NAMED_LIKE_HTTP, is_named_like_http};
use super::namespace::Namespace;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::http::{Bearer, Bounds, HttpClient, HttpFailure, HttpRequest, Method};

/// The name of the broker's properties on their way through the crate, which would read them too narrowly.
pub(super) const HIDDEN_PROPERTIES: &str = "x-evict-broker-properties";

/// Marks a body that passes the crate in base64.
pub(super) const IN_BASE64: &str = "x-evict-in-base64";

/// A read waits one second for a message; the rest is the network. The largest answer is a message of the Premium tier's
/// usual limit, with a margin.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(30),
    bytes: 2 * 1024 * 1024,
};

pub(super) struct Adapter {
    http: HttpClient,
    namespace: Namespace,
    bearer: Bearer,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adapter({})", self.namespace)
    }
}

impl Adapter {
    pub(super) fn new(namespace: Namespace, bearer: Bearer, http: HttpClient) -> Self {
        Self {
            http,
            namespace,
            bearer,
        }
    }

    async fn send(&self, request: &Request) -> Result<(u16, Headers, Vec<u8>), ServiceBusFailure> {
        let address = format!("{}{}", self.namespace.root(), request.path_and_query());
        let method = Method::from_bytes(request.method().as_ref().as_bytes())
            .map_err(|error| ServiceBusFailure::Unexpected(error.to_string()))?;
        let url = address
            .parse()
            .map_err(|_| ServiceBusFailure::Unexpected("its address is not a URL".to_owned()))?;
        let mut out = HttpRequest::new(method, url);
        let headers = out.headers_mut();
        headers.insert(header::AUTHORIZATION, self.bearer.header());
        let mut in_base64 = false;
        for (name, value) in request.headers().iter() {
            match name.as_str() {
                // The SAS signature, and the length, which follows from the body.
                "authorization" | "content-length" => {}
                IN_BASE64 => in_base64 = true,
                name => {
                    let name = HeaderName::from_bytes(name.as_bytes());
                    let value = HeaderValue::from_str(value.as_str());
                    let (Ok(name), Ok(value)) = (name, value) else {
                        let problem = "a header that HTTP does not allow";
                        return Err(ServiceBusFailure::Unexpected(problem.to_owned()));
                    };
                    headers.append(name, value);
                }
            }
        }
        let body = match request.body() {
            Body::Bytes(bytes) if in_base64 => STANDARD
                .decode(bytes)
                .map_err(|error| ServiceBusFailure::Unexpected(error.to_string()))?,
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::SeekableStream(_) => {
                return Err(ServiceBusFailure::Unexpected(
                    "the body is a stream".to_owned(),
                ));
            }
        };
        *out.body_mut() = Some(body.into());
        let answer = self.http.exchange(out, BOUNDS).await.map_err(network)?;
        let (status, body) = (answer.status, answer.body.map_err(network)?);
        let mut headers = Headers::new();
        for (name, value) in &answer.headers {
            // The service writes non-ASCII text as UTF-8, if at all.
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let name = match name.as_str() {
                BROKER_PROPERTIES => HIDDEN_PROPERTIES.to_owned(),
                other if is_named_like_http(other, &value) => format!("{NAMED_LIKE_HTTP}{other}"),
                other => other.to_owned(),
            };
            headers.insert(name, value);
        }
        Ok((status, headers, body))
    }
}

#[async_trait]
impl CrateHttpClient for Adapter {
    async fn execute_request(&self, request: &Request) -> azure_core_legacy::Result<Response> {
        let failed = |cause: ServiceBusFailure| Error::new(ErrorKind::Other, cause);
        let (status, mut headers, body) = self.send(request).await.map_err(failed)?;
        if !(200..300).contains(&status) {
            return Err(failed(refusal(status, &headers, &body)));
        }
        let body = match String::from_utf8(body) {
            Ok(text) => text,
            Err(bytes) => {
                headers.insert(IN_BASE64, "yes");
                STANDARD.encode(bytes.as_bytes())
            }
        };
        let status = StatusCode::try_from(status).map_err(|_| {
            failed(ServiceBusFailure::Unexpected(format!(
                "the status {status}"
            )))
        })?;
        Ok(Response::new(
            status,
            headers,
            Box::pin(BytesStream::new(body)),
        ))
    }
}

fn network(failure: HttpFailure) -> ServiceBusFailure {
    match failure {
        HttpFailure::Connect(reason) => ServiceBusFailure::NoConnection(reason),
        HttpFailure::TimedOut(_) => ServiceBusFailure::Network("no answer in time".to_owned()),
        HttpFailure::Broken(reason) => {
            ServiceBusFailure::Network(format!("the connection broke ({reason})"))
        }
        HttpFailure::TooLarge(most) => {
            ServiceBusFailure::Unexpected(format!("the answer is larger than {most} bytes"))
        }
    }
}

/// A refusal in the service's words, `<Error><Code>…</Code><Detail>…</Detail></Error>`, with its tracking id.
fn refusal(status: u16, headers: &Headers, body: &[u8]) -> ServiceBusFailure {
    let text = String::from_utf8_lossy(body);
    let detail = text
        .split_once("<Detail>")
        .and_then(|(_, rest)| rest.split_once("</Detail>"))
        .map_or("", |(detail, _)| detail);
    let mut words: String = detail
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&apos;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .chars()
        .take(600)
        .collect();
    if words.is_empty() {
        "without a reason".clone_into(&mut words);
        let id = headers
            .iter()
            .find(|(name, _)| name.as_str() == "x-ms-request-id");
        if let Some((_, id)) = id {
            words.push_str(", request ");
            words.push_str(id.as_str());
        }
    }
    match status {
        413 => ServiceBusFailure::TooLarge(words),
        400 | 403 if is_about_the_size(&words) => ServiceBusFailure::TooLarge(words),
        401 => ServiceBusFailure::NotAuthorized(words),
        403 => ServiceBusFailure::Forbidden(words),
        404 | 410 => ServiceBusFailure::Gone(status, words),
        429 => ServiceBusFailure::Throttled(words),
        500.. => ServiceBusFailure::Unavailable(status, words),
        _ => ServiceBusFailure::Refused(status, words),
    }
}

/// Whether a refusal concerns the size of a message: Service Bus answers 403 for a full queue too ("Send Message").
fn is_about_the_size(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    [
        "messagesizeexceeded",
        "too large",
        "exceeds the limit",
        "exceeds the maximum",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}
