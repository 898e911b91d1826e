//! An app with a managed identity, for tests of the wire.
//!
//! Environment variables configure the identity, and a test must not change those of its own process. So a story runs
//! in a second process: the test starts an identity endpoint and then itself, alone, with the variables set, and the
//! story runs there.

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evict::directory::Directory;
use evict::domain::{Clock, Cloud, Deadline, GraphEndpoint, SystemClock};
use evict::http::HttpClient;
use evict::identity::{ManagedIdentity, Resource};
use tokio::net::TcpListener;

use crate::support::busy;

const CHILD: &str = "ENTRA_STORY_IS_TOLD_HERE";
const SECRET: &str = "the-platform's-header";

/// The platform's identity endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// None: there are no variables.
    Absent,
    /// An identity endpoint that answers with this status.
    Answers(u16),
}

/// Runs a story as a process that has this identity. `test` is the name of the calling test, as the test runner prints
/// it.
pub(crate) fn in_an_app<F: AsyncFnOnce()>(test: &str, identity: Identity, story: F) {
    if is_child() {
        two_threads().block_on(story());
    } else {
        run_child(test, identity);
    }
}

/// The same on one thread, where everything ready has run once this story has yielded a few times.
pub(crate) fn in_an_app_of_one_thread<F: AsyncFnOnce()>(test: &str, identity: Identity, story: F) {
    if is_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(story());
    } else {
        run_child(test, identity);
    }
}

fn two_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn run_child(test: &str, identity: Identity) {
    let runtime = two_threads();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]);
    child.env(CHILD, "1");
    for variable in [
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "IDENTITY_SERVER_THUMBPRINT",
        "IMDS_ENDPOINT",
        "MSI_ENDPOINT",
        "MSI_SECRET",
    ] {
        child.env_remove(variable);
    }
    // A proxy must not see tokens: a client that used these would reach nothing.
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        child.env(variable, "http://127.0.0.1:9");
    }
    if let Identity::Answers(status) = identity {
        let endpoint = runtime.block_on(identity_endpoint(status));
        child.env("IDENTITY_ENDPOINT", endpoint);
        child.env("IDENTITY_HEADER", SECRET);
    }
    let output = child.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
    assert!(told.contains("1 passed"), "no such test: {test}\n{told}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that starts itself has to know which of the two it is"
)]
fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// App Service's identity endpoint. The claims of each token contain the query that asked for it, and its last part is
/// its number.
async fn identity_endpoint(status: u16) -> String {
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = async move |RawQuery(query): RawQuery, headers: HeaderMap| {
        let query = query.unwrap_or_default();
        let query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();

        if headers
            .get("x-identity-header")
            .and_then(|v| v.to_str().ok())
            != Some(SECRET)
            || query.get("api-version").map(String::as_str) != Some("2019-08-01")
        {
            return reply(403, &[], "");
        }
        let expires_at = SystemClock::start().now().as_second() + 86_400;
        let claims = serde_json::json!({
            "tid": "84c31ca0-ac3b-4eae-ad11-519d80233e6f",
            "roles": ["User.RevokeSessions.All"],
            "exp": expires_at,
            "query": query,
        });
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let number = asked.fetch_add(1, Ordering::SeqCst);
        let body = serde_json::json!({
            "access_token": format!("e30.{claims}.token-{number}"),
            "expires_on": expires_at.to_string(),
            "resource": query.get("resource"),
            "token_type": "Bearer",
            "client_id": "5E29463D-71DA-4FE0-8E69-999B57DB23B0",
        });
        reply(status, &[("location", "/elsewhere")], &body.to_string())
    };
    let router = Router::new().route("/msi/token", axum::routing::get(answer));
    format!("{}/msi/token", serve(router).await)
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// An answer.
pub(crate) fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

/// A recorded answer of Graph.
pub(crate) fn recorded(name: &str) -> Response<Body> {
    let path = format!(
        "{}/tests/fixtures/graph/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let record: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let status = u16::try_from(record["status"].as_u64().unwrap()).unwrap();
    let body = match &record["body"] {
        serde_json::Value::Null => String::new(),
        body => body.to_string(),
    };
    let mut response = reply(status, &[], &body);
    for (name, value) in record["headers"].as_object().unwrap() {
        // The server writes its own framing.
        if name != "Transfer-Encoding" {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            let value = value.as_str().unwrap().parse().unwrap();
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `GET /v1.0/…`, exactly as sent.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The query with which the token of this request was asked for.
    pub(crate) fn token_query(&self) -> serde_json::Value {
        let token = self.header("authorization").unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        claims["query"].clone()
    }
}

/// A Graph on this machine with scripted answers.
pub(crate) struct Graph {
    pub(crate) root: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Graph {
    pub(crate) async fn start<F, Fut>(script: F) -> Self
    where
        F: Fn(Seen) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let answer = async move |request: axum::extract::Request| {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1_000_000).await.unwrap();
            let request = Seen {
                line: format!("{} {}", parts.method, parts.uri),
                headers: parts.headers,
                body,
            };
            noted.lock().unwrap().push(request.clone());
            script(request).await
        };
        let root = serve(Router::new().fallback(answer)).await;
        Self { root, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn at_once() -> Duration {
    busy::patience(Duration::from_millis(400))
}

/// The client under test, for a Graph at that address.
pub(crate) struct App {
    pub(crate) directory: Directory,
    clock: Arc<dyn Clock>,
}

impl App {
    pub(crate) fn connect(root: &str) -> Self {
        Self::connect_as(root, None)
    }

    pub(crate) fn connect_as(root: &str, client_id: Option<uuid::Uuid>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let http = HttpClient::new().unwrap();
        let resource = Resource::graph(Cloud::Global);
        let identity = ManagedIdentity::new(http.clone(), client_id, &resource);
        let endpoint = GraphEndpoint::loopback(root).unwrap();
        let directory = Directory::connect(http, identity, endpoint, Arc::clone(&clock));
        Self { directory, clock }
    }

    /// Long enough for an answer from this machine.
    pub(crate) fn soon(&self) -> Deadline {
        Deadline::after(&*self.clock, Duration::from_secs(20))
    }

    /// Shorter, on an idle machine, than any wait between attempts, so that the first failure is the last.
    pub(crate) fn at_once(&self) -> Deadline {
        Deadline::after(&*self.clock, at_once())
    }

    /// The same for a write, which does not begin with less than two seconds left.
    pub(crate) fn at_once_for_a_write(&self) -> Deadline {
        Deadline::after(&*self.clock, Duration::from_secs(2) + at_once())
    }
}
