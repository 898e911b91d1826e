//! The supported requests and their answers.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use url::form_urlencoded;
use uuid::Uuid;

use super::Shared;
use super::access::Right;
use super::batch;
use super::properties;
use crate::functions::{End, Held, LARGEST_MESSAGE_BYTES, NoEntity};
use crate::sync::lock;

/// The default time that a read waits for a message, in seconds.
const USUAL_WAIT: u64 = 60;

const DEAD_LETTERS: &str = "/$deadletterqueue";

/// A queue, or its dead-letter sub-queue.
struct Place {
    entity: String,
    dead: bool,
}

impl Place {
    fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let dead = lower.ends_with(DEAD_LETTERS);
        let entity = if dead {
            lower[..lower.len() - DEAD_LETTERS.len()].to_owned()
        } else {
            lower
        };
        Self { entity, dead }
    }
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = percent_encoding::percent_decode_str(parts.uri.path().trim_matches('/'))
        .decode_utf8_lossy()
        .into_owned();
    let call = format!("{} /{path}", parts.method);
    lock(&shared.calls).push(call.clone());
    let latency = *lock(&shared.latency);
    tokio::time::sleep(latency).await;
    // It fails only when the surface is gone, and then nobody needs an answer.
    let mut held = shared.held.subscribe();
    let _released = held.wait_for(|held| !held).await.is_ok();
    let trouble = lock(&shared.troubles).pop_front().flatten();
    if let Some(status) = trouble.or_else(|| shared.planned_for(&call)) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return refused(
            status,
            "The request was terminated: the sandbox was told so.",
        );
    }
    let Some((place, rest)) = path.split_once("/messages") else {
        return refused(StatusCode::NOT_FOUND, "There is no such resource.");
    };
    let place = Place::of(place);
    let right = if rest.is_empty() {
        Right::Send
    } else {
        Right::Listen
    };
    if let Some(refusal) = shared.access.refusal(&parts.headers, right, &path) {
        return refused(StatusCode::UNAUTHORIZED, &refusal);
    }
    let segments: Vec<&str> = rest.split('/').skip(1).collect();
    match (&parts.method, segments.as_slice()) {
        (&Method::POST, []) => {
            let Ok(body) = to_bytes(body, 2 * LARGEST_MESSAGE_BYTES).await else {
                return refused(StatusCode::FORBIDDEN, "The message is too large.");
            };
            send(&shared, &place, &parts.headers, &body)
        }
        (&Method::POST | &Method::DELETE, ["head"]) => {
            if shared.broker.is_topic(&place.entity) {
                // That a subscription cannot be read so is documented, the status is not.
                return refused(
                    StatusCode::BAD_REQUEST,
                    "A topic cannot be received from, only its subscriptions.",
                );
            }
            let wait = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .find(|(name, _)| name == "timeout")
                .and_then(|(_, seconds)| seconds.parse().ok())
                .unwrap_or(USUAL_WAIT);
            let host = parts.headers.get(header::HOST);
            match next(&shared, &place, Duration::from_secs(wait)).await {
                Err(NoEntity) => no_entity(&place),
                Ok(None) => StatusCode::NO_CONTENT.into_response(),
                Ok(Some(held)) if parts.method == Method::DELETE => {
                    // It was just locked, so it exists.
                    let _ended = shared.broker.end_lock(held.token, End::Complete);
                    handed_out(StatusCode::OK, &held, None)
                }
                Ok(Some(held)) => handed_out(
                    StatusCode::CREATED,
                    &held,
                    Some(&location(host, &place, &held)),
                ),
            }
        }
        (method, [id, token]) => settle(&shared, &place, method, id, token),
        _ => refused(StatusCode::NOT_FOUND, "There is no such operation."),
    }
}

