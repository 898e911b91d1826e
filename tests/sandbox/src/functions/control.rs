//! The control API of the host, on its own port, for operations that the real host lacks. It accepts messages for
//! queues with curl, and shows queues, invocations and the worker's log.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::events::Events;
use super::message::{Message, QueuedMessage};
use super::records::{InvocationRecord, InvocationState};
use super::runner::Runner;
use super::worker_log::WorkerLog;

/// The state of the control API.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) runner: Arc<Runner>,
    pub(super) events: Events,
    pub(super) log: WorkerLog,
}

pub(super) fn router(control: Control) -> Router {
    Router::new()
        .route("/queues", get(queues))
        .route("/queues/{name}", get(queue))
        .route("/queues/{name}/messages", get(messages).post(send))
        .route("/invocations", get(invocations))
        .route("/events", get(events))
        .route("/worker/log", get(worker_log))
        .route("/worker/kill", post(kill))
        .layer(DefaultBodyLimit::disable())
        .with_state(control)
}

async fn queues(State(control): State<Control>) -> Json<Value> {
    Json(json!(control.runner.broker.entities()))
}

async fn queue(State(control): State<Control>, Path(name): Path<String>) -> Response {
    if !control.runner.broker.entities().contains(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let state = control.runner.broker.queue(&name);
    let shown = |messages: &[QueuedMessage]| messages.iter().map(shown).collect::<Vec<_>>();
    Json(json!({
        "active": shown(&state.active),
        "locked": shown(&state.locked),
        "deadLettered": shown(&state.dead_lettered),
        "completed": shown(&state.completed),
    }))
    .into_response()
}

async fn messages(State(control): State<Control>, Path(name): Path<String>) -> Response {
    if !control.runner.broker.entities().contains(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let state = control.runner.broker.queue(&name);
    Json(state.active.iter().map(shown).collect::<Vec<_>>()).into_response()
}

/// Sends the request's body as a message. Its properties are the headers `message-id`, `correlation-id` and `subject`.
async fn send(
    State(control): State<Control>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let message = Message {
        body: body.to_vec(),
        message_id: header("message-id"),
        correlation_id: header("correlation-id"),
        content_type: header("content-type"),
        subject: header("subject"),
        ..Message::default()
    };
    match control.runner.broker.send(&name, message) {
        Ok(held) => (
            StatusCode::CREATED,
            Json(json!({"messageId": held.message_id(), "sequenceNumber": held.sequence_number})),
        )
            .into_response(),
        Err(error) => (
            StatusCode::BAD_REQUEST,
            Json(json!({"error": format!("{error:#}")})),
        )
            .into_response(),
    }
}

async fn invocations(State(control): State<Control>) -> Json<Value> {
    let list = control.runner.records.list();
    Json(list.iter().map(shown_record).collect())
}

async fn events(State(control): State<Control>) -> Json<Value> {
    let list = control.events.list();
    Json(list.iter().map(|event| format!("{event:?}")).collect())
}

async fn worker_log(State(control): State<Control>) -> Json<Value> {
    let lines = control.log.lines();
    Json(
        lines
            .iter()
            .map(|line| json!({"level": format!("{:?}", line.level), "text": line.text}))
            .collect(),
    )
}

async fn kill(State(control): State<Control>) -> StatusCode {
    if control.runner.worker.kill().await {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::CONFLICT
    }
}

/// A message in readable form: its body as JSON or text if possible.
fn shown(held: &QueuedMessage) -> Value {
    let body = held
        .json()
        .unwrap_or_else(|| Value::from(String::from_utf8_lossy(&held.message.body).into_owned()));
    let mut shown = json!({
        "messageId": held.message_id(),
        "sequenceNumber": held.sequence_number,
        "enqueuedAt": held.enqueued_at,
        "deliveryCount": held.delivery_count,
        "body": body,
    });
    if let Some(dead) = &held.dead_letter {
        shown["deadLetterReason"] = json!(dead.reason);
        shown["deadLetterDescription"] = json!(dead.description);
    }
    shown
}

fn shown_record(record: &InvocationRecord) -> Value {
    let state = match &record.state {
        InvocationState::Running => "running".to_owned(),
        InvocationState::Succeeded => "succeeded".to_owned(),
        InvocationState::Failed(reason) => format!("failed: {reason}"),
    };
    json!({
        "id": record.id,
        "function": record.function,
        "deliveryCount": record.delivery_count,
        "messageId": record.message_id,
        "status": record.status,
        "state": state,
        "logs": record.logs,
    })
}
