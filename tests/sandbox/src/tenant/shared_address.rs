//! One address that tenants share one after another. The address of the identity endpoint and its header reach a
//! program by its environment, which cannot change while it runs; a test that plays thousands of stories in one process
//! admits each tenant here. It also counts the traffic on the wire, for a test with virtual time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::task::JoinHandle;

use super::call::Call;
use super::identity::Identity;
use super::service::{Shared, plain};
use super::wire::{ConnectionCutter, CuttableListener, Traffic};
use super::world::World;
use super::{Servers, Tenant, serve, shared};
use crate::clock::SandboxClock;
use crate::sync::lock;

/// The current tenant.
type Current = Arc<Mutex<Option<Arc<Shared>>>>;

/// An address for one tenant after another. It listens until it is dropped.
#[derive(Debug)]
pub struct SharedAddress {
    current: Current,
    address: SocketAddr,
    header: String,
    traffic: Traffic,
    task: JoinHandle<()>,
}

impl Drop for SharedAddress {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SharedAddress {
    /// Listens on this port of 127.0.0.1; its tenants recognise the app by this value of `IDENTITY_HEADER`.
    ///
    /// # Errors
    /// The port is not available.
    pub async fn open(port: u16, identity_header: &str) -> anyhow::Result<Self> {
        let listener = CuttableListener::bind_to(port)
            .await
            .with_context(|| format!("port {port} for one tenant after another"))?;
        let (address, traffic) = (listener.address()?, listener.traffic());
        let current = Current::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&current));
        Ok(Self {
            current,
            address,
            header: identity_header.to_owned(),
            traffic,
            task: serve(listener, router),
        })
    }

    /// Admits a new tenant, which replaces the one before. It has no control API.
    #[must_use]
    pub fn admit(&self, world: World, clock: SandboxClock) -> Tenant {
        let identity = Identity::new(world.tenant.id, world.app.clone());
        identity.be_known_by(self.header.clone());
        let shared = Arc::new(shared(world, identity, clock));
        *lock(&self.current) = Some(Arc::clone(&shared));
        Tenant {
            shared,
            servers: Some(Arc::new(Servers {
                services: self.address,
                control: None,
                tasks: Vec::new(),
            })),
        }
    }

    /// A number that grows with all traffic on the wire.
    #[must_use]
    pub fn traffic(&self) -> u64 {
        self.traffic.count()
    }
}

async fn answer(
    State(current): State<Current>,
    ConnectInfo(cutter): ConnectInfo<ConnectionCutter>,
    request: Request,
) -> Response {
    let shared = lock(&current).clone();
    match (shared, Call::read(request).await) {
        (Some(shared), Some(call)) => shared.take(&call, &cutter).await,
        (None, _) => plain(StatusCode::NOT_FOUND),
        (Some(_), None) => plain(StatusCode::BAD_REQUEST),
    }
}
