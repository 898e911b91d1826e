//! The operations on queues, through the crate.

use std::sync::Arc;
use std::time::Duration;

use azure_core_legacy::headers::Headers;
use azure_core_legacy::{HttpClient as _, Method, Request, StatusCode};
use azure_messaging_servicebus::service_bus::{QueueClient, SendMessageOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::adapter::{Adapter, HIDDEN_PROPERTIES, IN_BASE64};
use super::error::{QueueError, ServiceBusFailure, ServiceBusOperation};
use super::message::{BROKER_PROPERTIES, Outgoing, Received};
use super::namespace::{Namespace, QueuePath};
use crate::http::{Bearer, HttpClient};

/// A placeholder where the crate wants a namespace, a policy and its key; none of it is ever sent.
const UNUSED: &str = "unused";

/// How long the service waits for a message before it answers that there is none.
const WAIT: Duration = Duration::from_secs(1);

/// A Service Bus namespace under an Entra token.
#[derive(Debug)]
pub struct ServiceBus {
    namespace: Namespace,
    http: Arc<Adapter>,
}

/// The lock duration if the answer has none.
const USUAL_LOCK: Duration = Duration::from_secs(30);

/// A message under lock. Unless it is completed or abandoned, the lock expires and the message is in its queue again.
#[derive(Debug)]
pub struct Locked {
    /// The lock.
    pub lock: Lock,
    /// The message.
    pub message: Received,
}

/// A lock on a message.
#[derive(Debug, Clone)]
pub struct Lock {
    queue: QueuePath,
    sequence_number: i64,
    path: String,
    holds_for: Duration,
}

impl Lock {
    /// The queue of the message.
    #[must_use]
    pub fn queue(&self) -> &QueuePath {
        &self.queue
    }

    /// The sequence number in that queue.
    #[must_use]
    pub fn sequence_number(&self) -> i64 {
        self.sequence_number
    }

    /// The duration of the lock, from its beginning or its last renewal.
    #[must_use]
    pub fn holds_for(&self) -> Duration {
        self.holds_for
    }
}

/// Whether a queue may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The queue exists, and the caller may read it.
    Allowed,
    /// The caller lacks the role for reading. The service does not say whether the queue exists.
    NotAllowed,
}

/// Whether a refusal concerns a lock or a message, and not the queue.
fn is_about_the_lock(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    !words.contains("entity") && (words.contains("lock") || words.contains("message"))
}

