//! Runs one invocation from the worker to the outputs: waits for the worker, posts, judges the reply, and writes its
//! outputs. It must not know the trigger, which learns only whether the invocation failed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::watch;
use uuid::Uuid;

use super::broker::Broker;
use super::chunked::Chunked;
use super::events::{Event, Events};
use super::manifest::Function;
use super::message::QueuedMessage;
use super::output_bindings::OutputBindings;
use super::outputs::HttpAnswer;
use super::records::{InvocationRecord, InvocationState, Records};
use super::worker::{Phase, Worker};

/// The version of the host in the samples.
const HOST_VERSION: &str = "4.1036.1.0";

/// Runs invocations of functions.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) worker: Worker,
    pub(super) client: reqwest::Client,
    pub(super) broker: Broker,
    pub(super) records: Records,
    pub(super) events: Events,
    pub(super) function_timeout: Duration,
    /// Whether the app has Application Insights; then the host passes on a trace.
    pub(super) traced: bool,
    /// The disabled functions (`AzureWebJobs.<Name>.Disabled`).
    pub(super) disabled: Vec<String>,
    /// Whether messages are received from queues.
    pub(super) listening: watch::Sender<bool>,
    /// How many of the next writes are refused, by the output's name.
    pub(super) refusals: Mutex<BTreeMap<String, usize>>,
}

/// The worker's reply, as the host reads it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Reply {
    pub(super) outputs: Option<Map<String, Value>>,
    logs: Option<Vec<String>>,
    #[serde(rename = "ReturnValue")]
    _return_value: Value,
}

/// Why there is no reply.
enum NoReply {
    /// The connection failed: the worker may be gone.
    Broken(anyhow::Error),
    /// The answer does not report success.
    Refused(anyhow::Error),
}

pub(super) fn read(status: StatusCode, content_type: &str, body: &[u8]) -> anyhow::Result<Reply> {
    ensure!(status.is_success(), "the worker answered {status}");
    ensure!(
        content_type.starts_with("application/json"),
        "the worker's answer is not application/json"
    );
    serde_json::from_slice(body).context("the worker's answer cannot be parsed")
}

/// Whether the host goes on waiting after this answer, until the function's time-out (seen with version 4.1037).
pub(super) fn never_ends(status: StatusCode, body: &[u8]) -> bool {
    let body = body.trim_ascii();
    status.is_success() && (body.is_empty() || body == b"null")
}

/// The host has shut down: nothing is settled, and locks expire.
#[derive(Debug)]
pub(super) struct HostStopped;

impl Runner {
    /// Runs one invocation. `Ok(None)` if it failed; the record and the events have the details.
    pub(super) async fn run(
        &self,
        function: &Function,
        document: anyhow::Result<Value>,
        held: Option<&QueuedMessage>,
    ) -> Result<Option<HttpAnswer>, HostStopped> {
        let id = Uuid::new_v4();
        self.records.begin(InvocationRecord {
            id,
            function: function.name.clone(),
            delivery_count: held.map(|held| held.delivery_count),
            message_id: held.map(|held| held.message_id().to_owned()),
            request_body: document.as_ref().map_or(Value::Null, Value::clone),
            status: None,
            response_body: None,
            logs: Vec::new(),
            state: InvocationState::Running,
        });
        let result = match document {
            Ok(document) => self.invoke(id, function, &document).await,
            Err(error) => Err(error),
        };
        let (state, answer) = match result {
            Ok(answer) => (InvocationState::Succeeded, Some(answer)),
            Err(error) => {
                let reason = format!("{error:#}");
                self.events.add(Event::InvocationFailed {
                    function: function.name.clone(),
                    reason: reason.clone(),
                });
                (InvocationState::Failed(reason), None)
            }
        };
        self.records.update(id, |record| record.state = state);
        if self.worker.phase() == Phase::Stopped {
            return Err(HostStopped);
        }
        Ok(answer)
    }

    async fn invoke(
        &self,
        id: Uuid,
        function: &Function,
        document: &Value,
    ) -> anyhow::Result<HttpAnswer> {
        let (address, life) = match self.worker.settled().await {
            Phase::Ready { address, life } => (address, life),
            Phase::Closed => bail!("the worker has exited with 0 and is not started again"),
            Phase::Starting | Phase::Stopped => bail!("the host has shut down"),
        };
        let url = format!("{address}/{}", function.name);
        let call = self.call(id, &url, document);
        let Ok(reply) = tokio::time::timeout(self.function_timeout, call).await else {
            self.events.add(Event::FunctionTimedOut {
                function: function.name.clone(),
            });
            self.worker.timed_out(life).await;
            bail!("no reply within {:?}", self.function_timeout);
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(NoReply::Broken(error)) => {
                self.worker.leave_time_to_notice(life).await;
                return Err(error);
            }
            Err(NoReply::Refused(error)) => return Err(error),
        };
        for line in reply.logs.iter().flatten() {
            tracing::info!(target: "invocation", function = %function.name, "{line}");
        }
        let outputs = reply.outputs.unwrap_or_default();
        self.records.update(id, |record| {
            record.logs = reply.logs.unwrap_or_default();
        });
        let bindings = OutputBindings {
            broker: &self.broker,
            invocation: id,
            events: &self.events,
            refusals: &self.refusals,
        };
        bindings.write(function, &outputs)
    }

    async fn call(&self, id: Uuid, url: &str, document: &Value) -> Result<Reply, NoReply> {
        let (status, content_type, body) = self
            .exchange(id, url, document)
            .await
            .context("the worker gave no answer")
            .map_err(NoReply::Broken)?;
        self.records.update(id, |record| {
            record.status = Some(status.as_u16());
            record.response_body = serde_json::from_slice(&body).ok();
        });
        if never_ends(status, &body) {
            std::future::pending::<()>().await;
        }
        read(status, &content_type, &body).map_err(NoReply::Refused)
    }

    async fn exchange(
        &self,
        id: Uuid,
        url: &str,
        document: &Value,
    ) -> reqwest::Result<(StatusCode, String, Bytes)> {
        let mut request = self
            .client
            .post(url)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("X-Azure-Functions-InvocationId", id.to_string())
            .header("X-Azure-Functions-HostVersion", HOST_VERSION)
            .header("User-Agent", format!("Azure-Functions-Host/{HOST_VERSION}"))
            .body(reqwest::Body::wrap(Chunked::new(document.to_string())));
        if self.traced {
            let (trace, span) = (id.simple(), Uuid::new_v4().simple().to_string());
            let span = span.get(..16).unwrap_or_default();
            request = request.header("traceparent", format!("00-{trace}-{span}-01"));
        }
        let response = request.send().await?;
        let content_type = response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        Ok((response.status(), content_type, response.bytes().await?))
    }
}
