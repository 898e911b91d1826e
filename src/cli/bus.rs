//! What the verbs that talk to Service Bus share: which namespace, under whose sign-in, and how an error is told.

use clap::Args;
use tokio::runtime::Runtime;

use super::escape::Escaped;
use super::operator::{Operator, runtime};
use super::{Console, Exit};
use crate::domain::TenantId;
use crate::entra::operator::SignedIn;
use crate::entra::{Credential, Resource, SignInProblem};
use crate::queue::{Bearer, Cause, Namespace, QueueError, ServiceBus};

/// Where Service Bus is, and who asks it.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The Service Bus namespace: its name, or its whole host in another cloud.
    #[arg(long, value_name = "HOST")]
    namespace: Namespace,
    #[command(flatten)]
    pub(super) operator: Operator,
}

/// A namespace to talk to, and what the talking runs on.
pub(super) struct Session {
    pub(super) bus: ServiceBus,
    pub(super) runtime: Runtime,
}

impl Connection {
    /// Signs in; Service Bus is not asked anything yet. What goes wrong is told, and so is the tenant if none is pinned.
    pub(super) fn open(&self, console: &mut Console<'_>) -> Result<Session, Failure> {
        let signed_in = self.operator.without_graph(console)?;
        let runtime = runtime(console)?;
        let (bus, tenant) = runtime.block_on(connect(&self.namespace, &signed_in))?;
        if signed_in.pinned().is_none() {
            let told = writeln!(
                console.errors,
                "evict: {} is asked as somebody of the tenant {tenant}, for neither --tenant nor EVICT_TENANT_ID pins one.",
                self.namespace
            );
            told?;
        }
        Ok(Session { bus, runtime })
    }

    /// The namespace, asked by whoever is signed in already.
    pub(super) async fn open_by(&self, signed_in: &SignedIn) -> Result<ServiceBus, Failure> {
        connect(&self.namespace, signed_in)
            .await
            .map(|(bus, _)| bus)
    }
}

/// Gets a token for Service Bus, which is refused here if it is of another tenant than the one that is pinned.
pub(super) async fn connect(
    namespace: &Namespace,
    signed_in: &SignedIn,
) -> Result<(ServiceBus, TenantId), Failure> {
    let granted = signed_in
        .token_for(&Resource::service_bus())
        .await
        .map_err(|problem| not_signed_in(&format!("{namespace}, of Service Bus"), &problem))?;
    let bearer = Bearer::new(granted.secret());
    let bus = ServiceBus::new(namespace.clone(), bearer).map_err(|error| {
        let text = format!("getting ready to call {namespace}: {error}");
        Failure::new(Exit::Unable, text)
    })?;
    Ok((bus, granted.facts().tenant))
}

/// Signing in to somewhere failed.
pub(super) fn not_signed_in(place: &str, problem: &SignInProblem) -> Failure {
    Failure::new(
        Exit::Unable,
        format!("signing in to {place}. Nothing was sent. {problem}"),
    )
}

/// The words for a way of signing in.
pub(super) fn by(credential: Credential) -> &'static str {
    match credential {
        Credential::AzureCli => "the Azure CLI",
        Credential::ManagedIdentity => "a managed identity",
        Credential::WorkloadIdentity => "a workload identity",
    }
}

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
        }
    }

    /// Tells it, unless that was done, and says how the command ends.
    pub(super) fn tell(&self, console: &mut Console<'_>) -> Exit {
        if self.text.is_empty() {
            return self.exit;
        }
        // Each line by itself, since an escaped line break is none.
        let lines: Vec<String> = self
            .text
            .lines()
            .map(|line| Escaped(line).to_string())
            .collect();
        let told = writeln!(console.errors, "evict: {}", lines.join("\n"));
        told.map_or(Exit::Io, |()| self.exit)
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let exit = match error.cause {
            Cause::TooLarge(_) => Exit::Data,
            _ if error.is_about_permission() => Exit::NoPermission,
            _ => Exit::Unable,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<Exit> for Failure {
    /// For what is told already.
    fn from(exit: Exit) -> Self {
        Self::new(exit, "")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Io, format!("writing the answer: {error}"))
    }
}
