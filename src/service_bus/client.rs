//! The operations, through the crate.

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

/// What the crate is given where it wants a namespace, a policy and its key: nothing of it is ever sent.
const UNUSED: &str = "unused";

/// How long the service waits for a message before it says that there is none.
const WAIT: Duration = Duration::from_secs(1);

/// A Service Bus namespace, to be used under somebody's Entra token.
#[derive(Debug)]
pub struct ServiceBus {
    namespace: Namespace,
    http: Arc<Adapter>,
}

/// How long a lock is taken to hold where the answer does not say it.
const USUAL_LOCK: Duration = Duration::from_secs(30);

/// A message in our hands. If its lock is neither ended nor given back, it ends by itself and the message is in its queue again.
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
    /// Path and query of its address.
    path: String,
    holds_for: Duration,
}

impl Lock {
    /// Where the message lies.
    #[must_use]
    pub fn queue(&self) -> &QueuePath {
        &self.queue
    }

    /// The message's place in that queue.
    #[must_use]
    pub fn sequence_number(&self) -> i64 {
        self.sequence_number
    }

    /// How long it holds from its beginning, or from its last renewal.
    #[must_use]
    pub fn holds_for(&self) -> Duration {
        self.holds_for
    }
}

/// Whether a queue may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The queue is there, and the asker may read it.
    Allowed,
    /// The namespace knows who asks, and that the role for reading is missing. Whether the queue is there is not told then.
    NotAllowed,
}

/// Whether a refusal speaks of a lock or a message, and not of the queue.
fn is_about_the_lock(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    !words.contains("entity") && (words.contains("lock") || words.contains("message"))
}

impl ServiceBus {
    /// A namespace, and the token of who asks it.
    #[must_use]
    pub fn new(namespace: Namespace, bearer: Bearer, http: HttpClient) -> Self {
        let http = Arc::new(Adapter::new(namespace.clone(), bearer, http));
        Self { namespace, http }
    }

    /// Which namespace it is.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Puts a message on a queue.
    ///
    /// # Errors
    /// It is too large, or was not accepted.
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

    /// Asks whether a queue is there and may be read, and touches no message: it renews a lock that nobody can hold. What
    /// that is answered tells the cases apart ("Renew-Lock for a Message": 401, 404 for no such lock, 410 for no such queue).
    /// Whether the asker may send is not told by anything but sending.
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
            // Both words stand for both cases somewhere, so that the sentence decides.
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

    /// Locks the next message of a queue; none if it is empty, or everything in it is locked.
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

    /// Lets a lock begin anew.
    ///
    /// # Errors
    /// The lock has ended, or it was not accepted.
    pub async fn renew(&self, lock: &Lock) -> Result<(), QueueError> {
        let done = self.call(Method::Post, &lock.path).await;
        done.map_err(|cause| self.error(ServiceBusOperation::Renew, &lock.queue, cause))
    }

    /// Ends a message: it is gone.
    ///
    /// # Errors
    /// The lock has ended, or it was not accepted; the message is still there, or somebody else has ended it.
    pub async fn complete(&self, lock: &Lock) -> Result<(), QueueError> {
        let done = self.call(Method::Delete, &lock.path).await;
        done.map_err(|cause| self.error(ServiceBusOperation::Complete, &lock.queue, cause))
    }

    /// Gives a message back.
    ///
    /// # Errors
    /// It was not accepted; the message is there again when its lock ends.
    pub async fn abandon(&self, lock: &Lock) -> Result<(), QueueError> {
        let done = self.call(Method::Put, &lock.path).await;
        done.map_err(|cause| self.error(ServiceBusOperation::Abandon, &lock.queue, cause))
    }

    /// A call without a body, whose answer says no more than that it was done.
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

/// The adapter's own word where there is one, and else the crate's.
fn cause(error: azure_core_legacy::Error) -> ServiceBusFailure {
    error
        .into_downcast::<ServiceBusFailure>()
        .unwrap_or_else(|error| ServiceBusFailure::Unexpected(error.to_string()))
}

/// Path and query of an address. The host that an answer names is not called: the namespace's own is.
fn path_of(address: &str) -> Option<String> {
    let url: url::Url = address.parse().ok()?;
    Some(match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}
