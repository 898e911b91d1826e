//! What the verbs that talk to Service Bus share: which namespace, under whose sign-in, and how an error is told.

use std::fmt::Display;
use std::sync::Arc;

use clap::Args;
use tokio::runtime::{Builder, Runtime};

use super::escape::Escaped;
use super::{Console, Exit};
use crate::queue::{AzureCli, Cause, Namespace, QueueError, ServiceBus};

/// Where Service Bus is.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The Service Bus namespace: its name, or its whole host in another cloud.
    #[arg(long, value_name = "HOST")]
    namespace: Namespace,
}

/// A namespace to talk to, and what the talking runs on.
pub(super) struct Session {
    pub(super) bus: ServiceBus,
    pub(super) runtime: Runtime,
}

impl Connection {
    /// Gets ready; nothing is sent yet.
    pub(super) fn open(&self) -> Result<Session, Failure> {
        let failed = |reason: &dyn Display| Failure {
            exit: Exit::Unable,
            text: format!("getting ready to call {}: {reason}", self.namespace),
        };
        let bus = ServiceBus::new(self.namespace.clone(), Arc::new(AzureCli))
            .map_err(|error| failed(&error))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Session { bus, runtime })
    }
}

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
        }
    }

    /// Tells it, and says how the command ends.
    pub(super) fn tell(&self, console: &mut Console<'_>) -> Exit {
        // Each line by itself, since an escaped line break is none.
        let lines: Vec<String> = self
            .text
            .lines()
            .map(|line| Escaped(line).to_string())
            .collect();
        let told = writeln!(console.errors, "evict: {}", lines.join("\n"));
        told.map_or(Exit::Io, |()| self.exit)
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let exit = match error.cause {
            Cause::TooLarge(_) => Exit::Data,
            _ if error.is_about_permission() => Exit::NoPermission,
            _ => Exit::Unable,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Io, format!("writing the answer: {error}"))
    }
}
