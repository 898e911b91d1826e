//! One invocation from its bytes to its answer, detached from the connection that brought it.
//!
//! There are two tasks. The inner one reads and works, and may panic. The outer one logs how it ended, and hands the
//! answer to the connection if it is still open. Neither ends with the connection.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::answer::{no_invocation, refusal, replied};
use super::body_budget::{Arrival, Bodies, Place};
use super::error::InvocationError;
use super::handler::Handler;
use super::invocation::{Function, Invocation};
use super::reply::{OutputBinding, Reply};

/// What arrived at a function's path.
pub(super) struct Posted {
    pub(super) function: Function,
    pub(super) invocation_id: String,
    /// When it began to arrive, by the handler's clock.
    pub(super) arrived: Option<Duration>,
    pub(super) body: Bytes,
    /// The share of the read budget that the body holds.
    pub(super) place: Place,
}

/// How the work ended.
enum Ended {
    Reply(Reply),
    NoInvocation(InvocationError),
    Panicked,
}

/// Works on an invocation to its end and sends the answer. Logs what the host will not log.
pub(super) async fn run<H: Handler>(
    posted: Posted,
    bodies: &Arc<Bodies>,
    handler: Arc<H>,
    answer: oneshot::Sender<Response>,
) {
    let function = posted.function;
    let ended =
        match tokio::spawn(work(posted, Arc::clone(bodies), handler).in_current_span()).await {
            Ok(Ok(reply)) => Ended::Reply(reply),
            Ok(Err(error)) => Ended::NoInvocation(error),
            // The panic's payload is dropped unread: it may contain text of an alert.
            Err(_) => Ended::Panicked,
        };
    log(&ended);
    let response = match &ended {
        Ended::Reply(reply) => replied(reply),
        Ended::NoInvocation(error) => no_invocation(function, error),
        Ended::Panicked => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The invocation ended in a panic. The handler's log names the place.",
        ),
    };
    if answer.send(response).is_err() {
        log_undelivered(&ended);
    }
}

async fn work<H: Handler>(
    posted: Posted,
    bodies: Arc<Bodies>,
    handler: Arc<H>,
) -> Result<Reply, InvocationError> {
    let Posted {
        function,
        invocation_id,
        arrived,
        body,
        place: while_read,
    } = posted;
    tracing::debug!(body_bytes = body.len(), "invocation.begun");
    let mut invocation = Invocation::parse(function, &invocation_id, &body)?;
    // The body may be large, and everything needed has been read.
    drop(body);
    // The body keeps its share of the read budget until it has one of the parse budget.
    let place = bodies.take_apart(invocation.trigger.body()).await;
    drop(while_read);
    invocation.arrival = Arrival::new(arrived, place);
    Ok(handler.handle(invocation).await)
}

fn log(ended: &Ended) {
    match ended {
        Ended::Reply(reply) => match reply.reason_abandoned() {
            None => tracing::info!(
                faas.outcome = "completed",
                res.status = reply.http().map(|http| http.status),
                messages.receipts = reply.messages(OutputBinding::Receipts).len(),
                messages.rejected = reply.messages(OutputBinding::Rejected).len(),
                messages.handover = reply.messages(OutputBinding::Handover).len(),
                "invocation.ended"
            ),
            Some(reason) => {
                log_lines(reply);
                tracing::warn!(faas.outcome = "abandoned", reason, "invocation.abandoned");
            }
        },
        Ended::NoInvocation(error) => {
            tracing::error!(faas.outcome = "refused", problem = %error, "invocation.refused");
        }
        Ended::Panicked => {
            tracing::error!(faas.outcome = "panicked", "invocation.panicked");
        }
    }
}

/// Logs an undelivered answer. The host treats a dropped connection as a failure: it sends no output, logs no line, and
/// delivers the message again.
fn log_undelivered(ended: &Ended) {
    tracing::warn!(
        problem = "the host was gone before the answer: what was begun is finished, but its outputs were not sent",
        "invocation.undelivered"
    );
    if let Ended::Reply(reply) = ended
        && reply.reason_abandoned().is_none()
    {
        log_lines(reply);
    }
}

/// Logs the lines that the host would have logged.
fn log_lines(reply: &Reply) {
    for line in reply.logs() {
        tracing::info!(line, "invocation.log");
    }
}
