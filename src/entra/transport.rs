//! Sends one request over the process's one HTTP client, and reads one answer of bounded size.
//!
//! This file knows no retry, no token cache and no Graph: what to send and what an answer means is said elsewhere. It
//! follows no redirect, and repeats nothing on its own. The handler uses no proxy, whatever its environment says; the operator's
//! command uses the environment's for whatever is not on this machine, as the Azure CLI does.

use std::error::Error as _;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use uuid::Uuid;

/// How long a connection may take to be made, TLS included. Graph is a few milliseconds away from any Azure region; a
/// lost SYN is sent again after one and after three seconds, and then it is better to start over.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a silent HTTP/2 connection with a call on it is asked whether it lives, and how long it may take to say so.
/// Without that a connection that died unnoticed stays in the pool, and every retry waits on it in vain.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// The largest answer that is read. The largest that Graph gives to our questions, a list of two users, is a few KiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// A request to Graph.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) bearer: Bearer,
    /// A JSON document. Without one the request has no body and no Content-Type.
    pub(super) json: Option<Vec<u8>>,
    /// Whether the query is an advanced one ("Advanced query capabilities on Microsoft Entra ID objects").
    pub(super) eventual: bool,
    /// Our own id of it, by which Microsoft's support finds it ("Best practices for working with Microsoft Graph", reliability
    /// and support).
    pub(super) client_request_id: Uuid,
}

/// An answer of whatever status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body, or why it could not be read: the status is known all the same.
    pub(super) body: Result<Vec<u8>, TransportFailure>,
}

impl Answer {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TransportFailure {
    /// No connection was made, so nothing was sent.
    Connect(String),
    /// No answer in time. The request may have been carried out.
    TimedOut(Duration),
    /// The connection broke. The request may have been carried out.
    Broken(String),
    /// The answer was larger than is read.
    TooLarge,
}

impl TransportFailure {
    /// Whether the request may have been carried out all the same.
    pub(super) fn is_unclear(&self) -> bool {
        match self {
            Self::Connect(_) => false,
            Self::TimedOut(_) | Self::Broken(_) | Self::TooLarge => true,
        }
    }
}

impl fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(reason) => write!(f, "no connection could be made ({reason})"),
            Self::TimedOut(time) => write!(f, "no answer came within {:.1} s", time.as_secs_f64()),
            Self::Broken(reason) => {
                write!(
                    f,
                    "the connection broke before the answer was whole ({reason})"
                )
            }
            Self::TooLarge => write!(f, "the answer was larger than {LARGEST_ANSWER} bytes"),
        }
    }
}

impl std::error::Error for TransportFailure {}

/// What sends a request: the network, or a script in a test.
pub(super) trait Transport: Send + Sync + fmt::Debug {
    /// Sends the request once.
    fn send(
        &self,
        request: Request,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Answer, TransportFailure>>;
}

/// The network.
#[derive(Debug, Clone)]
pub(super) struct HttpTransport {
    client: reqwest::Client,
    /// What goes through the proxy of the environment, for whatever is not on this machine; `None` where no proxy is used.
    pub(super) beyond: Option<reqwest::Client>,
}

impl HttpTransport {
    /// Makes the client, its connection pool and its TLS roots. This reads the machine's certificate store.
    pub(super) fn new() -> Result<Self, String> {
        // The identity endpoint speaks plain HTTP on this machine: a proxy variable must not carry tokens away.
        let client = Self::builder().no_proxy().build();
        Ok(Self {
            client: client.map_err(|error| root_cause(&error))?,
            beyond: None,
        })
    }

    /// What every client has in common.
    pub(super) fn builder() -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(concat!("evict/", env!("CARGO_PKG_VERSION")))
            // A real revocation is answered 200 with a Location header: nothing is a redirect here.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Every retry is ours, so that it is counted, and waits while Graph says wait.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_INTERVAL)
    }

