//! The events of the host, in order: for tests and for people who follow a run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::signal::Signal;
use crate::sync::lock;

/// An event of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The worker process was started.
    WorkerStarted {
        /// Its process id.
        pid: u32,
        /// The port that the host assigned to it.
        port: u16,
    },
    /// The worker answered the probe.
    WorkerReady {
        /// How long after its start.
        after: Duration,
    },
    /// The worker did not answer the probe in time and was killed.
    WorkerNotReady,
    /// The worker process ended; 128 and more for a signal.
    WorkerExited {
        /// Its exit code.
        code: i32,
    },
    /// The host shut itself down, because the worker had failed too often.
    HostStopped,
    /// A call exceeded the function's time-out: the worker will be killed.
    FunctionTimedOut {
        /// The function.
        function: String,
    },
    /// An invocation failed.
    InvocationFailed {
        /// The function.
        function: String,
        /// Why.
        reason: String,
    },
    /// The worker named an output that the function does not have. The host ignores it.
    UnknownOutput {
        /// The function.
        function: String,
        /// The name.
        output: String,
    },
    /// A message could not be settled: its lock had already ended.
    LockLost {
        /// The message id.
        message_id: String,
    },
}

/// Every event so far. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Events {
    list: Arc<Mutex<Vec<Event>>>,
    signal: Signal,
}

impl Events {
    pub(super) fn new(signal: Signal) -> Self {
        Self {
            list: Arc::default(),
            signal,
        }
    }

    pub(super) fn add(&self, event: Event) {
        tracing::info!(target: "host", "{event:?}");
        lock(&self.list).push(event);
        self.signal.raise();
    }

    pub(super) fn list(&self) -> Vec<Event> {
        lock(&self.list).clone()
    }
}
