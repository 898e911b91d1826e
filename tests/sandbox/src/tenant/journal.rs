//! Records all calls in order, and the violations: calls that the sandbox does not know, and calls made while throttled
//! by an earlier answer.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::answer::{Answer, Body};
use super::pattern::Pattern;
use crate::clock::plus;
use crate::sync::lock;

/// How long after an answer a call may arrive that was sent before the answer came, by default.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

/// Which of the tenant's services was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// The App Service identity endpoint.
    Identity,
    /// The sign-in service.
    Login,
    /// Azure Resource Manager.
    Azure,
}

impl Service {
    /// Whether its callers have to obey its throttling.
    fn limits(self) -> bool {
        matches!(self, Self::Graph | Self::Azure)
    }
}

/// One call with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// When it arrived, by the sandbox's clock.
    pub at: Timestamp,
    /// When its answer was ready; `None` if there is no answer yet, or if the connection was cut.
    #[serde(skip)]
    pub answered_at: Option<Timestamp>,
    /// The service that was called.
    #[serde(skip)]
    pub service: Service,
    /// The method.
    pub method: String,
    /// The path with its query, as on the wire.
    pub path: String,
    /// The status of the answer; `None` if there is no answer yet, or if the connection was cut.
    pub status: Option<u16>,
    /// The object id of the user in the path, if there is such a user.
    pub user: Option<Uuid>,
    /// The answer's `request-id`.
    pub request_id: Uuid,
    /// The `client-request-id` that the caller sent.
    pub client_request_id: Option<String>,
    /// The content type of the request.
    #[serde(skip)]
    pub content_type: Option<String>,
    /// The body of the request.
    #[serde(skip)]
    pub body: String,
    /// The fault of a call that the tenant did not expect.
    pub surprise: Option<String>,
    /// Whether it was made while its caller was throttled.
    pub while_throttled: bool,
    /// The caller: each instance of the app, and each person. `None` without a token of this tenant.
    pub caller: Option<Uuid>,
    /// The whole JSON of the answer, even if only a part arrived.
    #[serde(skip)]
    pub answer: Option<Value>,
    /// The answer's `Retry-After`, as written.
    #[serde(skip)]
    pub retry_after: Option<String>,
    /// Whether a fault affected it.
    #[serde(skip)]
    pub spoiled: bool,
    /// When a revocation was carried out, even if the caller did not learn of it.
    #[serde(skip)]
    pub cut_at: Option<Timestamp>,
}

/// The calls so far.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    inner: Mutex<Inner>,
    arrived: Notify,
}

#[derive(Debug)]
struct Inner {
    calls: Vec<CallRecord>,
    waits: Vec<Wait>,
    on_its_way: Duration,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            calls: Vec::new(),
            waits: Vec::new(),
            on_its_way: ON_ITS_WAY,
        }
    }
}

/// A period in which certain calls must not be made.
#[derive(Debug)]
struct Wait {
    service: Service,
    caller: Option<Uuid>,
    from: Timestamp,
    until: Timestamp,
    scope: Scope,
}

/// Which calls have to wait.
#[derive(Debug)]
enum Scope {
    /// Every call to Graph: the whole application is throttled.
    Everything,
    /// Every write.
    Writes,
    /// The reports, which have their own limit.
    Reports,
    /// Reads of Azure Resource Manager, or its writes, which are counted separately.
    Azure { writes: bool },
    /// The same call again: the service behind it is down.
    Same { method: String, path: String },
}

/// A call's place in the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry(usize);

impl Journal {
    /// Records that a call arrived.
    pub(crate) fn begin(&self, mut call: CallRecord) -> Entry {
        let mut inner = lock(&self.inner);
        call.while_throttled =
            call.service.limits() && inner.waits.iter().any(|wait| wait.forbids(&call));
        inner.calls.push(call);
        let entry = Entry(inner.calls.len() - 1);
        drop(inner);
        self.arrived.notify_waiters();
        entry
    }

    /// Records the fault of a call that the tenant did not expect.
    pub(crate) fn surprise(&self, entry: Entry, what: String) {
        if let Some(call) = lock(&self.inner).calls.get_mut(entry.0) {
            tracing::warn!(method = call.method, path = call.path, "{what}");
            call.surprise = Some(what);
        }
    }

    /// Records that a fault affects a call.
    pub(crate) fn spoil(&self, entry: Entry) {
        if let Some(call) = lock(&self.inner).calls.get_mut(entry.0) {
            call.spoiled = true;
        }
    }

