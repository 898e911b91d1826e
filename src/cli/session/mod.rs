//! What every verb that asks Entra ID begins with: settings, sign-in, pinned tenant.

pub(super) mod function;
pub(super) mod look_up;
pub(super) mod per_user;
pub(super) mod service_bus;
pub(super) mod subjects;

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use super::exit::Exit;
use super::failure::Failure;
use super::terminal::Surroundings;
use crate::config::{Settings, SignInSettings};
use crate::containment::{Containment, Limits};
use crate::directory::Directory;
use crate::domain::{Caller, Clock, Deadline, Ledger, Policy, SystemClock, TenantId};
use crate::http::HttpClient;
use crate::identity::operator::{SignIn, SignedIn};
use crate::identity::{Credential, Resource, TokenFacts};
use crate::inquiry::access::Azure;
use crate::ledger::MemoryLedger;

/// The longest that a sign-in takes. The Azure CLI needs seconds, and more when it renews its own token.
pub(super) const SIGN_IN: Duration = Duration::from_mins(1);

/// Two threads suffice: the work is waiting for Graph.
const THREADS: usize = 2;

/// Who acts, and in which tenant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in")]
pub(super) struct Operator {
    /// The tenant to act in; without it `EVICT_TENANT_ID` counts, then the profile. A token of another tenant is refused. Verbs that ask
    /// Service Bus alone do without either, and then tell whose tenant it is.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Sign in this way alone; without it each is tried in this order.
    #[arg(long, value_name = "HOW")]
    credential: Option<How>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum How {
    /// The account of the Azure CLI.
    Az,
    /// The managed identity of this machine.
    ManagedIdentity,
    /// A federated token, as in a pipeline: `AZURE_CLIENT_ID`, `AZURE_FEDERATED_TOKEN_FILE`, and `AZURE_TENANT_ID` where no tenant is pinned.
    WorkloadIdentity,
}

impl From<How> for Credential {
    fn from(how: How) -> Self {
        match how {
            How::Az => Self::AzureCli,
            How::ManagedIdentity => Self::ManagedIdentity,
            How::WorkloadIdentity => Self::WorkloadIdentity,
        }
    }
}

/// A signed-in operator, with the clients and settings of one run.
pub(super) struct Session {
    pub(super) settings: Settings,
    /// The sign-in, for tokens of other services than Graph.
    pub(super) signed_in: SignedIn,
    pub(super) directory: Directory,
    /// Azure Resource Manager, under the same sign-in.
    pub(super) azure: Azure,
    pub(super) clock: Arc<dyn Clock>,
    /// What the token says of the caller.
    pub(super) facts: TokenFacts,
}

impl Operator {
    /// Reads the settings and signs in to Graph.
    pub(super) fn begin(&self, surroundings: &Surroundings) -> Result<(Runtime, Session), Failure> {
        let settings = self.settings(surroundings)?;
        let runtime = runtime()?;
        let session = runtime.block_on(self.connect(settings))?;
        Ok((runtime, session))
    }

    /// Signs in to Graph.
    pub(super) async fn connect(&self, settings: Settings) -> Result<Session, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let sign_in = SignInSettings::from(&settings);
        let signed_in = self.sign_in(&sign_in)?;
        let directory = Directory::connect(
            signed_in.http().clone(),
            signed_in.tokens_for(Resource::graph(settings.cloud)),
            settings.graph_endpoint.clone(),
            Arc::clone(&clock),
        );
        let deadline = Deadline::after(&*clock, SIGN_IN);
        let facts = directory.identity(deadline).await?;
        Ok(Session {
            azure: azure(&sign_in, &signed_in, &clock),
            settings,
            signed_in,
            directory,
            clock,
            facts,
        })
    }

    /// Reads the settings; `--tenant` wins over the variable and the profile.
    pub(super) fn settings(&self, surroundings: &Surroundings) -> Result<Settings, Failure> {
        let tenant = self.named_tenant()?;
        let environment = surroundings.standing()?.environment;
        Ok(Settings::read_for_operator(&environment, tenant)?)
    }

    /// The sign-in of a verb that does not ask Graph. The tenant is pinned if one is set. No token is asked for yet.
    pub(super) fn without_graph(&self, surroundings: &Surroundings) -> Result<SignedIn, Failure> {
        self.sign_in(&self.sign_in_settings(surroundings)?)
    }

    pub(super) fn sign_in_settings(
        &self,
        surroundings: &Surroundings,
    ) -> Result<SignInSettings, Failure> {
        let tenant = self.named_tenant()?;
        let environment = surroundings.standing()?.environment;
        Ok(SignInSettings::read(&environment, tenant)?)
    }

    /// The sign-in. No token is asked for yet.
    pub(super) fn sign_in(&self, settings: &SignInSettings) -> Result<SignedIn, Failure> {
        let sign_in = SignIn {
            tenant: settings.tenant,
            credential: self.credential.map(Credential::from),
            client_id: settings.client_id,
            login: settings.login_endpoint.clone(),
        };
        Ok(SignedIn::new(sign_in, HttpClient::through_the_proxy()?))
    }

    fn named_tenant(&self) -> Result<Option<TenantId>, Failure> {
        let named = self.tenant.as_deref().map(str::parse);
        named.transpose().map_err(|_| {
            Failure::new(
                Exit::Usage,
                "--tenant: this is not the id of a tenant.\nNext: give the id that `az account show --query tenantId` \
                 prints.",
            )
        })
    }
}

pub(super) fn azure(
    settings: &SignInSettings,
    signed_in: &SignedIn,
    clock: &Arc<dyn Clock>,
) -> Azure {
    let endpoint = settings.arm_endpoint.clone();
    Azure::connect_by(signed_in, settings.cloud, endpoint, Arc::clone(clock))
}

pub(super) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unable, format!("starting failed: {error}")))
}

impl Session {
    /// Containment under a policy, over this session's directory.
    pub(super) fn containment(&self, policy: Policy, ledger: Arc<dyn Ledger>) -> Containment {
        let limits = Limits {
            concurrency: self.settings.concurrency,
            verify: self.settings.verify,
        };
        let clock = Arc::clone(&self.clock);
        Containment::new(self.directory.clone(), policy, ledger, clock, limits)
    }

    /// The guard under the settings in force, for a verb that changes nothing.
    pub(super) fn guard(&self) -> Containment {
        let ledger = MemoryLedger::new(Arc::clone(&self.clock));
        self.containment(self.settings.policy.clone(), Arc::new(ledger))
    }

    /// The operator, as the token names them.
    pub(super) fn caller(&self) -> Option<Caller> {
        self.facts.object_id.map(|object_id| Caller {
            object_id,
            application_id: self.facts.app_id,
        })
    }

    /// The deadline of an answer that is asked for now.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(&*self.clock, self.settings.http_deadline)
    }
}
