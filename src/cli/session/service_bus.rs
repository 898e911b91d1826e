//! What the verbs that talk to Service Bus share: the namespace, the sign-in, and how an error reads.

use clap::Args;
use tokio::runtime::Runtime;

use super::{Operator, runtime};
use crate::cli::deployment::standing::{Chosen, Origin};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Console, Surroundings};
use crate::domain::TenantId;
use crate::identity::operator::SignedIn;
use crate::identity::{Credential, Resource, SignInProblem};
use crate::service_bus::{Namespace, ServiceBus};

/// Where Service Bus is, and who asks it.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The Service Bus namespace: its name, or its whole host in another cloud; without it `EVICT_NAMESPACE` counts, then the profile.
    #[arg(long, value_name = "HOST")]
    namespace: Option<Namespace>,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// A namespace under a sign-in, and the runtime for its calls.
pub(crate) struct ServiceBusSession {
    pub(crate) bus: ServiceBus,
    /// The sign-in, for tokens of other services.
    pub(crate) signed_in: SignedIn,
    pub(crate) runtime: Runtime,
}

impl Connection {
    /// Signs in, and names the tenant if none is pinned. Service Bus is not asked yet.
    pub(crate) fn open(&self, console: &mut Console<'_>) -> Result<ServiceBusSession, Failure> {
        let namespace = self.namespace(&console.surroundings)?;
        let signed_in = self.operator.without_graph(&console.surroundings)?;
        let runtime = runtime()?;
        let (bus, tenant) = runtime.block_on(connect(&namespace, &signed_in))?;
        if signed_in.pinned().is_none() {
            console.tell(&format!(
                "{namespace} is asked as somebody of the tenant {tenant}, for neither --tenant nor EVICT_TENANT_ID pins one."
            ))?;
        }
        Ok(ServiceBusSession {
            bus,
            signed_in,
            runtime,
        })
    }

    /// The namespace of the command line, a variable or the profile.
    pub(crate) fn namespace(&self, surroundings: &Surroundings) -> Result<Namespace, Failure> {
        let given = match &self.namespace {
            Some(namespace) => Some(namespace.clone()),
            None => standing_namespace(surroundings)?,
        };
        given.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "no Service Bus namespace is named.\nNext: give --namespace HOST, or make a profile with `evict profile add`.",
            )
        })
    }
}

pub(crate) fn standing_namespace(
    surroundings: &Surroundings,
) -> Result<Option<Namespace>, Failure> {
    let Some(chosen) = surroundings.standing()?.namespace else {
        return Ok(None);
    };
    chosen.text.parse().map(Some).map_err(|reason| {
        let place = origin_name(&chosen);
        Failure::new(Exit::Usage, format!("{place}: {reason}"))
    })
}

/// The variable or the profile that a value comes from, in words.
pub(crate) fn origin_name(chosen: &Chosen) -> String {
    match &chosen.origin {
        Origin::Variable(name) => (*name).to_owned(),
        Origin::Profile(name) => format!("the profile {name}"),
    }
}

/// Gets a token for Service Bus. A token of another tenant than the pinned one is refused.
pub(crate) async fn connect(
    namespace: &Namespace,
    signed_in: &SignedIn,
) -> Result<(ServiceBus, TenantId), Failure> {
    let token = signed_in
        .token_for(&Resource::service_bus())
        .await
        .map_err(|problem| not_signed_in(&format!("{namespace}, of Service Bus"), &problem))?;
    let bearer = token.bearer().ok_or_else(|| {
        let text =
            format!("getting ready to call {namespace}: the token holds what no header may hold");
        Failure::new(Exit::Unable, text)
    })?;
    let bus = ServiceBus::new(namespace.clone(), bearer, signed_in.http().clone());
    Ok((bus, token.facts().tenant))
}

pub(crate) fn not_signed_in(place: &str, problem: &SignInProblem) -> Failure {
    Failure::new(
        Exit::Unable,
        format!("signing in to {place}. Nothing was sent. {problem}"),
    )
}

/// A way of signing in, in words.
pub(crate) fn credential_name(credential: Credential) -> &'static str {
    match credential {
        Credential::AzureCli => "the Azure CLI",
        Credential::ManagedIdentity => "a managed identity",
        Credential::WorkloadIdentity => "a workload identity",
    }
}