    /// Records that a revocation was carried out.
    pub(crate) fn cut(&self, entry: Entry, now: Timestamp) {
        if let Some(call) = lock(&self.inner).calls.get_mut(entry.0) {
            call.cut_at = Some(now);
        }
    }

    /// Records the answer, and the period for which it throttles the caller.
    pub(crate) fn finish(&self, entry: Entry, answer: &Answer, now: Timestamp) {
        let mut inner = lock(&self.inner);
        let on_its_way = inner.on_its_way;
        let Some(call) = inner.calls.get_mut(entry.0) else {
            return;
        };
        call.status = Some(answer.status);
        call.answered_at = Some(now);
        call.retry_after = answer.header("Retry-After").map(str::to_owned);
        call.answer = match &answer.body {
            Body::Json(value) => Some(value.clone()),
            Body::Empty | Body::Text(_) | Body::Error { .. } | Body::Throttled => None,
        };
        let wait = answer.wait_until(now).map(|until| Wait {
            caller: call.caller,
            from: plus(now, on_its_way),
            until,
            service: call.service,
            scope: Scope::of(answer, call),
        });
        if call.service.limits() {
            inner.waits.extend(wait);
        }
    }

    /// Sets how long after an answer a call may arrive that was sent before.
    pub(crate) fn set_on_its_way(&self, time: Duration) {
        lock(&self.inner).on_its_way = time;
    }

    pub(crate) fn calls(&self, service: Service) -> Vec<CallRecord> {
        lock(&self.inner)
            .calls
            .iter()
            .filter(|call| call.service == service)
            .cloned()
            .collect()
    }

    pub(crate) fn all(&self) -> Vec<CallRecord> {
        lock(&self.inner).calls.clone()
    }

    /// Forgets the calls, but not the throttling of callers.
    pub(crate) fn clear(&self) {
        lock(&self.inner).calls.clear();
    }

    /// Waits until `count` matching calls have arrived, including past ones, and returns the last of them.
    pub(crate) async fn wait_for(&self, pattern: &Pattern, count: usize) -> CallRecord {
        loop {
            let arrived = self.arrived.notified();
            let found = self
                .all()
                .into_iter()
                .filter(|call| pattern.matches(&call.method, &call.path))
                .nth(count.saturating_sub(1));
            if let Some(call) = found {
                return call;
            }
            arrived.await;
        }
    }
}

impl Scope {
    fn of(answer: &Answer, call: &CallRecord) -> Self {
        let throttled = answer.header("x-ms-throttle-scope").unwrap_or_default();
        if answer.status != 429 {
            Self::Same {
                method: call.method.clone(),
                path: call.path.clone(),
            }
        } else if call.service == Service::Azure {
            Self::Azure {
                writes: writes_in_azure(call),
            }
        } else if is_report(&call.path) {
            Self::Reports
        } else if throttled.contains("/Write/") {
            Self::Writes
        } else {
            Self::Everything
        }
    }
}

fn writes_in_azure(call: &CallRecord) -> bool {
    !matches!(call.method.as_str(), "GET" | "POST")
}

fn is_report(path: &str) -> bool {
    path.starts_with("/v1.0/auditLogs/") || path.starts_with("/beta/auditLogs/")
}

impl Wait {
    fn forbids(&self, call: &CallRecord) -> bool {
        let in_scope = match &self.scope {
            Scope::Everything => true,
            Scope::Reports => is_report(&call.path),
            Scope::Azure { writes } => *writes == writes_in_azure(call),
            Scope::Writes => call.method != "GET" && !call.path.contains("/checkMember"),
            Scope::Same { method, path } => call.method == *method && call.path == *path,
        };
        // Instances of an app do not share their throttling.
        in_scope
            && self.service == call.service
            && self.caller == call.caller
            && self.from < call.at
            && call.at < self.until
    }
}

impl CallRecord {
    /// One line for a person: the call and its answer.
    #[must_use]
    pub fn line(&self) -> String {
        let status = self
            .status
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let mut line = format!("{} {} -> {status}", self.method, self.path);
        if self.while_throttled {
            line.push_str(" (while told to wait)");
        }
        if let Some(surprise) = &self.surprise {
            line.push_str(" (");
            line.push_str(surprise);
            line.push(')');
        }
        line
    }
}
