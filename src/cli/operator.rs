//! What every verb that asks Entra ID begins with: the settings, the sign-in, the tenant pin.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::escape::Escaped;
use super::{Console, Exit};
use crate::config::Settings;
use crate::domain::{Caller, Clock, Deadline, SystemClock, TenantId};
use crate::entra::access::Azure;
use crate::entra::operator::{SignIn, SignedIn};
use crate::entra::{Credential, Disposition, Entra, EntraError, TokenFacts};

/// How long signing in may take. The Azure CLI takes seconds, and more where it has to renew its own token.
const SIGN_IN: Duration = Duration::from_mins(1);

/// Two threads: the work is waiting for Graph.
const THREADS: usize = 2;

/// Who acts, and in which tenant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in")]
pub(super) struct Operator {
    /// The tenant to act in; without it `EVICT_TENANT_ID` counts. A token of another tenant is refused.
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
    /// A federated token, as in a pipeline.
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

/// A verb's work after the sign-in.
pub(super) struct Session {
    /// The settings in force.
    pub(super) settings: Settings,
    /// The client of Graph.
    pub(super) entra: Entra,
    /// The client of Azure Resource Manager, for the same sign-in.
    pub(super) azure: Azure,
    /// The clock.
    pub(super) clock: Arc<dyn Clock>,
    /// What the token says of who acts.
    pub(super) facts: TokenFacts,
    runtime: tokio::runtime::Runtime,
}

impl Operator {
    /// Reads the settings and signs in. What goes wrong is told.
    pub(super) fn begin(&self, console: &mut Console<'_>) -> Result<Session, Exit> {
        let tenant: Option<TenantId> = match self.tenant.as_deref().map(str::parse).transpose() {
            Ok(tenant) => tenant,
            Err(_) => {
                return Err(complain(
                    console,
                    Exit::Usage,
                    "--tenant: this is not the id of a tenant.\nNext: give the id that `az account show --query tenantId` \
                     prints.",
                ));
            }
        };
        let settings = Settings::read_for_operator(&console.surroundings.environment, tenant)
            .map_err(|problems| {
                let hint = "Next: correct the settings; --tenant ID stands in for EVICT_TENANT_ID.";
                complain(console, Exit::Usage, &format!("{problems}\n{hint}"))
            })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(|error| {
                complain(console, Exit::Unable, &format!("starting failed: {error}"))
            })?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let connected = SignedIn::new(SignIn {
            tenant: Some(settings.policy.tenant),
            credential: self.credential.map(Credential::from),
            client_id: settings.client_id,
            login: settings.login_endpoint.clone(),
        })
        .and_then(|signed_in| {
            let endpoint = settings.graph_endpoint.clone();
            let entra =
                Entra::connect_by(&signed_in, settings.cloud, endpoint, Arc::clone(&clock))?;
            let endpoint = settings.arm_endpoint.clone();
            let azure = Azure::connect_by(&signed_in, settings.cloud, endpoint, Arc::clone(&clock));
            let deadline = Deadline::after(&*clock, SIGN_IN);
            let facts = runtime.block_on(entra.identity(deadline))?;
            Ok((entra, azure, facts))
        });
        match connected {
            Ok((entra, azure, facts)) => Ok(Session {
                settings,
                entra,
                azure,
                clock,
                facts,
                runtime,
            }),
            Err(error) => Err(complain(console, exit_of(&error), &error.to_string())),
        }
    }
}

impl Session {
    /// Runs what has to wait.
    pub(super) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Who acts, as the token says.
    pub(super) fn caller(&self) -> Option<Caller> {
        self.facts.object_id.map(|object_id| Caller {
            object_id,
            application_id: self.facts.app_id,
        })
    }

    /// The instant by which an answer has to be there.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(&*self.clock, self.settings.http_deadline)
    }
}

/// The exit code of an error that ended the work.
pub(super) fn exit_of(error: &EntraError) -> Exit {
    match error.disposition() {
        Disposition::FixPermission => Exit::NoPermission,
        Disposition::RetryLater { .. } | Disposition::FixAlert | Disposition::GiveUp => {
            Exit::Unable
        }
    }
}

/// Tells what went wrong, and gives the exit code on.
pub(super) fn complain(console: &mut Console<'_>, exit: Exit, text: &str) -> Exit {
    for (index, line) in text.lines().enumerate() {
        let head = if index == 0 { "evict: " } else { "" };
        if writeln!(console.errors, "{head}{}", Escaped(line)).is_err() {
            return Exit::Io;
        }
    }
    exit
}
