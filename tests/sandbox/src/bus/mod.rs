//! Service Bus's REST surface on the broker of the simulated Functions host: messages that are sent here reach the real
//! handler. After "Service Bus REST API reference" (Send Message, Peek-Lock Message, Receive and Delete Message, Unlock
//! Message, Renew-Lock for a Message, Delete Message, Message headers and properties).
//!
//! Local authentication is off, as in the template: a SAS key is refused. A token has to be the tenant's, for Service
//! Bus, and its holder needs a role. Subscriptions of topics are not simulated, and are refused.

mod access;
mod batch;
mod properties;
mod requests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use self::access::Right;
use self::access::{AUDIENCE, Access};
use crate::functions::Broker;
use crate::sync::lock;
use crate::tenant::Issuer;

/// A listener for Service Bus's REST. It ends when this is dropped.
#[derive(Debug)]
pub struct RestSurface {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// The state that all requests share.
#[derive(Debug)]
struct Shared {
    broker: Broker,
    access: Access,
    /// The scripted statuses of the next requests, of any kind; `None` is the true answer.
    troubles: Mutex<VecDeque<Option<u16>>>,
    /// Scripted statuses for requests by the beginning of their method and path, with the number of times.
    planned: Mutex<Vec<Planned>>,
    /// The latency of every request.
    latency: Mutex<Duration>,
    /// How much earlier than in truth locks are reported to end.
    early: Mutex<Duration>,
    /// Method and path of every request.
    calls: Mutex<Vec<String>>,
    /// Whether requests wait before they are answered.
    held: watch::Sender<bool>,
}

/// A scripted answer for some requests.
#[derive(Debug)]
struct Planned {
    /// The beginning of method and path, such as `DELETE /evict/`.
    beginning: String,
    status: u16,
    times: usize,
}

impl Shared {
    /// The scripted status of a request, if any.
    fn planned_for(&self, call: &str) -> Option<u16> {
        let mut planned = lock(&self.planned);
        let plan = planned
            .iter_mut()
            .find(|plan| plan.times > 0 && call.starts_with(&plan.beginning))?;
        plan.times -= 1;
        Some(plan.status)
    }
}

impl RestSurface {
    /// Listens on a port of this machine; 0 for a free one.
    ///
    /// # Errors
    /// The port is not available.
    pub async fn start(broker: Broker, issuer: Issuer, port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("listening on 127.0.0.1:{port}"))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            broker,
            access: Access::new(issuer),
            troubles: Mutex::default(),
            planned: Mutex::default(),
            latency: Mutex::default(),
            early: Mutex::default(),
            calls: Mutex::default(),
            held: watch::Sender::new(false),
        });
        let router = Router::new()
            .fallback(requests::answer)
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the listener of Service Bus ended");
            }
        });
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// The root URL, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token for Service Bus, whose holder has these rights on every queue.
    #[must_use]
    pub fn token(&self, rights: &[Right]) -> String {
        let holder = Uuid::new_v4();
        self.shared.access.grant(holder, rights);
        self.token_for(AUDIENCE, holder)
    }

    /// A token of the tenant for another service than Service Bus.
    #[must_use]
    pub fn token_for_another(&self, audience: &str) -> String {
        self.token_for(audience, Uuid::new_v4())
    }

    fn token_for(&self, audience: &str, holder: Uuid) -> String {
        let issuer = self.shared.access.issuer();
        issuer.sign(&issuer.first_version_claims(audience, holder, Uuid::new_v4()))
    }

    /// Answers the next requests of any kind with these statuses.
    pub fn answer_next(&self, statuses: &[u16]) {
        lock(&self.shared.troubles).extend(statuses.iter().copied().map(Some));
    }

    /// Answers this many requests truly, and the next one with this status.
    pub fn answer_after(&self, requests: usize, status: u16) {
        let mut troubles = lock(&self.shared.troubles);
        troubles.extend(std::iter::repeat_n(None, requests));
        troubles.push_back(Some(status));
    }

    /// Answers the next requests whose method and path begin like this with this status, this many times.
    pub fn answer_to(&self, beginning: &str, status: u16, times: usize) {
        lock(&self.shared.planned).push(Planned {
            beginning: beginning.to_owned(),
            status,
            times,
        });
    }

    /// Delays every request from now on.
    pub fn slow_down(&self, latency: Duration) {
        *lock(&self.shared.latency) = latency;
    }

    /// Reports locks from now on as ending this much earlier than they do. A client that renews by the reported time is
    /// observable, and a machine that stalls for a moment loses no lock.
    pub fn say_that_locks_end_early(&self, by: Duration) {
        *lock(&self.shared.early) = by;
    }

    /// Holds every request from now on before its answer, or releases them.
    pub fn hold(&self, held: bool) {
        self.shared.held.send_replace(held);
    }

    /// Method and path of every request so far.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        lock(&self.shared.calls).clone()
    }
}

impl Drop for RestSurface {
    fn drop(&mut self) {
        self.task.abort();
    }
}
