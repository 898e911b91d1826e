//! The storage account's answers.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State as Extracted};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use uuid::Uuid;

use super::{AUDIENCE, Access, Blob, BlobCall, Shared, State};
use crate::clock::http_date;
use crate::sync::lock;
use crate::tenant::{ConnectionCutter, Stage, Then};

/// The largest body that is read.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// A refusal: status, the service's error code, its message.
type Refusal = (u16, &'static str, String);

/// An answer before it is written.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    surprise: Option<String>,
}

pub(super) async fn answer(
    Extracted(shared): Extracted<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<ConnectionCutter>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return write(&shared, refusal(413, "RequestBodyTooLarge", ""));
    };
    let (method, path) = (parts.method.as_str().to_owned(), parts.uri.to_string());
    shared.faults.held(&method, &path, Stage::Arrival).await;
    let fault = shared.faults.strike(&method, &path, |_| false);
    let effect = || take(&shared, &parts.method, &parts.uri, &parts.headers, &body);
    let answered = match fault {
        None => Some(effect()),
        Some(fault) => {
            if fault.after_effect {
                drop(effect());
            }
            match fault.then {
                Then::Answer {
                    status, headers, ..
                } => {
                    let mut answer = refusal(status, word(status), "A fault.");
                    if let Some(wait) = headers.get("Retry-After") {
                        answer.headers.push(("retry-after", wait.clone()));
                    }
                    Some(answer)
                }
                Then::Delay { milliseconds } => {
                    tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
                    Some(effect())
                }
                Then::Hang => std::future::pending().await,
                Then::Truncate { bytes } => {
                    cutter.cut_after(bytes);
                    Some(effect())
                }
                Then::Stall { bytes } => {
                    cutter.silence_after(bytes);
                    Some(effect())
                }
                Then::Reset | Then::Garbage => None,
            }
        }
    };
    shared.faults.held(&method, &path, Stage::Answer).await;
    lock(&shared.state).calls.push(BlobCall {
        method,
        path,
        has_token: parts.headers.contains_key(header::AUTHORIZATION),
        status: answered.as_ref().map(|answer| answer.status),
        surprise: answered.as_ref().and_then(|answer| answer.surprise.clone()),
    });
    shared.answered.notify_waiters();
    let Some(answer) = answered else {
        cutter.cut_after(0);
        return Response::new(Body::empty());
    };
    write(&shared, answer)
}

fn word(status: u16) -> &'static str {
    match status {
        403 => "AuthorizationPermissionMismatch",
        429 | 503 => "ServerBusy",
        500 => "InternalError",
        _ => "SandboxFault",
    }
}

