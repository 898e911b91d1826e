//! The server's answers, as HTTP.

use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::error::InvocationError;
use super::invocation::Function;
use super::reply::Reply;

/// The answer for a reply. Its status decides what happens to the message; see the room's documentation.
pub(super) fn replied(reply: &Reply) -> Response {
    let status = match reply.reason_abandoned() {
        None => StatusCode::OK,
        Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    json_answer(status, reply.to_json())
}

fn json_answer(status: StatusCode, body: String) -> Response {
    // The host reads a reply only if its content type is JSON.
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}

/// An error answer with its message.
pub(super) fn refusal(status: StatusCode, error: &str) -> Response {
    json_answer(status, json!({ "error": error }).to_string())
}

/// The answer to a request that is not an invocation.
pub(super) fn no_invocation(function: Function, error: &InvocationError) -> Response {
    let text = format!("This is no invocation of {}. {error}.", function.name());
    refusal(StatusCode::BAD_REQUEST, &text)
}

pub(super) async fn ready() -> Response {
    json_answer(StatusCode::OK, json!({ "status": "listening" }).to_string())
}

/// The answer for an unknown path: it lists the paths that exist.
pub(super) async fn unknown_path() -> Response {
    json_answer(
        StatusCode::NOT_FOUND,
        json!({ "error": "There is nothing at this path.", "serves": serves() }).to_string(),
    )
}

/// The answer for a known path with the wrong method.
pub(super) fn wrong_method(allowed: &'static str) -> Response {
    let body = json!({
        "error": format!("This path is served by {allowed} alone."),
        "serves": serves(),
    });
    let mut answer = json_answer(StatusCode::METHOD_NOT_ALLOWED, body.to_string());
    let allowed = HeaderValue::from_static(allowed);
    answer.headers_mut().insert(ALLOW, allowed);
    answer
}

fn serves() -> Vec<String> {
    let functions = Function::ALL.map(|function| format!("POST {}", function.path()));
    ["GET /".to_owned()].into_iter().chain(functions).collect()
}
