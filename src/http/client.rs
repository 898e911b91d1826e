//! Sends one request over the process's one HTTP client, and reads one answer of bounded size.
//!
//! This file knows no retry, no token cache and no Graph: what to send and what an answer means is said elsewhere. It
//! follows no redirect, and repeats nothing on its own. The handler uses no proxy, whatever its environment says; the operator's
//! command uses the environment's for whatever is not on this machine, as the Azure CLI does.

use std::error::Error as _;
use std::fmt;
use std::pin::pin;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;

/// How long a connection may take to be made, TLS included. Graph is a few milliseconds away from any Azure region; a
/// lost SYN is sent again after one and after three seconds, and then it is better to start over.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a silent HTTP/2 connection with a call on it is asked whether it lives, and how long it may take to say so.
/// Without that a connection that died unnoticed stays in the pool, and every retry waits on it in vain.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// How long a call may take, answer included, and how much of an answer is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

/// An answer of whatever status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, or why it could not be read: the status is known all the same.
    pub(crate) body: Result<Vec<u8>, HttpFailure>,
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpFailure {
    /// No connection was made, so nothing was sent.
    Connect(String),
    /// No answer in time. The request may have been carried out.
    TimedOut(Duration),
    /// The connection broke. The request may have been carried out.
    Broken(String),
    /// The answer was larger than is read, in bytes.
    TooLarge(usize),
}

impl HttpFailure {
    /// Whether the request may have been carried out all the same.
    pub(crate) fn is_unclear(&self) -> bool {
        match self {
            Self::Connect(_) => false,
            Self::TimedOut(_) | Self::Broken(_) | Self::TooLarge(_) => true,
        }
    }
}

impl fmt::Display for HttpFailure {
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
            Self::TooLarge(most) => write!(f, "the answer was larger than {most} bytes"),
        }
    }
}

impl std::error::Error for HttpFailure {}

/// The HTTP client could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The HTTPS client could not be made ({0}). Evict needs the machine's certificate store (on Debian and Ubuntu the package \
     ca-certificates): install it and start again."
)]
pub struct HttpSetupError(String);

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, HttpSetupError> {
    builder
        .build()
        .map_err(|error| HttpSetupError(root_cause(&error)))
}

/// The process's one HTTP client. Clones share its connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    /// What goes through the proxy of the environment, for whatever is not on this machine; `None` where no proxy is used.
    beyond: Option<reqwest::Client>,
}

impl HttpClient {
    /// Makes the client, its connection pool and its TLS roots. It uses no proxy. This reads the machine's certificate store, which
    /// takes some milliseconds: not to be done before the handler listens.
    ///
    /// # Errors
    /// If there are no TLS roots.
    pub fn new() -> Result<Self, HttpSetupError> {
        // The identity endpoint speaks plain HTTP on this machine: a proxy variable must not carry tokens away.
        Ok(Self {
            client: build(Self::builder().no_proxy())?,
            beyond: None,
        })
    }

    /// A client like the Azure CLI's: through the proxy that `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name, and never to one for
    /// what is on this machine.
    ///
    /// # Errors
    /// If there are no TLS roots, or the proxy's address is none.
    pub fn through_the_proxy() -> Result<Self, HttpSetupError> {
        Ok(Self {
            beyond: Some(build(Self::builder())?),
            ..Self::new()?
        })
    }

    /// What every client has in common.
    fn builder() -> reqwest::ClientBuilder {
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
    pub(crate) async fn exchange(
        &self,
        request: reqwest::Request,
        Bounds { time, bytes }: Bounds,
    ) -> Result<Answer, HttpFailure> {
        // One time for both parts. A head that came in time counts, whatever becomes of its body.
        let mut expiry = pin!(tokio::time::sleep(time));
        let client = match &self.beyond {
            Some(beyond) if !is_near(request.url()) => beyond,
            Some(_) | None => &self.client,
        };
        let response = tokio::select! {
            response = client.execute(request) => response.map_err(|error| failure(&error, time))?,
            () = &mut expiry => return Err(HttpFailure::TimedOut(time)),
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = tokio::select! {
            body = read(response, bytes) => body.map_err(|error| match error {
                ReadError::TooLarge => HttpFailure::TooLarge(bytes),
                ReadError::Http(error) => failure(&error, time),
            }),
            () = &mut expiry => Err(HttpFailure::TimedOut(time)),
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

enum ReadError {
    TooLarge,
    Http(reqwest::Error),
}

async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ReadError::Http)? {
        if body.len() + chunk.len() > most {
            return Err(ReadError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failure(error: &reqwest::Error, timeout: Duration) -> HttpFailure {
    if error.is_connect() {
        HttpFailure::Connect(root_cause(error))
    } else if error.is_timeout() {
        HttpFailure::TimedOut(timeout)
    } else {
        HttpFailure::Broken(root_cause(error))
    }
}

/// The innermost reason, on one line. The outer ones hold the URL, and with it the user's name.
fn root_cause(error: &reqwest::Error) -> String {
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
