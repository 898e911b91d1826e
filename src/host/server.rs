//! Listens, hands invocations to the handler, and writes its replies.
//!
//! What begins is finished: each invocation runs in a task of its own, so that a caller that leaves, or a panic, touches
//! that invocation alone. Nothing depends on a graceful end, since the host stops its worker with SIGKILL; on a signal
//! what is in flight gets a bounded time all the same.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::Instrument;

use super::invocation::{Function, Invocation};
use super::reply::Reply;

/// The most bytes of one invocation. An alert of 10 MB is written in two layers of JSON strings, which at worst doubles
/// it twice; a message of more than that names more accounts than any cap lets through.
pub const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// How long invocations in flight may take to finish after a signal.
const GRACE: Duration = Duration::from_secs(10);

const INVOCATION_ID: &str = "X-Azure-Functions-InvocationId";

/// Answers invocations.
pub trait Handler: Send + Sync + 'static {
    /// Answers one.
    fn handle(&self, invocation: Invocation) -> impl Future<Output = Reply> + Send;
}

/// Why serving ended although nobody asked for it.
#[derive(Debug, thiserror::Error)]
#[error("the handler can no longer accept connections: {0}")]
pub struct ServeError(#[from] std::io::Error);

struct Shared<H> {
    handler: Arc<H>,
    is_cold: AtomicBool,
    in_flight: watch::Sender<usize>,
}

/// Serves until `shutdown` ends, and then until what is in flight is finished or the grace is over.
///
/// # Errors
/// If the listener fails.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let shared = Arc::new(Shared {
        handler,
        is_cold: AtomicBool::new(true),
        in_flight: watch::Sender::new(0),
    });
    let (told, mut was_told) = watch::channel(false);
    let signalled = async move {
        shutdown.await;
        tracing::info!("handler.stopping");
        told.send_replace(true);
    };
    let serving =
        axum::serve(listener, router(Arc::clone(&shared))).with_graceful_shutdown(signalled);
    let grace = async {
        // The sender lives until it was told, so this ends only after the signal.
        let _told = was_told.wait_for(|told| *told).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving.into_future() => ended?,
        () = grace => tracing::warn!("handler.grace.over"),
    }
    let mut in_flight = shared.in_flight.subscribe();
    let idle = in_flight.wait_for(|count| *count == 0);
    if tokio::time::timeout(GRACE, idle).await.is_err() {
        tracing::warn!("handler.invocations.left");
    }
    Ok(())
}

fn router<H: Handler>(shared: Arc<Shared<H>>) -> Router {
    let mut router = Router::new().route("/", get(|| async { "ready" }));
    for function in Function::ALL {
        let route = post(
            move |State(shared): State<Arc<Shared<H>>>, request: Request| async move {
                invoke(shared, function, request).await
            },
        );
        router = router.route(&format!("/{}", function.name()), route);
    }
    router
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is no such path") })
        .method_not_allowed_fallback(|| async {
            refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "the path is served with another method",
            )
        })
        .with_state(shared)
}

async fn invoke<H: Handler>(
    shared: Arc<Shared<H>>,
    function: Function,
    request: Request<Body>,
) -> Response {
    let id = invocation_id(request.headers());
    let Ok(body) = to_bytes(request.into_body(), BODY_LIMIT).await else {
        tracing::warn!(
            function = function.name(),
            invocation = id,
            "invocation.body.refused"
        );
        return refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the invocation is larger than 64 MiB or was not sent whole; send the alert in parts",
        );
    };
    let invocation = match Invocation::parse(function, &id, &body) {
        Ok(invocation) => invocation,
        Err(error) => {
            tracing::warn!(function = function.name(), invocation = id, problem = %error, "invocation.refused");
            return refusal(StatusCode::BAD_REQUEST, &error.to_string());
        }
    };
    let span = tracing::info_span!(
        "invocation",
        faas.invocation_id = id,
        faas.name = function.name(),
        faas.trigger = function.trigger(),
        faas.coldstart = shared.is_cold.swap(false, Ordering::AcqRel),
    );
    run(shared, invocation, span).await
}

/// Runs the invocation in a task of its own and waits for it, as long as the caller does.
async fn run<H: Handler>(
    shared: Arc<Shared<H>>,
    invocation: Invocation,
    span: tracing::Span,
) -> Response {
    let counted = Counted::new(Arc::clone(&shared));
    let work = async move {
        let reply = counted.0.handler.handle(invocation).await;
        tracing::info!(status = reply.status(), "invocation.ended");
        (reply.status(), reply.body())
    };
    let task = tokio::spawn(work.instrument(span.clone()));
    match task.await {
        Ok((status, body)) => answer(
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body,
        ),
        Err(error) => {
            span.in_scope(|| tracing::error!(panicked = error.is_panic(), "invocation.failed"));
            refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "an error in Evict itself ended this invocation; the log has a line about it",
            )
        }
    }
}

/// Counts an invocation for as long as its task lives, however it ends.
struct Counted<H>(Arc<Shared<H>>);

impl<H> Counted<H> {
    fn new(shared: Arc<Shared<H>>) -> Self {
        shared.in_flight.send_modify(|count| *count += 1);
        Self(shared)
    }
}

impl<H> Drop for Counted<H> {
    fn drop(&mut self) {
        self.0
            .in_flight
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// The host's id of the invocation; what is no plain id is not taken into logs and receipts.
fn invocation_id(headers: &HeaderMap) -> String {
    headers
        .get(INVOCATION_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        .unwrap_or("unknown")
        .to_owned()
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    let body = json!({
        "error": problem,
        "served": ["GET /", "POST /RevokeFromQueue", "POST /RevokeFromAlert", "POST /Check"],
    });
    answer(status, body.to_string())
}

fn answer(status: StatusCode, body: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}
