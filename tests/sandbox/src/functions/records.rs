//! The invocations and their results: for tests and for people who follow a run.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use uuid::Uuid;

use super::signal::Signal;
use crate::sync::lock;

/// One invocation of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct InvocationRecord {
    /// The host's id of it, as sent to the worker.
    pub id: Uuid,
    /// The function.
    pub function: String,
    /// The delivery count of the message, if a message triggered it.
    pub delivery_count: Option<u32>,
    /// The message id as the broker knows it, if a message triggered it.
    pub message_id: Option<String>,
    /// The document sent to the worker.
    pub request_body: Value,
    /// The worker's status, once it has answered.
    pub status: Option<u16>,
    /// The worker's answer, once there is one in JSON.
    pub response_body: Option<Value>,
    /// The lines under `Logs`, which the host logs at Information.
    pub logs: Vec<String>,
    /// Its state.
    pub state: InvocationState,
}

/// The state of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationState {
    /// It is still going.
    Running,
    /// The worker answered 2xx and every output was written.
    Succeeded,
    /// It failed, and why.
    Failed(String),
}

/// Every invocation so far. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Records {
    list: Arc<Mutex<Vec<InvocationRecord>>>,
    signal: Signal,
}

impl Records {
    pub(super) fn new(signal: Signal) -> Self {
        Self {
            list: Arc::default(),
            signal,
        }
    }

    pub(super) fn begin(&self, record: InvocationRecord) {
        lock(&self.list).push(record);
        self.signal.raise();
    }

    pub(super) fn update(&self, id: Uuid, change: impl FnOnce(&mut InvocationRecord)) {
        let mut list = lock(&self.list);
        if let Some(record) = list.iter_mut().rev().find(|record| record.id == id) {
            change(record);
        }
        drop(list);
        self.signal.raise();
    }

    pub(super) fn list(&self) -> Vec<InvocationRecord> {
        lock(&self.list).clone()
    }

    pub(super) fn running(&self) -> usize {
        lock(&self.list)
            .iter()
            .filter(|record| record.state == InvocationState::Running)
            .count()
    }
}
