//! The Functions host without a worker process: the caller takes an invocation as JSON, does the work in its own
//! process, and returns the answer; outputs and messages then end as in the whole host. For tests that play thousands
//! of stories in one process and in virtual time. Locks do not expire here; they are lost on request.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, ensure};
use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::broker::{Broker, Delivery};
use super::events::Events;
use super::front_end::Key;
use super::invocation::{CallerRequest, SystemData, for_message, for_request};
use super::manifest::{Function, Manifest, Trigger};
use super::message::QueuedMessage;
use super::output_bindings::OutputBindings;
use super::outputs::HttpAnswer;
use super::runner::{never_ends, read};
use crate::sync::lock;

/// The host for an in-process worker.
#[derive(Debug)]
pub struct InProcessHost {
    functions: Vec<Function>,
    broker: Broker,
    events: Events,
    refusals: Mutex<BTreeMap<String, usize>>,
}

/// One invocation that the worker has taken.
#[derive(Debug)]
pub struct Work {
    /// The host's id of it.
    pub id: Uuid,
    /// The document that the host would post to the worker.
    pub document: Value,
    function: Function,
    delivery: Option<Delivery>,
}

impl Work {
    /// The function that is invoked.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.function.name
    }

    /// The message of the invocation; `None` for an HTTP request.
    #[must_use]
    pub fn message(&self) -> Option<&QueuedMessage> {
        self.delivery.as_ref().map(|delivery| &delivery.message)
    }
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Its outputs were written and its message is completed. An HTTP caller received this answer.
    Completed {
        /// The status of the HTTP answer.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// It failed, for this reason: the message is delivered again or dead-lettered.
    Failed(String),
    /// Its outputs were written, but the message's lock was gone.
    TooLate,
}

impl InProcessHost {
    /// Opens a staged package.
    ///
    /// # Errors
    /// The package cannot be read.
    pub fn open(staged: &Path, broker: Broker) -> anyhow::Result<Self> {
        Ok(Self {
            functions: Manifest::read(staged)?.functions,
            events: Events::new(broker.signal().clone()),
            broker,
            refusals: Mutex::default(),
        })
    }

    /// Takes the next waiting message of a function, without waiting for one.
    ///
    /// # Errors
    /// The message cannot be bound.
    pub fn take(&self) -> anyhow::Result<Option<Work>> {
        for function in &self.functions {
            let Trigger::ServiceBus {
                binding,
                queue,
                binary,
            } = &function.trigger
            else {
                continue;
            };
            let Some(delivery) = self.broker.try_receive(queue) else {
                continue;
            };
            let document = for_message(
                binding,
                *binary,
                &delivery.message,
                &delivery.lock_token.to_string(),
                SystemData::new(&function.name, self.broker.now()),
            )?;
            return Ok(Some(Work {
                id: Uuid::new_v4(),
                document,
                function: function.clone(),
                delivery: Some(delivery),
            }));
        }
        Ok(None)
    }

    /// Creates an HTTP request with a JSON body to a function, with a function key that was checked.
    ///
    /// # Errors
    /// The package has no such function, or it is not for HTTP.
    pub fn request(&self, function: &str, body: &[u8]) -> anyhow::Result<Work> {
        let function = self
            .functions
            .iter()
            .find(|other| other.name == function)
            .with_context(|| format!("no function {function:?}"))?;
        let Trigger::Http { binding, route, .. } = &function.trigger else {
            anyhow::bail!("{} is not for HTTP", function.name);
        };
        let header = |name: &str, value: String| (name.to_owned(), vec![value]);
        let request = CallerRequest {
            url: format!("https://sandbox.azurewebsites.net/api/{route}"),
            method: "POST".to_owned(),
            headers: vec![
                header("Content-Type", "application/json".to_owned()),
                header("Content-Length", body.len().to_string()),
            ],
            key: Some(Key::Function),
            body: Some(body.to_vec()),
            ..CallerRequest::default()
        };
        let system = SystemData::new(&function.name, self.broker.now());
        Ok(Work {
            id: Uuid::new_v4(),
            document: for_request(binding, &request, system),
            function: function.clone(),
            delivery: None,
        })
    }

    /// Accepts the worker's answer: writes its outputs and settles the message.
    pub fn answer(&self, work: &Work, status: u16, body: &str) -> Settled {
        let written = StatusCode::from_u16(status)
            .context("no status")
            .and_then(|status| {
                ensure!(
                    !never_ends(status, body.as_bytes()),
                    "an answer with which the host waits on until the function's time is over"
                );
                read(status, "application/json", body.as_bytes())
            })
            .and_then(|reply| self.write(work, &reply.outputs.unwrap_or_default()));
        match (written, &work.delivery) {
            (Ok(answer), delivery) => {
                let is_settled = delivery
                    .as_ref()
                    .is_none_or(|delivery| self.broker.complete(delivery).is_ok());
                if is_settled {
                    Settled::Completed {
                        status: answer.status,
                        body: answer.body,
                    }
                } else {
                    Settled::TooLate
                }
            }
            (Err(error), _) => {
                self.lose_lock(work);
                Settled::Failed(format!("{error:#}"))
            }
        }
    }

    /// Loses the lock of the message during its work, or because nobody answered: the message is delivered again or
    /// dead-lettered. Returns false if that has happened before, or if there is no message.
    pub fn lose_lock(&self, work: &Work) -> bool {
        work.delivery
            .as_ref()
            .is_some_and(|delivery| self.broker.abandon(delivery).is_ok())
    }

    /// Refuses the next writes of an output binding, as a busy Service Bus does.
    pub fn refuse_output(&self, binding: &str, times: usize) {
        lock(&self.refusals).insert(binding.to_owned(), times);
    }

    fn write(
        &self,
        work: &Work,
        outputs: &serde_json::Map<String, Value>,
    ) -> anyhow::Result<HttpAnswer> {
        let bindings = OutputBindings {
            broker: &self.broker,
            invocation: work.id,
            events: &self.events,
            refusals: &self.refusals,
        };
        bindings.write(&work.function, outputs)
    }
}
