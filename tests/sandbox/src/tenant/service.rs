//! The way of one call through the tenant: it is recorded, held or affected by a fault if so scripted, and otherwise
//! answered by the service that it addresses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use uuid::Uuid;

use super::answer::{Answer, Body, Marks};
use super::azure;
use super::call::Call;
use super::call_pause::CallPause;
use super::cost::Cost;
use super::directory::Directory;
use super::faults::{Fault, Faults, Stage, Then};
use super::graph;
use super::identity::Identity;
use super::incidents::Incidents;
use super::issuer::Issuer;
use super::journal::{CallRecord, Entry, Journal, Service};
use super::limits::{self, Counting, Throttling};
use super::wire::ConnectionCutter;
use crate::clock::SandboxClock;
use crate::sync::lock;

/// The tenant, shared by its services.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: SandboxClock,
    pub(crate) identity: Identity,
    pub(crate) issuer: Issuer,
    pub(crate) directory: Mutex<Directory>,
    pub(super) incidents: Mutex<Incidents>,
    pub(super) azure_throttling: Mutex<azure::AzureThrottling>,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(super) throttling: Throttling,
    pub(crate) call_pause: CallPause,
    /// Whether Graph refuses properties beyond the basic profile, or leaves them out, for a caller that may read only
    /// that. The documentation does not say which.
    pub(crate) refuse_beyond_basic: AtomicBool,
}

/// Graph and the identity endpoint on one listener.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(serve).with_state(shared)
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<ConnectionCutter>,
    request: Request,
) -> Response {
    let Some(call) = Call::read(request).await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    shared.take(&call, &cutter).await
}

impl Shared {
    pub(super) async fn take(&self, call: &Call, cutter: &ConnectionCutter) -> Response {
        let service = match call.segments.first().map(String::as_str) {
            Some("msi") => Service::Identity,
            Some("login") => Service::Login,
            Some("arm") => Service::Azure,
            Some(_) | None => Service::Graph,
        };
        let marks = Marks {
            request_id: Uuid::new_v4(),
            client_request_id: call.header("client-request-id").map(str::to_owned),
            now: self.clock.now(),
        };
        let entry = self.journal.begin(self.record(call, service, &marks));
        let (method, path) = (call.method.as_str(), call.raw.as_str());
        let number = match service {
            Service::Graph => self.call_pause.count(),
            Service::Identity | Service::Login | Service::Azure => 0,
        };
        self.call_pause.pass(number, Stage::Arrival).await;
        self.faults.held(method, path, Stage::Arrival).await;
        let fault = self
            .faults
            .strike(method, path, |name| self.is_user(call, name));
        if fault.is_some() {
            self.journal.spoil(entry);
        }
        let answer = match fault {
            None => Some(self.answer(call, service, entry)),
            Some(fault) => self.spoiled(fault, call, service, entry, cutter).await,
        };
        self.faults.held(method, path, Stage::Answer).await;
        self.call_pause.pass(number, Stage::Answer).await;
        let Some(mut answer) = answer else {
            cutter.cut_after(0);
            return plain(StatusCode::OK);
        };
        let marks = Marks {
            now: self.clock.now(),
            ..marks
        };
        match service {
            Service::Graph => answer.add_graph_headers(&marks),
            // "Request limits and throttling", "Common request and response headers".
            Service::Azure => {
                let id = marks.request_id.to_string();
                answer.set("x-ms-request-id", &id);
                answer.set("x-ms-correlation-request-id", &id);
            }
            Service::Identity | Service::Login => {}
        }
        self.journal.finish(entry, &answer, marks.now);
        write(&answer, &marks)
    }

    fn record(&self, call: &Call, service: Service, marks: &Marks) -> CallRecord {
        let user = call
            .object_of("users")
            .and_then(|path| Some(lock(&self.directory).find(&path.key)?.entry.id));
        CallRecord {
            at: marks.now,
            answered_at: None,
            service,
            method: call.method.clone(),
            path: call.raw.clone(),
            status: None,
            user,
            request_id: marks.request_id,
            client_request_id: marks.client_request_id.clone(),
            content_type: call.header("content-type").map(str::to_owned),
            body: String::from_utf8_lossy(&call.body).into_owned(),
            surprise: None,
            while_throttled: false,
            caller: self
                .identity
                .bearer(call.header("authorization"))
                .map(|bearer| bearer.holder),
            answer: None,
            retry_after: None,
            spoiled: false,
            cut_at: None,
        }
    }

