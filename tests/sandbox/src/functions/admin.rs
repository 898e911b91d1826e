//! `/admin/functions/<Name>`: starts a function by hand, with a text in place of its trigger. No broker sent such a
//! message, and the host says so in its metadata (seen with version 4.1037).

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use serde::Deserialize;

use super::front_end::{FrontEnd, Key};
use super::invocation::{SystemData, for_no_message};
use super::manifest::Trigger;

/// The largest request that is read.
const LARGEST: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Started {
    input: String,
}

/// Answers a request below `/admin`.
pub(super) async fn answer(
    front_end: &Arc<FrontEnd>,
    key: Option<Key>,
    request: Request,
) -> StatusCode {
    // Then only the platform itself is admitted, with any key.
    if front_end.admin_is_isolated {
        return StatusCode::FORBIDDEN;
    }
    match key {
        None => return StatusCode::UNAUTHORIZED,
        Some(Key::Function) => return StatusCode::FORBIDDEN,
        Some(Key::Master) => {}
    }
    let (parts, body) = request.into_parts();
    let name = parts.uri.path().strip_prefix("/admin/functions/");
    let function = front_end
        .manifest
        .functions
        .iter()
        .find(|function| name.is_some_and(|name| name.eq_ignore_ascii_case(&function.name)));
    let (Some(function), Method::POST) = (function.cloned(), parts.method) else {
        return StatusCode::NOT_FOUND;
    };
    let Trigger::ServiceBus { binding, .. } = &function.trigger else {
        // The refusal was seen, the status was not.
        return StatusCode::BAD_REQUEST;
    };
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::BAD_REQUEST;
    };
    let Ok(Started { input }) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let system = SystemData::new(&function.name, front_end.runner.broker.now());
    let document = for_no_message(binding, &input, system);
    let front_end = Arc::clone(front_end);
    // Nobody waits for it, and nothing repeats it after a failure.
    tokio::spawn(async move {
        let _told_by_its_record = front_end.runner.run(&function, Ok(document), None).await;
    });
    StatusCode::ACCEPTED
}
