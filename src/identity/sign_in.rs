//! Who is signed in at a shell, and what is wrong with it. The texts are whole accounts: what was tried, and the next step.

use std::fmt;

use super::Resource;
use crate::domain::TenantId;

/// A way in which somebody at a shell, or a pipeline, is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The account of the Azure CLI.
    AzureCli,
    /// The managed identity of this machine or app.
    ManagedIdentity,
    /// A federated token in a file, as Kubernetes and pipelines place it.
    WorkloadIdentity,
}

impl Credential {
    /// Every way, in the order in which they are tried.
    pub const ALL: [Self; 3] = [
        Self::AzureCli,
        Self::ManagedIdentity,
        Self::WorkloadIdentity,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AzureCli => "az",
            Self::ManagedIdentity => "managed-identity",
            Self::WorkloadIdentity => "workload-identity",
        }
    }
}

/// Why there is no token to work with. It holds no token and no secret; what others said is cut to one short line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInProblem {
    /// Nobody is signed in by any of the ways, for these reasons.
    Nobody {
        /// The pinned tenant, if there is one.
        tenant: Option<TenantId>,
        /// What was tried, and what was missing there.
        tried: Vec<(Credential, String)>,
    },
    /// The Azure CLI is not there.
    AzureCliAbsent {
        /// The pinned tenant, if there is one.
        tenant: Option<TenantId>,
    },
    /// The Azure CLI has no account, or the account has to sign in again.
    AzureCliSignedOut {
        /// The pinned tenant, if there is one.
        tenant: Option<TenantId>,
        /// What it said.
        said: String,
    },
    /// Somebody is signed in to the Azure CLI, and gets no token for this.
    AzureCliGivesNone {
        /// The resource that the token was to be for.
        resource: Resource,
        /// What the sign-in service said.
        said: String,
    },
    /// The Azure CLI failed in another way.
    AzureCliFailed {
        /// The resource that the token was to be for.
        resource: Resource,
        /// What it said.
        said: String,
    },
    /// There is no managed identity here.
    ManagedIdentityAbsent,
    /// The managed identity was there and gave no token.
    ManagedIdentityFailed {
        /// What came of it.
        reason: String,
    },
    /// The variables or the file of a workload identity are not there.
    WorkloadIdentityAbsent,
    /// The sign-in service did not exchange the federated token.
    WorkloadIdentityFailed {
        /// What came of it.
        reason: String,
    },
    /// The token is of another tenant than the one that is pinned.
    OtherTenant {
        /// Who gave the token.
        credential: Credential,
        /// The tenant of the token.
        token: TenantId,
        /// The tenant that is pinned.
        pinned: TenantId,
    },
}

impl SignInProblem {
    /// Whether nobody is signed in this way, so that the next way may be tried.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::AzureCliAbsent { .. }
            | Self::AzureCliSignedOut { .. }
            | Self::ManagedIdentityAbsent
            | Self::WorkloadIdentityAbsent => true,
            Self::Nobody { .. }
            | Self::AzureCliGivesNone { .. }
            | Self::AzureCliFailed { .. }
            | Self::ManagedIdentityFailed { .. }
            | Self::WorkloadIdentityFailed { .. }
            | Self::OtherTenant { .. } => false,
        }
    }

    /// What was missing, in a few words.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::AzureCliAbsent { .. } => "the Azure CLI is not installed, or not on PATH".to_owned(),
            Self::AzureCliSignedOut { said, .. } => format!("the Azure CLI says: {said}"),
            Self::ManagedIdentityAbsent => "this machine offers no managed identity".to_owned(),
            Self::WorkloadIdentityAbsent => {
                "AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE do not both lead to a federated token".to_owned()
            }
            Self::Nobody { .. }
            | Self::AzureCliGivesNone { .. }
            | Self::AzureCliFailed { .. }
            | Self::ManagedIdentityFailed { .. }
            | Self::WorkloadIdentityFailed { .. }
            | Self::OtherTenant { .. } => self.to_string(),
        }
    }
}

impl fmt::Display for SignInProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody { tenant, tried } => {
                f.write_str("Nobody is signed in.")?;
                for (credential, why) in tried {
                    write!(f, "\n  {}: {why}", credential.as_str())?;
                }
                write!(
                    f,
                    "\nNext: sign in with `{}`, then run the command again.",
                    Login(*tenant)
                )
            }
            Self::AzureCliAbsent { tenant } => write!(
                f,
                "Asking the Azure CLI for a token failed: az is not installed, or not on PATH.\nNext: install it \
                 (https://aka.ms/azure-cli) and run `{}`, or work in Azure Cloud Shell, which has it.",
                Login(*tenant)
            ),
            Self::AzureCliSignedOut { tenant, said } => write!(
                f,
                "Asking the Azure CLI for a token failed: it is not signed in to {}. It says: {said}\nNext: run `{}`, then \
                 run the command again.",
                if tenant.is_some() { "this tenant" } else { "any tenant" },
                Login(*tenant)
            ),
            Self::AzureCliGivesNone { resource, said } => write!(
                f,
                "Asking the Azure CLI for a token for {resource} failed. It says: {said}\nNext: see that {resource} is \
                 there in this tenant, and have an administrator let you, and the Azure CLI for you, have tokens for it."
            ),
            Self::AzureCliFailed { resource, said } => write!(
                f,
                "Asking the Azure CLI for a token failed. It says: {said}\nNext: see what `az account get-access-token \
                 --resource {resource} --query expiresOn` says, and repair that first."
            ),
            Self::ManagedIdentityAbsent => f.write_str(
                "Asking for the managed identity's token failed: IDENTITY_ENDPOINT and IDENTITY_HEADER are not both set, \
                 so this machine offers none in the way of App Service.\nNext: sign in with `az login --identity` and \
                 take `--credential az`.",
            ),
            Self::ManagedIdentityFailed { reason } => write!(
                f,
                "Asking for the managed identity's token failed: {reason}.\nNext: correct that, or sign in with az and \
                 take `--credential az`."
            ),
            Self::WorkloadIdentityAbsent => f.write_str(
                "Signing in by workload identity failed: AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE are not both \
                 set, or that file cannot be read.\nNext: have the pipeline set both, or sign in with az and take \
                 `--credential az`.",
            ),
            Self::WorkloadIdentityFailed { reason } => write!(
                f,
                "Signing in by workload identity failed: {}.\nNext: compare the application's federated credential \
                 (issuer, subject, audience) with the pipeline's, then run it again.",
                reason.trim_end_matches('.')
            ),
            Self::OtherTenant {
                credential,
                token,
                pinned,
            } => {
                write!(
                    f,
                    "The token that {} gave is of the tenant {token}, but the tenant that is meant is {pinned}. Nothing \
                     was asked and nothing was changed.\nNext: ",
                    match credential {
                        Credential::AzureCli => "the Azure CLI",
                        Credential::ManagedIdentity => "the managed identity",
                        Credential::WorkloadIdentity => "the workload identity",
                    }
                )?;
                match credential {
                    Credential::AzureCli => write!(f, "run `az login --tenant {pinned}`"),
                    Credential::ManagedIdentity | Credential::WorkloadIdentity => {
                        f.write_str("run this where an identity of that tenant is signed in")
                    }
                }?;
                f.write_str(", or correct --tenant or EVICT_TENANT_ID if the other tenant is meant.")
            }
        }
    }
}

/// The command that signs in.
struct Login(Option<TenantId>);

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(tenant) => write!(f, "az login --tenant {tenant}"),
            None => f.write_str("az login"),
        }
    }
}

impl std::error::Error for SignInProblem {}
