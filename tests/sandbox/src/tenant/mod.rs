//! The simulated tenant: users, groups and signed-in client apps behind the App Service identity endpoint and Microsoft
//! Graph, on the real wire. It also has the parts of Azure that accounts can reach. It shows the end of sessions. It
//! must not know the program under test.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use sandbox::clock::SandboxClock;
//! use sandbox::tenant::{Fault, Tenant, World};
//!
//! let tenant = Tenant::start(World::default_contoso()?, SandboxClock::new()).await?;
//! tenant.faults().add(Fault::on("POST */revokeSignInSessions").once().throttled("2"));
//! // … run the program under test with `tenant.environment()` …
//! tenant.redeem_all();
//! assert!(tenant.sessions_of("alice@contoso.com").iter().all(|session| !session.alive));
//! tenant.assert_no_surprises();
//! # Ok(())
//! # }
//! ```

mod answer;
mod azure;
mod call;
mod call_pause;
mod control;
mod cost;
mod directory;
mod edits;
mod faults;
mod graph;
mod identity;
mod incidents;
mod issuer;
mod journal;
mod licence;
mod limits;
mod log;
mod pattern;
mod service;
mod sessions;
mod shared_address;
mod wire;
mod world;
mod world_access;
mod world_incident;

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use self::azure::{AzureLimit, AzureLimits};
pub(crate) use self::faults::Stage;
pub use self::faults::{Fault, Faults, Then};
pub use self::incidents::{IncidentComment, IncidentTask};
pub use self::issuer::Issuer;
pub use self::journal::{CallRecord, Service};
pub use self::licence::Licence;
pub use self::limits::{Limit, Limits};
pub use self::log::Place;
pub use self::pattern::Pattern;
pub use self::sessions::SessionState;
pub use self::shared_address::SharedAddress;
pub use self::world::{
    World, WorldApp, WorldGroup, WorldRisk, WorldSession, WorldTenant, WorldUser,
};
pub use self::world_access::{
    WorldAccess, WorldAppAssignment, WorldAppRole, WorldApplication, WorldAzure,
    WorldAzureAssignment, WorldAzureRole, WorldDirectoryRole, WorldManagementGroup,
    WorldRoleAssignment, WorldRoleState, WorldSubscription,
};

pub use self::world_incident::WorldIncident;

use self::call_pause::CallPause;
use self::directory::Directory;
use self::identity::Identity;
use self::incidents::Incidents;
use self::journal::Journal;
use self::limits::Throttling;
use self::service::Shared;
pub(crate) use self::wire::{ConnectionCutter, CuttableListener};
use crate::clock::SandboxClock;
use crate::sync::lock;

/// The federated token that the simulated sign-in service trusts, in place of a pipeline's.
pub const FEDERATED_TOKEN: &str = "federated.token.of-the-pipeline";

/// A running tenant. Clones share it; it listens until the last of them is dropped.
#[derive(Debug, Clone)]
pub struct Tenant {
    shared: Arc<Shared>,
    /// `None` in the tenant's own control API, which must not keep the tenant alive.
    servers: Option<Arc<Servers>>,
}

/// The listeners of a tenant. They end with it.
#[derive(Debug)]
struct Servers {
    services: SocketAddr,
    /// `None` for a tenant at a shared address, which has no control API.
    control: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Tenant {
    /// Starts a tenant on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// No port is available.
    pub async fn start(world: World, clock: SandboxClock) -> anyhow::Result<Self> {
        let identity = Identity::new(world.tenant.id, world.app.clone());
        let shared = Arc::new(shared(world, identity, clock));
        let services = CuttableListener::bind()
            .await
            .context("a port for Graph and the identity endpoint")?;
        let control = CuttableListener::bind()
            .await
            .context("a port for the tenant's control API")?;
        let addresses = (services.address()?, control.address()?);
        let own = Self {
            shared: Arc::clone(&shared),
            servers: None,
        };
        let tasks = vec![
            serve(services, service::router(Arc::clone(&shared))),
            serve(control, control::router(own)),
        ];
        Ok(Self {
            shared,
            servers: Some(Arc::new(Servers {
                services: addresses.0,
                control: Some(addresses.1),
                tasks,
            })),
        })
    }

    /// The root URL of Graph before `/v1.0`, without a trailing slash.
    #[must_use]
    pub fn graph_endpoint(&self) -> String {
        self.root(|servers| Some(servers.services))
    }

    /// The value of `IDENTITY_ENDPOINT`.
    #[must_use]
    pub fn identity_endpoint(&self) -> String {
        format!("{}/msi/token", self.graph_endpoint())
    }

    /// The root URL of the sign-in service before the tenant's id, without a trailing slash.
    #[must_use]
    pub fn login_endpoint(&self) -> String {
        format!("{}/login", self.graph_endpoint())
    }

    /// The root URL of Azure Resource Manager before `/subscriptions`, without a trailing slash.
    #[must_use]
    pub fn arm_endpoint(&self) -> String {
        format!("{}/arm", self.graph_endpoint())
    }

    /// The calls to Azure Resource Manager, oldest first.
    #[must_use]
    pub fn azure_calls(&self) -> Vec<CallRecord> {
        self.shared.journal.calls(Service::Azure)
    }

    /// The tenant as an issuer of tokens for callers.
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        self.shared.issuer.clone()
    }

