//! The environment of a shell beside the sandbox: a stand-in for the Azure CLI with a person signed in, and the
//! variables by which the operator's command finds the simulated tenant and its Service Bus.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use uuid::{Uuid, uuid};

use crate::az::Az;
use crate::bus::{RestSurface, Right};
use crate::tenant::Tenant;

/// The person who is signed in: a Security Operator in the shipped world.
const PERSON: Uuid = uuid!("a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574");

/// The consented permissions of a person who may see everything: `evict status` and `evict access` show all that they
/// can.
const SCOPES: [&str; 8] = [
    "Application.Read.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "IdentityRiskyUser.Read.All",
    "RoleManagement.Read.Directory",
    "User.Read.All",
    "User.ReadWrite.All",
];

/// The consented permissions of the Azure CLI's own application in a tenant that granted no more, as far as they matter
/// here.
const POOR_SCOPES: [&str; 3] = ["Group.ReadWrite.All", "User.Read.All", "User.ReadWrite.All"];

/// How much the person at the shell may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Means {
    /// Reports, roles, applications and Azure.
    #[default]
    Rich,
    /// Users and groups alone, as with the Azure CLI's own consent.
    Poor,
}

/// A person's token expires after 75 minutes.
const LIFETIME: Duration = Duration::from_mins(75);

/// A shell in which `evict` works on the sandbox. Its folder is removed when this is dropped.
#[derive(Debug)]
pub struct OperatorShell {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    namespace: String,
    means: Means,
}

impl OperatorShell {
    /// Creates the shell, with nobody signed in yet.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn new(tenant: &Tenant, bus: &RestSurface, means: Means) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the stand-in of the Azure CLI")?;
        let environment = tenant
            .environment()
            .into_iter()
            // A person's shell has no managed identity.
            .filter(|(name, _)| !name.starts_with("IDENTITY_"))
            .collect();
        Ok(Self {
            folder,
            environment,
            namespace: bus.endpoint(),
            means,
        })
    }

    /// Signs a person in, also again: for Graph, for Azure unless the means are poor, for Service Bus with both roles,
    /// and with other tokens by their scopes.
    ///
    /// # Errors
    /// The stand-in cannot be written.
    pub fn sign_in(
        &self,
        tenant: &Tenant,
        bus: &RestSurface,
        others: &[(String, String)],
    ) -> anyhow::Result<()> {
        let scopes: &[&str] = match self.means {
            Means::Rich => &SCOPES,
            Means::Poor => &POOR_SCOPES,
        };
        let mut tokens = vec![
            (
                "https://graph.microsoft.com/.default".to_owned(),
                tenant.persons_token(PERSON, scopes),
            ),
            (
                "https://servicebus.azure.net/.default".to_owned(),
                bus.token(&[Right::Send, Right::Listen]),
            ),
        ];
        if self.means == Means::Rich {
            tokens.push((
                "https://management.azure.com/.default".to_owned(),
                tenant.persons_token_for_azure(PERSON),
            ));
        }
        tokens.extend(others.iter().cloned());
        let ends = i64::try_from(LIFETIME.as_secs()).unwrap_or_default();
        Az::SignedInTo {
            tokens,
            tenant: tenant.tenant_id(),
            expires_on: tenant.clock().now().as_second() + ends,
        }
        .install(self.folder.path())
    }

    /// The folder of the stand-in for `az`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The `export …` lines to type once: PATH, the settings, and the namespace in `NAMESPACE`.
    #[must_use]
    pub fn exports(&self) -> String {
        let mut line = format!("export PATH='{}':\"$PATH\"", self.folder.path().display());
        for (name, value) in &self.environment {
            line.push_str(&format_args!(" {name}='{value}'").to_string());
        }
        line.push_str(&format_args!(" NAMESPACE='{}'", self.namespace).to_string());
        line
    }
}