    /// Whether an object id or user principal name is that of the user in the call's path.
    fn is_user(&self, call: &Call, name: &str) -> bool {
        let Some(path) = call.object_of("users") else {
            return false;
        };
        let directory = lock(&self.directory);
        let id = |key: &str| directory.find(key).map(|user| user.entry.id);
        match (id(&path.key), id(name)) {
            (Some(one), Some(other)) => one == other,
            (None, None) => path.key.eq_ignore_ascii_case(name),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The right answer, and its effect.
    fn answer(&self, call: &Call, service: Service, entry: Entry) -> Answer {
        let now = self.clock.now();
        let answer = match service {
            Service::Identity if call.segments == ["msi", "token"] => {
                self.identity.answer(call, now)
            }
            Service::Login if call.method == "POST" => self.identity.exchange(call, now),
            Service::Login => self.login(call),
            Service::Identity => Answer::unknown(&format!("{} {}", call.method, call.raw)),
            Service::Azure => azure::answer(
                call,
                &self.identity,
                &lock(&self.directory),
                &mut lock(&self.incidents),
                &mut lock(&self.azure_throttling),
                now,
            ),
            Service::Graph => self.graph(call, now),
        };
        let revokes = call.raw.ends_with("revokeSignInSessions") && call.method == "POST";
        if service == Service::Graph && revokes && answer.status == 200 {
            self.journal.cut(entry, now);
        }
        if let Some(surprise) = &answer.surprise {
            self.journal.surprise(entry, surprise.clone());
        }
        answer
    }

    /// Graph's answer, or its refusal because of too many calls.
    fn graph(&self, call: &Call, now: Timestamp) -> Answer {
        let cost = Cost::of(call);
        let bearer = self.identity.bearer(call.header("authorization"));
        let counting = bearer.map_or(Counting::Passed(0.0), |bearer| {
            self.throttling.count(cost, bearer.app, bearer.tenant, now)
        });
        let used = match counting {
            Counting::Refused(answer) => return answer,
            Counting::Passed(used) => used,
        };
        let mut answer = graph::answer(
            call,
            &self.identity,
            &mut lock(&self.directory),
            self.refuse_beyond_basic.load(Ordering::Relaxed),
            now,
        );
        limits::report(&mut answer, cost, used);
        answer
    }

    /// The sign-in service: the keys of this tenant, and nothing else.
    fn login(&self, call: &Call) -> Answer {
        let tenant = lock(&self.directory).tenant_id.to_string();
        let keys = ["login", tenant.as_str(), "discovery", "v2.0", "keys"];
        if call.method == "GET" && call.segments == keys {
            Answer::json(200, self.issuer.published())
        } else {
            Answer::unknown(&format!("{} {}", call.method, call.raw))
        }
    }

    /// Applies a fault to the call; `None` if the connection has to be cut.
    async fn spoiled(
        &self,
        fault: Fault,
        call: &Call,
        service: Service,
        entry: Entry,
        cutter: &ConnectionCutter,
    ) -> Option<Answer> {
        let effect = || self.answer(call, service, entry);
        if fault.after_effect && !fault.then.keeps_the_answer() {
            // The caller never receives this answer: that is the fault.
            drop(effect());
        }
        match fault.then {
            Then::Answer { .. } => fault.then.other_answer(self.clock.now()),
            Then::Delay { milliseconds } => {
                let answer = fault.after_effect.then(effect);
                tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
                Some(answer.unwrap_or_else(effect))
            }
            Then::Reset => None,
            Then::Truncate { bytes } => {
                cutter.cut_after(bytes);
                Some(effect())
            }
            Then::Stall { bytes } => {
                cutter.silence_after(bytes);
                Some(effect())
            }
            Then::Hang => std::future::pending().await,
            Then::Garbage => {
                let mut answer = effect();
                answer.body = Body::Text("{\"@odata.context\":".to_owned());
                Some(answer)
            }
        }
    }
}

pub(super) fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = status;
    response
}

/// Writes an answer. An invalid HTTP answer, which a fault can specify, becomes a 500.
fn write(answer: &Answer, marks: &Marks) -> Response {
    let Ok(status) = StatusCode::from_u16(answer.status) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = Response::new(HttpBody::from(answer.bytes(marks)));
    *response.status_mut() = status;
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !(matches!(answer.body, Body::Empty) && name == "Content-Type"));
    for (name, value) in headers {
        let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) else {
            tracing::warn!(name, "a header that HTTP does not allow was left out");
            continue;
        };
        response.headers_mut().insert(name, value);
    }
    response
}
