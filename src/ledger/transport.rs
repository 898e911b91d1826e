//! The HTTP client below Azure's crates: sends a request once and reads an answer of bounded size. It follows no redirect,
//! uses no proxy, and repeats nothing on its own.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};

use super::book::LARGEST;
use super::problem::Problem;

/// How long one answer may take. The account is in the app's region, and its answers take some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Where `azure_identity` looks for the identity of a virtual machine if it finds no variables of an app.
const VIRTUAL_MACHINE_HOST: &str = "169.254.169.254";

/// The process's connections to the storage service and the identity endpoint.
#[derive(Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
}

impl Transport {
    /// Makes the client and its TLS roots. This reads the machine's certificate store.
    pub(super) fn new() -> Result<Self, Problem> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("evict/", env!("CARGO_PKG_VERSION")))
            // A redirect could lead a token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Problem::NoAnswer(root_cause(&error)))?;
        Ok(Self { client })
    }

    async fn exchange(&self, request: &Request) -> Result<AsyncRawResponse, Problem> {
        if request.url().host_str() == Some(VIRTUAL_MACHINE_HOST) {
            return Err(Problem::NoToken(
                "this process has no managed identity, for IDENTITY_ENDPOINT and IDENTITY_HEADER are not both set"
                    .to_owned(),
            ));
        }
        let method = request
            .method()
            .as_ref()
            .parse()
            .map_err(|_| Problem::NoAnswer("a method that HTTP does not allow".to_owned()))?;
        let mut sent = reqwest::Request::new(method, request.url().clone());
        for (name, value) in request.headers().iter() {
            let name = reqwest::header::HeaderName::from_bytes(name.as_str().as_bytes());
            let value = reqwest::header::HeaderValue::from_str(value.as_str());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(Problem::NoAnswer(
                    "a header that HTTP does not allow".to_owned(),
                ));
            };
            value.set_sensitive(true);
            sent.headers_mut().insert(name, value);
        }
        match request.body() {
            Body::Bytes(bytes) if bytes.is_empty() => {}
            Body::Bytes(bytes) => *sent.body_mut() = Some(bytes.clone().into()),
            Body::SeekableStream(_) => {
                return Err(Problem::NoAnswer("a body that is no text".to_owned()));
            }
        }
        let mut response = self
            .client
            .execute(sent)
            .await
            .map_err(|error| no_answer(&error))?;
        let status = response.status().as_u16();
        let headers = readable(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > 2 * LARGEST {
                return Err(Problem::NoAnswer("the answer was too large".to_owned()));
            }
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

impl HttpClient for Transport {
    // What `#[async_trait]` writes, without the macro.
    fn execute_request<'transport, 'request, 'answer>(
        &'transport self,
        request: &'request Request,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AsyncRawResponse>> + Send + 'answer>>
    where
        'transport: 'answer,
        'request: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            self.exchange(request)
                .await
                .map_err(|problem| azure_core::Error::new(ErrorKind::Other, problem))
        })
    }
}

fn readable(headers: &reqwest::header::HeaderMap) -> Headers {
    let readable: HashMap<HeaderName, HeaderValue> = headers
        .iter()
        .filter_map(|(name, value)| {
            let value = value.to_str().ok()?.to_owned();
            Some((
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(value),
            ))
        })
        .collect();
    Headers::from(readable)
}

fn no_answer(error: &reqwest::Error) -> Problem {
    if error.is_timeout() {
        return Problem::NoAnswer(format!("none came within {} s", TIMEOUT.as_secs()));
    }
    Problem::NoAnswer(root_cause(error))
}

/// The innermost reason, on one line.
fn root_cause(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(deeper) = reason.source() {
        reason = deeper;
    }
    reason
        .to_string()
        .chars()
        .take(200)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