    /// Sends any request once and reads its answer.
    pub(super) async fn exchange(
        &self,
        request: reqwest::Request,
        timeout: Duration,
    ) -> Result<Answer, TransportFailure> {
        // One time for both parts. A head that came in time counts, whatever becomes of its body.
        let mut expiry = pin!(tokio::time::sleep(timeout));
        let client = match &self.beyond {
            Some(beyond) if !is_near(request.url()) => beyond,
            Some(_) | None => &self.client,
        };
        let response = tokio::select! {
            response = client.execute(request) => response.map_err(|error| failure(&error, timeout))?,
            () = &mut expiry => return Err(TransportFailure::TimedOut(timeout)),
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = tokio::select! {
            body = read(response) => body.map_err(|error| match error {
                ReadError::TooLarge => TransportFailure::TooLarge,
                ReadError::Http(error) => failure(&error, timeout),
            }),
            () = &mut expiry => Err(TransportFailure::TimedOut(timeout)),
        };
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// Whether an address is one of this machine: loopback, or link-local, where the metadata service of a virtual machine is.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_link_local(),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unicast_link_local(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        request: Request,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Answer, TransportFailure>> {
        Box::pin(self.exchange(assembled(request), timeout))
    }
}

fn assembled(request: Request) -> reqwest::Request {
    let mut assembled = reqwest::Request::new(request.method, request.url);
    let headers = assembled.headers_mut();
    headers.insert(header::AUTHORIZATION, request.bearer.header());
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(&request.client_request_id.to_string()) {
        headers.insert(HeaderName::from_static("client-request-id"), id);
    }
    if request.eventual {
        headers.insert(
            HeaderName::from_static("consistencylevel"),
            HeaderValue::from_static("eventual"),
        );
    }
    match request.json {
        Some(json) => {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            *assembled.body_mut() = Some(json.into());
        }
        None if assembled.method() == Method::POST => {
            // Said outright: some gateways answer 411 to a POST that does not say it has no body.
            assembled
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        None => {}
    }
    assembled
}

enum ReadError {
    TooLarge,
    Http(reqwest::Error),
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ReadError::Http)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(ReadError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failure(error: &reqwest::Error, timeout: Duration) -> TransportFailure {
    if error.is_connect() {
        TransportFailure::Connect(root_cause(error))
    } else if error.is_timeout() {
        TransportFailure::TimedOut(timeout)
    } else {
        TransportFailure::Broken(root_cause(error))
    }
}

/// The innermost reason, on one line. The outer ones hold the URL, and with it the user's name.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut reason: Option<&dyn std::error::Error> = error.source();
    while let Some(deeper) = reason.and_then(std::error::Error::source) {
        reason = Some(deeper);
    }
    let text = reason.map_or_else(|| "no reason given".to_owned(), ToString::to_string);
    text.chars()
        .take(200)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// An access token, as it goes into the Authorization header. `Debug` masks it, and so does the HTTP client.
#[derive(Clone)]
pub(super) struct Bearer {
    header: Arc<HeaderValue>,
}

impl Bearer {
    /// The token, unless it holds characters that no header may hold.
    pub(super) fn new(token: &str) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        header.set_sensitive(true);
        Some(Self {
            header: Arc::new(header),
        })
    }

    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::clone(&self.header)
    }

    /// Whether it is the very same token, not one of equal text.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.header, &other.header)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_masked_wherever_it_is_printed() {
        let bearer = Bearer::new("eyJ0.secret.part").unwrap();
        let request = Request {
            method: Method::GET,
            url: Url::parse("http://127.0.0.1:1/v1.0/groups/x").unwrap(),
            bearer: bearer.clone(),
            json: None,
            eventual: false,
            client_request_id: Uuid::nil(),
        };
        let assembled = assembled(request.clone());
        for text in [
            format!("{bearer:?}"),
            format!("{request:?}"),
            format!("{assembled:?}"),
        ] {
            assert!(!text.contains("secret"), "{text}");
        }
        assert_eq!(format!("{bearer:?}"), "Bearer(***)");
        assert_eq!(
            assembled.headers()["authorization"],
            "Bearer eyJ0.secret.part"
        );
    }

    #[test]
    fn a_revocation_has_no_body_and_no_content_type() {
        let request = assembled(Request {
            method: Method::POST,
            url: Url::parse("http://127.0.0.1:1/v1.0/users/x/revokeSignInSessions").unwrap(),
            bearer: Bearer::new("t").unwrap(),
            json: None,
            eventual: false,
            client_request_id: Uuid::nil(),
        });
        assert!(request.body().is_none());
        assert!(request.headers().get(header::CONTENT_TYPE).is_none());
        assert_eq!(request.headers()[header::CONTENT_LENGTH], "0");
    }

    #[test]
    fn a_token_with_a_line_break_is_no_token() {
        assert!(Bearer::new("a\r\nX-Other: b").is_none());
    }

    #[test]
    fn only_a_post_without_a_document_says_that_it_has_no_body() {
        let says_so = |method, json| {
            let request = Request {
                method,
                url: Url::parse("http://127.0.0.1:1/v1.0/users").unwrap(),
                bearer: Bearer::new("e30.e30.x").unwrap(),
                json,
                eventual: false,
                client_request_id: Uuid::nil(),
            };
            assembled(request).headers().contains_key("content-length")
        };
        assert!(says_so(Method::POST, None));
        assert!(!says_so(Method::GET, None));
        assert!(!says_so(Method::POST, Some(b"{}".to_vec())));
    }
}
