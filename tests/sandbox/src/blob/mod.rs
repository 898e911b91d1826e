//! A small part of Azure Blob Storage: containers with block blobs, read and written under ETag conditions. After "Put
//! Blob", "Get Blob", "Specifying conditional headers for Blob service operations", "Status and error codes" and
//! "Authorize with Microsoft Entra ID" of the Storage services REST API reference. Leases, blocks, snapshots and
//! listings are not simulated: they are refused with an error.
//!
//! It listens on plain http, where a correct client sends no token. A test of the surface itself can require tokens.

mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use axum::Router;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::SandboxClock;
use crate::sync::lock;
use crate::tenant::{ConnectionCutter, CuttableListener, Faults, Issuer, Pattern, Stage};

/// A storage account that listens. It ends when this is dropped.
#[derive(Debug)]
pub struct BlobService {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// The state that all requests share.
#[derive(Debug)]
struct Shared {
    clock: SandboxClock,
    faults: Faults,
    state: Mutex<State>,
    /// Notified after every answer.
    answered: Notify,
}

#[derive(Debug, Default)]
struct State {
    containers: BTreeSet<String>,
    /// By container and name.
    blobs: BTreeMap<(String, String), Blob>,
    last_etag: u64,
    access: Option<Access>,
    calls: Vec<BlobCall>,
}

#[derive(Debug, Clone)]
struct Blob {
    etag: String,
    content_type: String,
    bytes: Vec<u8>,
    written: jiff::Timestamp,
}

/// Who may read and write, if access is restricted.
#[derive(Debug)]
struct Access {
    issuer: Issuer,
    holders: BTreeSet<Uuid>,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobCall {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Whether it carried an Authorization header.
    pub has_token: bool,
    /// The status of the answer; `None` if the connection was cut.
    pub status: Option<u16>,
    /// Why the sandbox did not recognise the request.
    pub surprise: Option<String>,
}

/// The audience of tokens for storage, in every cloud ("Authorize with Microsoft Entra ID").
pub const AUDIENCE: &str = "https://storage.azure.com";

impl BlobService {
    /// Listens on a free port of this machine, with these containers.
    ///
    /// # Errors
    /// No port is available.
    pub async fn start(containers: &[&str], clock: SandboxClock) -> anyhow::Result<Self> {
        let listener = CuttableListener::bind()
            .await
            .context("a port for the storage account")?;
        let address = listener.address()?;
        let shared = Arc::new(Shared {
            clock,
            faults: Faults::default(),
            state: Mutex::new(State {
                containers: containers.iter().map(|name| (*name).to_owned()).collect(),
                ..State::default()
            }),
            answered: Notify::new(),
        });
        let router = Router::new()
            .fallback(requests::answer)
            .with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<ConnectionCutter>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).await {
                tracing::error!(%error, "the listener of the storage account ended");
            }
        });
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// The address of a blob.
    #[must_use]
    pub fn url(&self, container: &str, blob: &str) -> String {
        format!("http://{}/{container}/{blob}", self.address)
    }

    /// Accepts only storage tokens of this tenant from now on, with these holders.
    pub fn demand_tokens(&self, issuer: Issuer, holders: &[Uuid]) {
        lock(&self.shared.state).access = Some(Access {
            issuer,
            holders: holders.iter().copied().collect(),
        });
    }

    /// The scripted faults.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// Freezes every call that matches, before it has any effect, until it is released.
    pub fn hold(&self, pattern: impl Into<Pattern>) {
        self.shared.faults.hold(pattern.into(), Stage::Arrival);
    }

    /// Releases everything that is held.
    pub fn release_all(&self) {
        self.shared.faults.release(None);
    }

    /// The content of a blob.
    #[must_use]
    pub fn bytes(&self, container: &str, blob: &str) -> Option<Vec<u8>> {
        let key = (container.to_owned(), blob.to_owned());
        let state = lock(&self.shared.state);
        state.blobs.get(&key).map(|blob| blob.bytes.clone())
    }

    /// Puts a blob, replacing any earlier one.
    pub fn put(&self, container: &str, blob: &str, bytes: &[u8]) {
        let now = self.shared.clock.now();
        lock(&self.shared.state).store(container, blob, "application/octet-stream", bytes, now);
    }

    /// Waits until this holds; it is checked after every answer.
    pub async fn wait_until(&self, holds: impl Fn(&Self) -> bool) {
        loop {
            let answered = self.shared.answered.notified();
            tokio::pin!(answered);
            answered.as_mut().enable();
            if holds(self) {
                return;
            }
            answered.await;
        }
    }

    /// Every request so far.
    #[must_use]
    pub fn calls(&self) -> Vec<BlobCall> {
        lock(&self.shared.state).calls.clone()
    }
}

impl Drop for BlobService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn store(
        &mut self,
        container: &str,
        name: &str,
        content_type: &str,
        bytes: &[u8],
        now: jiff::Timestamp,
    ) -> Blob {
        self.last_etag += 1;
        let blob = Blob {
            etag: format!("\"0x8DE{:012X}\"", self.last_etag),
            content_type: content_type.to_owned(),
            bytes: bytes.to_vec(),
            written: now,
        };
        self.blobs
            .insert((container.to_owned(), name.to_owned()), blob.clone());
        blob
    }
}
