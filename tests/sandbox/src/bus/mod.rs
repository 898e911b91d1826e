//! Service Bus's REST surface on the broker that the simulated Functions host pumps: what is sent here reaches the real
//! handler. After "Service Bus REST API reference" (Send Message, Peek-Lock Message, Receive and Delete Message, Unlock
//! Message, Renew-Lock for a Message, Delete Message, Message headers and properties).
//!
//! Local authentication is off, as in the template: a SAS key is refused. A token has to be the tenant's, for Service Bus,
//! and its holder needs a role. What it does not simulate it refuses: topics' subscriptions.

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

/// A listener that speaks Service Bus's REST. It ends when this is dropped.
#[derive(Debug)]
pub struct RestSurface {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What every request sees.
#[derive(Debug)]
struct Shared {
    broker: Broker,
    access: Access,
    /// Statuses with which the next requests are answered, whatever they ask; none is the true answer.
    troubles: Mutex<VecDeque<Option<u16>>>,
    /// Statuses with which requests are answered whose method and path begin like this, so many times.
    planned: Mutex<Vec<Planned>>,
    /// How long the way to here takes.
    latency: Mutex<Duration>,
    /// How much earlier than they do locks are said to end.
    early: Mutex<Duration>,
    /// Method and path of every request.
    calls: Mutex<Vec<String>>,
    /// Whether requests wait before they are answered.
    held: watch::Sender<bool>,
}

/// What some requests are answered instead of the truth.
#[derive(Debug)]
struct Planned {
    /// How method and path begin, such as `DELETE /evict/`.
    beginning: String,
    status: u16,
    times: usize,
}

impl Shared {
    /// The status that is planned for a request, if one is.
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
    /// The port cannot be had.
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

    /// The root, without a slash at the end.
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

    /// A token of the tenant for something else than Service Bus.
    #[must_use]
    pub fn token_for_another(&self, audience: &str) -> String {
        self.token_for(audience, Uuid::new_v4())
    }

    fn token_for(&self, audience: &str, holder: Uuid) -> String {
        let issuer = self.shared.access.issuer();
        issuer.sign(&issuer.first_version_claims(audience, holder, Uuid::new_v4()))
    }

    /// Answers the next requests with these statuses, whatever they ask.
    pub fn answer_next(&self, statuses: &[u16]) {
        lock(&self.shared.troubles).extend(statuses.iter().copied().map(Some));
    }

    /// Answers so many requests truly, and the one after them with this status.
    pub fn answer_after(&self, requests: usize, status: u16) {
        let mut troubles = lock(&self.shared.troubles);
        troubles.extend(std::iter::repeat_n(None, requests));
        troubles.push_back(Some(status));
    }

    /// Answers the next requests whose method and path begin like this with this status, so many times.
    pub fn answer_to(&self, beginning: &str, status: u16, times: usize) {
        lock(&self.shared.planned).push(Planned {
            beginning: beginning.to_owned(),
            status,
            times,
        });
    }

    /// Lets every request from now on take so much longer.
    pub fn slow_down(&self, latency: Duration) {
        *lock(&self.shared.latency) = latency;
    }

    /// Says from now on that a lock ends so much earlier than it does: whoever renews it in time by what is said is seen to, and a
    /// machine that stops for a moment loses none.
    pub fn say_that_locks_end_early(&self, by: Duration) {
        *lock(&self.shared.early) = by;
    }

    /// Lets every request from now on wait for its answer, or go on.
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