impl ServiceBus {
    /// A namespace with the token of the caller.
    #[must_use]
    pub fn new(namespace: Namespace, bearer: Bearer, http: HttpClient) -> Self {
        let http = Arc::new(Adapter::new(namespace.clone(), bearer, http));
        Self { namespace, http }
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Sends a message to a queue.
    ///
    /// # Errors
    /// The message is too large, or was not accepted.
    pub async fn send(&self, queue: &QueuePath, message: &Outgoing) -> Result<(), QueueError> {
        let failed = |cause| self.error(ServiceBusOperation::Send, queue, cause);
        let mut headers = message.headers();
        let body = if let Ok(text) = std::str::from_utf8(&message.body) {
            text.to_owned()
        } else {
            headers.insert(IN_BASE64.to_owned(), "yes".to_owned());
            STANDARD.encode(&message.body)
        };
        let options = SendMessageOptions {
            content_type: message.content_type.clone(),
            broker_properties: None,
            custom_properties: Some(headers),
        };
        let client = self.client(queue).map_err(failed)?;
        let sent = client.send_message(&body, Some(options)).await;
        sent.map_err(|error| failed(cause(error)))
    }

    /// Asks whether a queue exists and may be read, without touching a message: it renews a lock that nobody can hold, and
    /// the refusal tells the cases apart ("Renew-Lock for a Message": 401, 404 for no such lock, 410 for no such queue).
    /// Only sending shows whether the caller may send.
    ///
    /// # Errors
    /// The namespace does not answer, does not know who asks, or has no such queue.
    pub async fn probe(&self, queue: &QueuePath) -> Result<Reading, QueueError> {
        let (message, lock) = (Uuid::new_v4(), Uuid::new_v4());
        let path = format!("/{}/messages/{message}/{lock}", queue.path());
        let failed = |cause| self.error(ServiceBusOperation::Probe, queue, cause);
        match self.call(Method::Post, &path).await {
            Ok(()) => Err(failed(ServiceBusFailure::Unexpected(
                "a lock that nobody holds was renewed".to_owned(),
            ))),
            // Either status occurs in both cases, so the sentence decides.
            Err(ServiceBusFailure::Gone(_, words)) if is_about_the_lock(&words) => {
                Ok(Reading::Allowed)
            }
            Err(ServiceBusFailure::NotAuthorized(words))
                if words.contains("'Listen' claim(s) are required") =>
            {
                Ok(Reading::NotAllowed)
            }
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Locks the next message of a queue; `None` if the queue is empty or all its messages are locked.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn lock_next(&self, queue: &QueuePath) -> Result<Option<Locked>, QueueError> {
        let failed = |cause| self.error(ServiceBusOperation::Read, queue, cause);
        let client = self.client(queue).map_err(failed)?;
        let response = client
            .peek_lock_message2(Some(WAIT))
            .await
            .map_err(|error| failed(cause(error)))?;
        if *response.status() == StatusCode::NoContent {
            return Ok(None);
        }
        let Ok(headers) = response.custom_properties::<Headers>();
        let mut body = response.body().into_bytes();
        if headers.iter().any(|(name, _)| name.as_str() == IN_BASE64) {
            body = STANDARD
                .decode(body)
                .map_err(|error| failed(ServiceBusFailure::Unexpected(error.to_string())))?;
        }
        let location = headers
            .iter()
            .find(|(name, _)| name.as_str() == "location")
            .map(|(_, value)| value.as_str().to_owned());
        let known = headers
            .iter()
            .filter(|(name, _)| name.as_str() != IN_BASE64)
            .map(|(name, value)| match name.as_str() {
                HIDDEN_PROPERTIES => (BROKER_PROPERTIES, value.as_str()),
                other => (other, value.as_str()),
            });
        let message = Received::of(known, body)
            .map_err(|reason| failed(ServiceBusFailure::Unexpected(reason)))?;
        let path = location.and_then(|text| path_of(&text)).ok_or_else(|| {
            failed(ServiceBusFailure::Unexpected(
                "the lock has no address".to_owned(),
            ))
        })?;
        let lock = Lock {
            queue: queue.clone(),
            sequence_number: message.sequence_number,
            path,
            holds_for: message.locked_for.unwrap_or(USUAL_LOCK),
        };
        Ok(Some(Locked { lock, message }))
    }

    /// Renews a lock.
    ///
    /// # Errors
    /// The lock has expired, or the request failed.
    pub async fn renew(&self, lock: &Lock) -> Result<(), QueueError> {
        let done = self.call(Method::Post, &lock.path).await;
        done.map_err(|cause| self.error(ServiceBusOperation::Renew, &lock.queue, cause))
    }

    /// Completes a message: it is gone.
    ///
    /// # Errors
    /// The lock has expired, or the request failed; the message is still there, or another receiver has completed it.
    pub async fn complete(&self, lock: &Lock) -> Result<(), QueueError> {
        let done = self.call(Method::Delete, &lock.path).await;
        done.map_err(|cause| self.error(ServiceBusOperation::Complete, &lock.queue, cause))
    }

    /// Abandons a message: it is in its queue again.
    ///
    /// # Errors
    /// The request failed; the message is in its queue again when its lock expires.
    pub async fn abandon(&self, lock: &Lock) -> Result<(), QueueError> {
        let done = self.call(Method::Put, &lock.path).await;
        done.map_err(|cause| self.error(ServiceBusOperation::Abandon, &lock.queue, cause))
    }

    /// A call without a body, whose answer is its status.
    async fn call(&self, method: Method, path: &str) -> Result<(), ServiceBusFailure> {
        let address = format!("{}{path}", self.namespace.root());
        let address = address
            .parse()
            .map_err(|_| ServiceBusFailure::Unexpected("the address is not a URL".to_owned()))?;
        let mut request = Request::new(address, method);
        request.set_body(Vec::<u8>::new());
        let done = self.http.execute_request(&request).await;
        done.map(|_| ()).map_err(cause)
    }

    fn client(&self, queue: &QueuePath) -> Result<QueueClient, ServiceBusFailure> {
        QueueClient::new(
            Arc::<Adapter>::clone(&self.http),
            UNUSED,
            queue.path(),
            UNUSED,
            UNUSED.to_owned(),
        )
        .map_err(cause)
    }

    fn error(
        &self,
        operation: ServiceBusOperation,
        queue: &QueuePath,
        cause: ServiceBusFailure,
    ) -> QueueError {
        QueueError {
            operation,
            queue: queue.clone(),
            namespace: self.namespace.clone(),
            cause,
        }
    }
}

/// The adapter's failure if there is one, else the crate's.
fn cause(error: azure_core_legacy::Error) -> ServiceBusFailure {
    error
        .into_downcast::<ServiceBusFailure>()
        .unwrap_or_else(|error| ServiceBusFailure::Unexpected(error.to_string()))
}

/// The path and query of an address. An answer's host is not called: the namespace's own is.
fn path_of(address: &str) -> Option<String> {
    let url: url::Url = address.parse().ok()?;
    Some(match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}