    /// The calls to the sign-in service, oldest first.
    #[must_use]
    pub fn login_calls(&self) -> Vec<CallRecord> {
        self.shared.journal.calls(Service::Login)
    }

    /// The value of `IDENTITY_HEADER`.
    #[must_use]
    pub fn identity_header(&self) -> String {
        self.shared.identity.header()
    }

    /// The root URL of the control API.
    #[must_use]
    pub fn control_endpoint(&self) -> String {
        self.root(|servers| servers.control)
    }

    fn root(&self, which: impl Fn(&Servers) -> Option<SocketAddr>) -> String {
        self.servers
            .as_deref()
            .and_then(which)
            .map_or_else(String::new, |address| format!("http://{address}"))
    }

    /// The tenant id.
    #[must_use]
    pub fn tenant_id(&self) -> Uuid {
        lock(&self.shared.directory).tenant_id
    }

    /// The variables that point a function app at this tenant.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment_with(self.identity_header())
    }

    /// The same for another instance of the app, with its own identity header from the platform. The header
    /// distinguishes the instances in the record of throttling; to Graph they are one app.
    #[must_use]
    pub fn environment_of_another_instance(&self) -> Vec<(String, String)> {
        self.environment_with(self.shared.identity.add_instance())
    }

    fn environment_with(&self, identity_header: String) -> Vec<(String, String)> {
        [
            ("IDENTITY_ENDPOINT", self.identity_endpoint()),
            ("IDENTITY_HEADER", identity_header),
            ("EVICT_GRAPH_ENDPOINT", self.graph_endpoint()),
            ("EVICT_LOGIN_ENDPOINT", self.login_endpoint()),
            ("EVICT_ARM_ENDPOINT", self.arm_endpoint()),
            ("EVICT_TENANT_ID", self.tenant_id().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The clock of the tenant.
    #[must_use]
    pub fn clock(&self) -> SandboxClock {
        self.shared.clock.clone()
    }

    /// The scripted faults.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// Every call to Graph, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.journal.calls(Service::Graph)
    }

    /// The calls to Graph that match.
    #[must_use]
    pub fn calls_matching(&self, pattern: impl Into<Pattern>) -> Vec<CallRecord> {
        let pattern = pattern.into();
        let mut calls = self.calls();
        calls.retain(|call| pattern.matches(&call.method, &call.path));
        calls
    }

    /// Every call to the identity endpoint, oldest first.
    #[must_use]
    pub fn identity_calls(&self) -> Vec<CallRecord> {
        self.shared.journal.calls(Service::Identity)
    }

    /// The calls that the tenant did not expect: unknown ones, which it refused, and known ones with a fault.
    #[must_use]
    pub fn unexpected(&self) -> Vec<CallRecord> {
        let mut calls = self.shared.journal.all();
        calls.retain(|call| call.surprise.is_some());
        calls
    }

    /// The calls that were made while throttled by the answer to an earlier one. Each instance is throttled separately.
    #[must_use]
    pub fn calls_while_throttled(&self) -> Vec<CallRecord> {
        let mut calls = self.shared.journal.all();
        calls.retain(|call| call.while_throttled);
        calls
    }

    /// Fails a test if the tenant received an unexpected call, or a call from a throttled caller.
    ///
    /// # Panics
    /// There was such a call; the message has a line for each.
    pub fn assert_no_surprises(&self) {
        let mut calls = self.unexpected();
        calls.extend(self.calls_while_throttled());
        let lines: Vec<String> = calls.iter().map(CallRecord::line).collect();
        assert!(lines.is_empty(), "surprising calls:\n{}", lines.join("\n"));
    }

    /// Forgets the calls so far, but not the throttling of callers.
    pub fn forget_calls(&self) {
        self.shared.journal.clear();
    }

    /// Waits until a matching call has arrived at Graph or the identity endpoint, now or earlier.
    pub async fn wait_for_call(&self, pattern: impl Into<Pattern>) -> CallRecord {
        self.wait_for_calls(pattern, 1).await
    }

    /// Waits until this many matching calls have arrived, and returns the last of them.
    pub async fn wait_for_calls(&self, pattern: impl Into<Pattern>, count: usize) -> CallRecord {
        self.shared.journal.wait_for(&pattern.into(), count).await
    }

    /// Its default domain.
    #[must_use]
    pub fn domain(&self) -> String {
        lock(&self.shared.directory).domain.clone()
    }

    /// Every session, in the world's order.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionState> {
        lock(&self.shared.directory).session_states(self.shared.clock.now())
    }

    /// The sessions of one user, by object id or user principal name.
    #[must_use]
    pub fn sessions_of(&self, user: &str) -> Vec<SessionState> {
        let id = lock(&self.shared.directory)
            .find(user)
            .map(|user| user.entry.id);
        let mut sessions = self.sessions();
        sessions.retain(|session| {
            id == Some(session.user) || session.user_principal_name.eq_ignore_ascii_case(user)
        });
        sessions
    }

    /// Every client app redeems its refresh token now.
    pub fn redeem_all(&self) {
        lock(&self.shared.directory).redeem_all(self.shared.clock.now());
    }

    /// Makes every client app redeem its refresh token again and again from now on, until the tenant is gone. For
    /// demonstrations; a test calls [`Tenant::redeem_all`] instead.
    pub fn keep_redeeming(&self, every: Duration) {
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                lock(&shared.directory).redeem_all(shared.clock.now());
            }
        });
    }

    /// The moment from which a user's sessions are valid: the truth, whatever readers see. `None` if there is no such
    /// user.
    #[must_use]
    pub fn valid_from(&self, user: &str) -> Option<jiff::Timestamp> {
        lock(&self.shared.directory)
            .find(user)
            .map(directory::User::valid_from)
    }

    /// The whole tenant as JSON, as the control API shows it.
    #[must_use]
    pub fn state(&self) -> Value {
        let sessions = self.sessions();
        let directory = lock(&self.shared.directory);
        let users: Vec<Value> = directory
            .users
            .iter()
            .map(|user| {
                json!({
                    "id": user.entry.id,
                    "userPrincipalName": user.entry.user_principal_name,
                    "accountEnabled": user.enabled(),
                    "external": user.entry.is_external(),
                    "signInSessionsValidFromDateTime": user.valid_from(),
                })
            })
            .collect();
        json!({
            "now": self.shared.clock.now(),
            "tenant": {"id": directory.tenant_id, "domain": directory.domain},
            "sessions": sessions,
            "users": users,
            "groups": directory.groups,
            "permissions": self.shared.identity.permissions(),
            "faults": self.shared.faults.list(),
        })
    }
}

fn shared(world: World, identity: Identity, clock: SandboxClock) -> Shared {
    Shared {
        issuer: Issuer::of_tenant(world.tenant.id, clock.clone()),
        identity,
        throttling: Throttling::new(Limits::of_graph(world.users.len())),
        incidents: Mutex::new(Incidents::new(&world.access.azure.incidents, clock.now())),
        azure_throttling: Mutex::default(),
        directory: Mutex::new(Directory::new(world, clock.now())),
        clock,
        journal: Journal::default(),
        faults: Faults::default(),
        call_pause: CallPause::default(),
        refuse_beyond_basic: AtomicBool::new(false),
    }
}

fn serve(listener: CuttableListener, router: axum::Router) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<ConnectionCutter>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "a listener of the tenant ended");
        }
    })
}
