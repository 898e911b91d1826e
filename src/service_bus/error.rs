//! Failures of Service Bus: the operation, the queue, the answer, and the next step.

use std::fmt;

use super::namespace::{Namespace, QueuePath};

/// The operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceBusOperation {
    /// Sending a message.
    Send,
    /// Locking the next message.
    Read,
    /// Renewing a lock.
    Renew,
    /// Completing a message.
    Complete,
    /// Abandoning a message.
    Abandon,
    /// Asking whether the queue can be read, without touching a message.
    Probe,
}

impl ServiceBusOperation {
    fn role(self) -> &'static str {
        match self {
            Self::Send => "Azure Service Bus Data Sender",
            Self::Read | Self::Renew | Self::Complete | Self::Abandon | Self::Probe => {
                "Azure Service Bus Data Receiver"
            }
        }
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceBusFailure {
    /// 401, in the service's words.
    #[error("401 {0}")]
    NotAuthorized(String),
    /// 403, in the service's words.
    #[error("403 {0}")]
    Forbidden(String),
    /// 404 or 410, in the service's words.
    #[error("{0} {1}")]
    Gone(u16, String),
    /// The message is larger than the namespace takes, in the service's words. It was not accepted.
    #[error("the message is too large: {0}")]
    TooLarge(String),
    /// 429, in the service's words.
    #[error("429 {0}")]
    Throttled(String),
    /// A status of 500 and above, in the service's words.
    #[error("{0} {1}")]
    Unavailable(u16, String),
    /// There was no connection, so nothing was sent.
    #[error("no connection could be made ({0})")]
    NoConnection(String),
    /// There was no answer.
    #[error("{0}")]
    Network(String),
    /// Another status, in the service's words.
    #[error("{0} {1}")]
    Refused(u16, String),
    /// An answer, or a message, that is not as documented.
    #[error("{0}")]
    Unexpected(String),
}

/// A failed operation on a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueError {
    /// The operation.
    pub operation: ServiceBusOperation,
    /// The queue.
    pub queue: QueuePath,
    /// The namespace.
    pub namespace: Namespace,
    /// Why an operation failed.
    pub cause: ServiceBusFailure,
}

impl QueueError {
    /// Whether a permission is missing.
    #[must_use]
    pub fn is_about_permission(&self) -> bool {
        matches!(
            self.cause,
            ServiceBusFailure::NotAuthorized(_) | ServiceBusFailure::Forbidden(_)
        )
    }

    fn next(&self) -> String {
        let Self {
            operation,
            queue,
            namespace,
            ..
        } = self;
        let role = operation.role();
        match &self.cause {
            ServiceBusFailure::NotAuthorized(words) if words.contains("claim(s) are required") => format!(
                "have the role {role} granted to you on this queue, wait some minutes until it holds, and try again"
            ),
            ServiceBusFailure::NotAuthorized(_) => format!(
                "`az account show` says who is signed in: it has to be somebody of the namespace's own tenant and cloud, with the role {role} on this queue"
            ),
            ServiceBusFailure::Forbidden(_) => match operation {
                ServiceBusOperation::Send => format!(
                    "see whether the queue is full and whether the namespace's network rules let this machine in; what it needs besides is the role {role} on this queue"
                ),
                ServiceBusOperation::Read
                | ServiceBusOperation::Renew
                | ServiceBusOperation::Complete
                | ServiceBusOperation::Abandon
                | ServiceBusOperation::Probe => {
                    format!(
                        "see whether the namespace's network rules let this machine in; what it needs besides is the role {role} on this queue"
                    )
                }
            },
            ServiceBusFailure::Gone(..) => match operation {
                ServiceBusOperation::Send | ServiceBusOperation::Read | ServiceBusOperation::Probe => format!(
                    "`az servicebus queue list` names the queues of {namespace}; give the right one by --queue"
                ),
                ServiceBusOperation::Renew | ServiceBusOperation::Complete | ServiceBusOperation::Abandon => {
                    "the lock has ended and the message is in the queue again, or somebody else has dealt with it: list the queue and decide anew".to_owned()
                }
            },
            ServiceBusFailure::TooLarge(_) => "send several smaller messages; how large one may be depends on the tier of the namespace".to_owned(),
            ServiceBusFailure::Throttled(_) => "wait ten seconds and try again".to_owned(),
            ServiceBusFailure::Unavailable(..) => format!(
                "try again in a minute; if it stays so, look at Azure's status and at the metrics of {namespace}. {}",
                self.caution()
            ).trim_end().to_owned(),
            ServiceBusFailure::NoConnection(_) => format!(
                "see whether the name {namespace} is right and whether it can be reached from here (port 443, private endpoint, VPN), and try again"
            ),
            ServiceBusFailure::Network(_) => format!(
                "see whether the network is well, and try again. {}",
                self.caution()
            ).trim_end().to_owned(),
            ServiceBusFailure::Refused(..) | ServiceBusFailure::Unexpected(_) => format!(
                "look at {queue} with the Service Bus Explorer of the Azure portal; this is not an answer that is documented"
            ),
        }
    }

    fn caution(&self) -> &'static str {
        match self.operation {
            ServiceBusOperation::Send => {
                "The message may have arrived all the same; a second one at worst cuts the same users twice."
            }
            ServiceBusOperation::Read
            | ServiceBusOperation::Renew
            | ServiceBusOperation::Complete
            | ServiceBusOperation::Abandon
            | ServiceBusOperation::Probe => "",
        }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = &self.queue;
        let doing = match self.operation {
            ServiceBusOperation::Send => format!("sending to the queue {queue}"),
            ServiceBusOperation::Read => format!("reading the queue {queue}"),
            ServiceBusOperation::Renew => format!("renewing a lock on the queue {queue}"),
            ServiceBusOperation::Complete => format!("taking a message off the queue {queue}"),
            ServiceBusOperation::Probe => format!("asking for the queue {queue}"),
            ServiceBusOperation::Abandon => format!("giving a message back to the queue {queue}"),
        };
        let Self {
            namespace, cause, ..
        } = self;
        write!(
            f,
            "{doing} of {namespace}: {cause}\n  Next: {}.",
            self.next().trim_end_matches('.')
        )
    }
}

impl std::error::Error for QueueError {}
