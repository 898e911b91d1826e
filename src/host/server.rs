//! The server on 127.0.0.1 to which the host posts invocations.
//!
//! HTTP/1.1 with keep-alive. `GET /` is the probe and is always answered. Each invocation runs in its own task, so that
//! a dropped connection does not end it and a panic fails it alone. Failures to accept a connection are retried and
//! never end the server.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tracing::Instrument as _;

use super::answer::{no_invocation, ready, refusal, unknown_path, wrong_method};
use super::body_budget::{BODY_LIMIT, Bodies};
use super::error::InvocationError;
use super::handler::Handler;
use super::invocation::{Function, is_invocation_id};
use super::invoke::{Posted, run};

/// The server ended without being asked to.
#[derive(Debug)]
pub struct ServeError(Option<std::io::Error>);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => write!(f, "the server ended by itself: {error}"),
            None => f.write_str("the server ended by itself"),
        }
    }
}

impl std::error::Error for ServeError {}

/// The invocations in progress.
#[derive(Debug, Clone)]
pub struct InFlight(Arc<watch::Sender<()>>);

impl InFlight {
    /// The number of invocations in progress.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.receiver_count()
    }

    /// Waits until none is in progress.
    pub async fn ended(&self) {
        self.0.closed().await;
    }
}

/// Serves until `leave` completes, and returns its result. The listener stays open to the end; invocations still in
/// progress then are dropped. `leave` receives the invocations in progress, so that it can wait for them.
///
/// # Errors
/// The server ended before `leave` did.
pub async fn serve<H: Handler, Left: Future>(
    listener: TcpListener,
    handler: Arc<H>,
    leave: impl FnOnce(InFlight) -> Left,
) -> Result<Left::Output, ServeError> {
    let in_flight = InFlight(Arc::new(watch::Sender::new(())));
    let leave = leave(in_flight.clone());
    let router = router(&Arc::new(Shared {
        handler,
        warm: AtomicBool::new(false),
        bodies: Arc::default(),
        in_flight,
    }));
    // Answers are small and awaited, so none may wait for the acknowledgement of the one before.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "connection.delayed");
        }
    });
    tokio::select! {
        ended = axum::serve(listener, router).into_future() => Err(ServeError(ended.err())),
        left = leave => Ok(left),
    }
}

struct Shared<H> {
    handler: Arc<H>,
    /// Whether an invocation has arrived before.
    warm: AtomicBool,
    bodies: Arc<Bodies>,
    in_flight: InFlight,
}

fn router<H: Handler>(shared: &Arc<Shared<H>>) -> Router {
    let probed = Arc::clone(shared);
    let probe = get(async move || {
        probed.handler.probed();
        ready().await
    })
    .fallback(|| async { wrong_method("GET, HEAD") });
    let mut router = Router::new().route("/", probe);
    for function in Function::ALL {
        let shared = Arc::clone(shared);
        let invoke = post(async move |request: Request| invoke(shared, function, request).await)
            .fallback(|| async { wrong_method("POST") });
        router = router.route(function.path(), invoke);
    }
    router.fallback(unknown_path)
}

async fn invoke<H: Handler>(
    shared: Arc<Shared<H>>,
    function: Function,
    request: Request,
) -> Response {
    let arrived = shared.handler.elapsed();
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let (body, place) = match shared.bodies.read(body).await {
        Ok(read) => read,
        Err(unread) => return unreadable(function, unread.status()),
    };
    let invocation_id = headers
        .get("X-Azure-Functions-InvocationId")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    if !is_invocation_id(invocation_id) {
        return no_invocation(function, &InvocationError::no_id());
    }
    // At the highest level, so that every event has it, whatever the configured level.
    let span = tracing::error_span!(
        "invocation",
        faas.invocation_id = invocation_id,
        faas.invoked_name = function.name(),
        faas.trigger = function.trigger_kind(),
        faas.coldstart = !shared.warm.swap(true, Ordering::Relaxed),
    );
    let posted = Posted {
        function,
        invocation_id: invocation_id.to_owned(),
        arrived,
        body,
        place,
    };
    let (answer, answered) = oneshot::channel();
    let handler = Arc::clone(&shared.handler);
    let bodies = Arc::clone(&shared.bodies);
    // Every task holds a receiver until it ends.
    let in_flight = shared.in_flight.0.subscribe();
    tokio::spawn(
        async move {
            run(posted, &bodies, handler, answer).await;
            drop(in_flight);
        }
        .instrument(span),
    );
    answered.await.unwrap_or_else(|_| {
        refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The invocation ended without an answer.",
        )
    })
}

fn unreadable(function: Function, status: StatusCode) -> Response {
    let text = if status == StatusCode::PAYLOAD_TOO_LARGE {
        format!(
            "The invocation's body is larger than {BODY_LIMIT} bytes. Next: send fewer accounts in one alert; a message that is too large ends in the dead-letter queue."
        )
    } else {
        "The invocation's body could not be read to its end.".to_owned()
    };
    tracing::error!(
        faas.invoked_name = function.name(),
        http.response.status_code = status.as_u16(),
        problem = text.as_str(),
        "invocation.refused"
    );
    refusal(status, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_by_itself_says_why_if_it_knows() {
        let broken = ServeError(Some(std::io::Error::other("the listener is gone")));
        assert_eq!(
            broken.to_string(),
            "the server ended by itself: the listener is gone"
        );
        assert_eq!(ServeError(None).to_string(), "the server ended by itself");
    }
}
