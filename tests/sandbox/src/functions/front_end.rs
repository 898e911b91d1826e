//! The HTTP front end of the host: `/api/<route>` with function keys. It turns a caller's request into an invocation,
//! and the `http` output into the answer.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::admin;
use super::invocation::{CallerRequest, SystemData, for_request};
use super::manifest::{Function, Manifest, Trigger};
use super::outputs::HttpAnswer;
use super::runner::Runner;
use super::spelling::Sent;

/// The largest request body that the host accepts ("HTTP trigger", limits).
const LARGEST_BODY_BYTES: usize = 100 * 1024 * 1024;

/// The key that a caller has presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A function key or host key.
    Function,
    /// The master key.
    Master,
}

/// The state of the front end.
pub(super) struct FrontEnd {
    pub(super) manifest: Manifest,
    pub(super) runner: Arc<Runner>,
    pub(super) function_key: String,
    pub(super) master_key: String,
    /// Whether everything below `/admin` is reserved for the platform (`FUNCTIONS_ADMIN_ISOLATION_ENABLED`).
    pub(super) admin_is_isolated: bool,
    /// The host's own root URL, such as `http://127.0.0.1:7071`.
    pub(super) endpoint: String,
}

pub(super) fn router(front_end: FrontEnd) -> Router {
    Router::new()
        .fallback(answer)
        .with_state(Arc::new(front_end))
}

async fn answer(
    State(front_end): State<Arc<FrontEnd>>,
    ConnectInfo(sent): ConnectInfo<Sent>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    if path == "/" {
        return "Your Functions 4.0 app is up and running".into_response();
    }
    let query: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let key = front_end.key(request.headers(), &query);
    if path.starts_with("/admin/") {
        return admin::answer(&front_end, key, request)
            .await
            .into_response();
    }
    // A route that exists only for other methods counts as missing.
    let Some((function, binding, anonymous)) = front_end.route(path, request.method().as_str())
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (function, binding) = (function.clone(), binding.to_owned());
    if !anonymous && key.is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let caller = match front_end.caller(request, query, key, &sent).await {
        Ok(caller) => caller,
        Err(status) => return status.into_response(),
    };
    let system = SystemData::new(&function.name, front_end.runner.broker.now());
    let document = for_request(&binding, &caller, system);
    // An invocation continues when its caller hangs up.
    let run =
        tokio::spawn(async move { front_end.runner.run(&function, Ok(document), None).await });
    match run.await {
        Ok(Ok(Some(answer))) => response(answer),
        Ok(Ok(None)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl FrontEnd {
    fn route(&self, path: &str, method: &str) -> Option<(&Function, &str, bool)> {
        let path = path.trim_matches('/');
        self.manifest.functions.iter().find_map(|function| {
            let Trigger::Http {
                binding,
                route,
                methods,
                anonymous,
            } = &function.trigger
            else {
                return None;
            };
            let full = format!("{}/{route}", self.manifest.route_prefix);
            let known = methods.is_empty()
                || methods
                    .iter()
                    .any(|other| other.eq_ignore_ascii_case(method));
            (known && full.trim_matches('/').eq_ignore_ascii_case(path)).then_some((
                function,
                binding.as_str(),
                *anonymous,
            ))
        })
    }

    /// The presented key, if it is valid; a header takes precedence over the query.
    fn key(&self, headers: &HeaderMap, query: &[(String, String)]) -> Option<Key> {
        let in_query = query.iter().find(|(name, _)| name == "code");
        let shown = match headers.get("x-functions-key") {
            Some(value) => value.to_str().ok()?,
            None => in_query.map(|(_, value)| value.as_str())?,
        };
        if shown == self.master_key {
            Some(Key::Master)
        } else {
            (shown == self.function_key).then_some(Key::Function)
        }
    }

    async fn caller(
        &self,
        request: Request,
        query: Vec<(String, String)>,
        key: Option<Key>,
        sent: &Sent,
    ) -> Result<CallerRequest, StatusCode> {
        let (parts, body) = request.into_parts();
        let told_length = parts
            .headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
        let headers = headers(&parts.headers, sent);
        let bytes = to_bytes(body, LARGEST_BODY_BYTES)
            .await
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        sent.is_read();
        Ok(CallerRequest {
            url: format!("{}{}", self.endpoint, parts.uri),
            method: parts.method.to_string(),
            query,
            headers,
            key,
            body: told_length.then(|| bytes.to_vec()),
        })
    }
}

/// The caller's headers in the caller's spelling.
fn headers(headers: &HeaderMap, sent: &Sent) -> Vec<(String, Vec<String>)> {
    headers
        .keys()
        .map(|name| {
            let shown = sent
                .spelling(name.as_str())
                .unwrap_or_else(|| name.to_string());
            let values = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            (shown, values)
        })
        .collect()
}

fn response(answer: HttpAnswer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(answer.body))
        .unwrap_or_else(|error| {
            tracing::error!(%error, "the http output names a header that cannot be sent");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
}