fn take(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Answer {
    let mut state = lock(&shared.state);
    let answer = try_take(shared, &mut state, method, uri, headers, body);
    answer.unwrap_or_else(|(status, code, message)| {
        let mut answer = refusal(status, code, &message);
        answer.surprise = (status == 501).then_some(message);
        answer
    })
}

fn try_take(
    shared: &Shared,
    state: &mut State,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Answer, Refusal> {
    if text(headers, "x-ms-version").is_none() {
        return Err(missing("x-ms-version"));
    }
    if let Some(access) = &state.access {
        authorize(access, headers)?;
    }
    let unknown = || (501, "SandboxUnknownCall", format!("{method} {uri}"));
    if uri.query().is_some() {
        return Err(unknown());
    }
    let (container, name) = uri
        .path()
        .trim_start_matches('/')
        .split_once('/')
        .ok_or_else(unknown)?;
    if !state.containers.contains(container) {
        return Err((
            404,
            "ContainerNotFound",
            "The specified container does not exist.".to_owned(),
        ));
    }
    let key = (container.to_owned(), name.to_owned());
    let current = state.blobs.get(&key).cloned();
    if *method == Method::PUT {
        if text(headers, "x-ms-blob-type") != Some("BlockBlob") {
            return Err(missing("x-ms-blob-type"));
        }
        may_write(current.as_ref(), headers)?;
        let content_type = text(headers, "x-ms-blob-content-type")
            .or(text(headers, "content-type"))
            .unwrap_or("application/octet-stream");
        let blob = state.store(container, name, content_type, body, shared.clock.now());
        return Ok(of(201, &blob, Vec::new()));
    }
    if *method != Method::GET {
        return Err(unknown());
    }
    let blob = current.ok_or_else(|| {
        (
            404,
            "BlobNotFound",
            "The specified blob does not exist.".to_owned(),
        )
    })?;
    read(&blob, headers)
}

fn may_write(current: Option<&Blob>, headers: &HeaderMap) -> Result<(), Refusal> {
    let mark = current.map(|blob| blob.etag.as_str());
    if let Some(wanted) = text(headers, "if-match") {
        let fits = mark.is_some_and(|mark| wanted == "*" || wanted == mark);
        if !fits {
            return Err(not_met());
        }
    }
    match text(headers, "if-none-match") {
        Some("*") if current.is_some() => Err((
            409,
            "BlobAlreadyExists",
            "The specified blob already exists.".to_owned(),
        )),
        Some(unwanted) if Some(unwanted) == mark => Err(not_met()),
        Some(_) | None => Ok(()),
    }
}

fn read(blob: &Blob, headers: &HeaderMap) -> Result<Answer, Refusal> {
    if text(headers, "if-match").is_some_and(|wanted| wanted != "*" && wanted != blob.etag) {
        return Err(not_met());
    }
    if text(headers, "if-none-match") == Some(blob.etag.as_str()) {
        return Ok(of(304, blob, Vec::new()));
    }
    let total = blob.bytes.len();
    let Some(range) = text(headers, "x-ms-range").or(text(headers, "range")) else {
        return Ok(of(200, blob, blob.bytes.clone()));
    };
    let bounds = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .and_then(|(from, to)| {
            let to = if to.is_empty() {
                usize::MAX
            } else {
                to.parse().ok()?
            };
            Some((from.parse::<usize>().ok()?, to))
        });
    let Some((from, to)) = bounds.filter(|(from, to)| from <= to && *from < total) else {
        return Err((
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.".to_owned(),
        ));
    };
    let to = to.min(total - 1);
    let mut answer = of(206, blob, blob.bytes[from..=to].to_vec());
    answer
        .headers
        .push(("content-range", format!("bytes {from}-{to}/{total}")));
    Ok(answer)
}

fn authorize(access: &Access, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(given) = text(headers, "authorization") else {
        return Err((
            401,
            "NoAuthenticationInformation",
            "Server failed to authenticate the request.".to_owned(),
        ));
    };
    let claims = given
        .strip_prefix("Bearer ")
        .and_then(|token| access.issuer.verified(token))
        .filter(|claims| {
            let audience = claims["aud"].as_str().unwrap_or_default();
            audience.trim_end_matches('/') == AUDIENCE
        });
    let Some(claims) = claims else {
        return Err((
            401,
            "InvalidAuthenticationInfo",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
                .to_owned(),
        ));
    };
    let holder: Option<Uuid> = claims["oid"].as_str().and_then(|id| id.parse().ok());
    if holder.is_some_and(|holder| access.holders.contains(&holder)) {
        return Ok(());
    }
    Err((
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission."
            .to_owned(),
    ))
}

fn not_met() -> Refusal {
    (
        412,
        "ConditionNotMet",
        "The condition specified using HTTP conditional header(s) is not met.".to_owned(),
    )
}

fn missing(name: &str) -> Refusal {
    (
        400,
        "MissingRequiredHeader",
        format!("An HTTP header that's mandatory for this request is not specified: {name}."),
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn of(status: u16, blob: &Blob, body: Vec<u8>) -> Answer {
    Answer {
        status,
        headers: vec![
            ("etag", blob.etag.clone()),
            ("last-modified", http_date(blob.written)),
            ("content-type", blob.content_type.clone()),
            ("x-ms-blob-type", "BlockBlob".to_owned()),
        ],
        body,
        surprise: None,
    }
}

fn refusal(status: u16, code: &'static str, message: &str) -> Answer {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer {
        status,
        headers: vec![
            ("x-ms-error-code", code.to_owned()),
            ("content-type", "application/xml".to_owned()),
        ],
        body: body.into_bytes(),
        surprise: None,
    }
}

fn write(shared: &Shared, answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let own = [
        ("date", http_date(shared.clock.now())),
        ("server", "Windows-Azure-Blob/1.0".to_owned()),
        ("x-ms-request-id", Uuid::new_v4().to_string()),
        ("x-ms-version", "2021-12-02".to_owned()),
    ];
    for (name, value) in own.into_iter().chain(answer.headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