fn send(shared: &Shared, place: &Place, headers: &HeaderMap, body: &[u8]) -> Response {
    if place.dead {
        return refused(
            StatusCode::BAD_REQUEST,
            "Messages cannot be sent to a dead-letter queue.",
        );
    }
    let messages = if batch::is_one(headers) {
        batch::messages(body)
    } else {
        properties::message(headers, body.to_vec()).map(|message| vec![message])
    };
    let messages = match messages {
        Ok(messages) => messages,
        Err(reason) => return refused(StatusCode::BAD_REQUEST, &reason),
    };
    if !shared.broker.entities().contains(&place.entity) {
        return no_entity(place);
    }
    if messages.len() > 1 && body.len() > LARGEST_MESSAGE_BYTES {
        return refused(StatusCode::FORBIDDEN, "The batch is too large.");
    }
    for message in messages {
        if let Err(error) = shared.broker.send(&place.entity, message) {
            // "403: Quota exceeded or message too large" (Send Message).
            return refused(StatusCode::FORBIDDEN, &format!("{error:#}"));
        }
    }
    StatusCode::CREATED.into_response()
}

async fn next(shared: &Shared, place: &Place, wait: Duration) -> Result<Option<Held>, NoEntity> {
    let end = Instant::now() + wait;
    loop {
        if let Some(mut held) = shared.broker.lock_next(&place.entity, place.dead)? {
            held.until = held
                .until
                .saturating_sub(*lock(&shared.early))
                .unwrap_or(held.until);
            return Ok(Some(held));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        shared.broker.changed_within(left).await;
    }
}

fn location(host: Option<&HeaderValue>, place: &Place, held: &Held) -> String {
    let host = host
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let dead = if place.dead { "/$DeadLetterQueue" } else { "" };
    let id = percent_encoding::utf8_percent_encode(
        held.message.message_id(),
        percent_encoding::NON_ALPHANUMERIC,
    );
    format!(
        "https://{host}/{}{dead}/messages/{id}/{}",
        place.entity, held.token
    )
}

fn handed_out(status: StatusCode, held: &Held, location: Option<&str>) -> Response {
    let lock = location.map(|_| held);
    let mut headers = properties::headers(&held.message, lock);
    if let Some(location) = location.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(header::LOCATION, location);
    }
    let body = Body::from(held.message.message.body.clone());
    (status, headers, body).into_response()
}

fn settle(shared: &Shared, place: &Place, method: &Method, id: &str, token: &str) -> Response {
    let broker = &shared.broker;
    let lost = || {
        refused(
            StatusCode::NOT_FOUND,
            "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
        )
    };
    let Ok(token) = token.parse::<Uuid>() else {
        return lost();
    };
    if !broker.entities().contains(&place.entity) {
        return no_entity(place);
    }
    if !broker.is_locked(&place.entity, place.dead, id, token) {
        return lost();
    }
    let done = match *method {
        Method::POST => broker.renew_lock(token),
        Method::PUT => broker.end_lock(token, End::Unlock),
        Method::DELETE => broker.end_lock(token, End::Complete),
        _ => {
            return refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "There is no such operation.",
            );
        }
    };
    done.map_or_else(|_| lost(), |()| StatusCode::OK.into_response())
}

fn no_entity(place: &Place) -> Response {
    let name = &place.entity;
    // "410: Specified queue or topic doesn't exist" (Send Message, Peek-Lock Message).
    refused(
        StatusCode::GONE,
        &format!(
            "The messaging entity 'sb://sandbox.servicebus.windows.net/{name}' could not be found."
        ),
    )
}

/// An error in the service's own form.
fn refused(status: StatusCode, detail: &str) -> Response {
    let tracking = Uuid::new_v4();
    let code = status.as_u16();
    let detail = detail.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<Error><Code>{code}</Code><Detail>{detail} TrackingId:{tracking}_G0</Detail></Error>"
    );
    let kind = [(header::CONTENT_TYPE, "application/xml; charset=utf-8")];
    (status, kind, body).into_response()
}
