//! Signs the operator's command in with an existing sign-in: the Azure CLI's account, a managed identity, or a
//! workload identity. It asks for no secret, and takes no token of another tenant than the one that is pinned.
//!
//! [`SignedIn`] gives a token for any [`Resource`] by the one sign-in. `OperatorTokens` puts that behind a client that
//! keeps its token, as Graph's does.
//!
//! The handler has none of this. What is done with the token is the same code for both programs.
//!
//! Sources: "az account get-access-token" (Azure CLI reference); its refusal of `--tenant` for an account of Cloud Shell or
//! of a managed identity in versions before that was allowed (Azure/azure-cli, pull request 31869); "Microsoft identity
//! platform and the OAuth 2.0 client credentials flow", third case: access token request with a federated credential.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::credentials::{AccessToken as AzureToken, Secret, TokenCredential};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::managed::{LARGEST_ANSWER, problem};
use super::{
    Credential, FreshToken, IdentityProblem, ManagedIdentity, Resource, SignInProblem, TokenFacts,
    TokenSource, claims,
};
use crate::domain::{LoginEndpoint, TenantId};
use crate::http::azure::AzureHttp;
use crate::http::{Bearer, Bounds, HttpClient};

/// How long the Azure CLI may take. It takes a second or two, and some more where it renews its own token.
const AZURE_CLI: Duration = Duration::from_secs(30);

/// How long the sign-in service may take to exchange a federated token.
const EXCHANGE: Duration = Duration::from_secs(15);

/// Codes of the sign-in service that concern the token's resource, and not the account: not in this tenant, no
/// consent, not assigned, not among the permissions ("Microsoft Entra authentication and authorization error codes").
const ABOUT_THE_RESOURCE: [&str; 4] =
    ["AADSTS500011", "AADSTS65001", "AADSTS50105", "AADSTS650057"];

/// The most of what somebody else said that is repeated.
const MOST_SAID: usize = 300;

/// Who shall be signed in, and where.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The tenant that is pinned; without it a token of any tenant is taken, and the caller has to say which one.
    pub tenant: Option<TenantId>,
    /// The one way to take; without it all are tried in their order.
    pub credential: Option<Credential>,
    /// The client id of a user-assigned managed identity; without it the system-assigned one is used.
    pub client_id: Option<Uuid>,
    /// Where a federated token is exchanged.
    pub login: LoginEndpoint,
}

/// A token, and what it says of itself. `Debug` does not show the token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    secret: Secret,
    facts: TokenFacts,
}

impl AccessToken {
    /// The token as it goes into a header, unless it holds characters that no header may hold.
    #[must_use]
    pub fn bearer(&self) -> Option<Bearer> {
        Bearer::new(self.secret.secret())
    }

    /// What it says of itself.
    #[must_use]
    pub fn facts(&self) -> &TokenFacts {
        &self.facts
    }
}

/// The signed-in account, which gives tokens for this resource or that. Clones ask in the same way: the way that gave
/// the first token gives all others, so that one run never acts as two identities.
#[derive(Debug, Clone)]
pub struct SignedIn {
    sign_in: SignIn,
    http: HttpClient,
    chosen: Arc<OnceLock<Credential>>,
}

impl SignedIn {
    /// Gets ready. Nobody is asked yet.
    #[must_use]
    pub fn new(sign_in: SignIn, http: HttpClient) -> Self {
        Self {
            sign_in,
            http,
            chosen: Arc::default(),
        }
    }

    /// Tokens for this resource, for a client that keeps each until it ends.
    #[must_use]
    pub fn tokens_for(&self, resource: Resource) -> OperatorTokens {
        OperatorTokens {
            signed_in: self.clone(),
            resource,
        }
    }

    /// The HTTP client that the sign-in is made over.
    #[must_use]
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The tenant that is pinned, if one is.
    #[must_use]
    pub fn pinned(&self) -> Option<TenantId> {
        self.sign_in.tenant
    }

    /// A token for this resource. It is requested each time.
    ///
    /// # Errors
    /// Nobody is signed in, or somebody of another tenant than the one that is pinned.
    pub async fn token_for(&self, resource: &Resource) -> Result<AccessToken, SignInProblem> {
        if let Some(credential) = self.sign_in.credential.or(self.chosen.get().copied()) {
            return self.by(credential, resource).await;
        }
        let mut tried = Vec::new();
        for credential in Credential::ALL {
            match self.by(credential, resource).await {
                Err(problem) if problem.is_absence() => tried.push((credential, problem.brief())),
                ended => {
                    if ended.is_ok() {
                        // Two that ask at the same time ask in the same order, so it does not matter who was first.
                        let _first = self.chosen.set(credential);
                    }
                    return ended;
                }
            }
        }
        Err(SignInProblem::Nobody {
            tenant: self.sign_in.tenant,
            tried,
        })
    }

    async fn by(
        &self,
        credential: Credential,
        resource: &Resource,
    ) -> Result<AccessToken, SignInProblem> {
        let fresh = match credential {
            Credential::AzureCli => self.azure_cli(resource).await?,
            Credential::ManagedIdentity => self.managed_identity(resource).await?,
            Credential::WorkloadIdentity => self.workload_identity(resource).await?,
        };
        let facts = claims::read(fresh.secret.secret(), fresh.expires_at, credential)
            .map_err(|reason| unreadable(credential, resource, reason))?;
        match self.sign_in.tenant {
            Some(pinned) if facts.tenant != pinned => Err(SignInProblem::OtherTenant {
                credential,
                token: facts.tenant,
                pinned,
            }),
            Some(_) | None => Ok(AccessToken {
                secret: fresh.secret,
                facts,
            }),
        }
    }

    async fn managed_identity(&self, resource: &Resource) -> Result<FreshToken, SignInProblem> {
        let client_id = self.sign_in.client_id;
        let identity = ManagedIdentity::new(self.http.clone(), client_id, resource);
        identity.fetch().await.map_err(managed_problem)
    }

    async fn azure_cli(&self, resource: &Resource) -> Result<FreshToken, SignInProblem> {
        match tokio::time::timeout(AZURE_CLI, self.ask_azure_cli_for(resource)).await {
            Err(_) => Err(SignInProblem::AzureCliFailed {
                resource: resource.clone(),
                said: format!("nothing, for {} s", AZURE_CLI.as_secs()),
            }),
            Ok(Err(error)) => Err(cli_problem(self.sign_in.tenant, resource, &error)),
            Ok(Ok(token)) => fresh(token, Credential::AzureCli).ok_or_else(|| {
                unreadable(Credential::AzureCli, resource, "its expiry is not a time")
            }),
        }
    }

    async fn ask_azure_cli_for(&self, resource: &Resource) -> azure_core::Result<AzureToken> {
        match ask_azure_cli(self.sign_in.tenant, resource).await {
            // Its account is of Cloud Shell or of a managed identity, which has one tenant. The pin is checked all the same.
            Err(error) if error.to_string().contains("Tenant shouldn't be specified") => {
                ask_azure_cli(None, resource).await
            }
            asked => asked,
        }
    }

    async fn workload_identity(&self, resource: &Resource) -> Result<FreshToken, SignInProblem> {
        let bounds = Bounds {
            time: EXCHANGE,
            bytes: LARGEST_ANSWER,
        };
        let mut azure = AzureHttp::new(self.http.clone(), bounds);
        azure.root = Some(self.sign_in.login.root().to_owned());
        let client_options = azure.into_options();
        let credential = WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options },
            // Without a pin the pipeline's own AZURE_TENANT_ID counts.
            tenant_id: self.sign_in.tenant.map(|tenant| tenant.to_string()),
            ..WorkloadIdentityCredentialOptions::default()
        }))
        .map_err(|_| SignInProblem::WorkloadIdentityAbsent)?;
        let token = credential
            .get_token(&[&resource.scope()], None)
            .await
            .map_err(|error| SignInProblem::WorkloadIdentityFailed {
                reason: match problem(&error) {
                    IdentityProblem::Unreachable(failure) => {
                        format!("the sign-in service did not answer: {failure}")
                    }
                    IdentityProblem::Absent
                    | IdentityProblem::Unsupported
                    | IdentityProblem::Refused(_)
                    | IdentityProblem::Unreadable(_)
                    | IdentityProblem::SignIn(_) => said(&error),
                },
            })?;
        fresh(token, Credential::WorkloadIdentity).ok_or_else(|| {
            let problem = "its expiry is not a time";
            unreadable(Credential::WorkloadIdentity, resource, problem)
        })
    }
}

/// Tokens for one resource, from the signed-in account, for a client that keeps them until they end.
#[derive(Debug)]
pub struct OperatorTokens {
    signed_in: SignedIn,
    resource: Resource,
}

impl TokenSource for OperatorTokens {
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>> {
        Box::pin(async {
            let granted = self.signed_in.token_for(&self.resource).await?;
            Ok(FreshToken {
                secret: granted.secret,
                expires_at: granted.facts.expires_at,
                given_by: granted.facts.given_by,
            })
        })
    }
}

async fn ask_azure_cli(
    tenant: Option<TenantId>,
    resource: &Resource,
) -> azure_core::Result<AzureToken> {
    let credential = AzureCliCredential::new(Some(AzureCliCredentialOptions {
        tenant_id: tenant.map(|tenant| tenant.to_string()),
        ..AzureCliCredentialOptions::default()
    }))?;
    credential.get_token(&[&resource.scope()], None).await
}

fn fresh(token: AzureToken, given_by: Credential) -> Option<FreshToken> {
    let expires_at = Timestamp::from_second(token.expires_on.unix_timestamp()).ok()?;
    Some(FreshToken {
        secret: token.token,
        expires_at,
        given_by,
    })
}

/// What was given is no token of Entra ID, for this reason.
fn unreadable(credential: Credential, resource: &Resource, reason: &str) -> SignInProblem {
    let reason = format!("what was given is no token of Entra ID: {reason}");
    match credential {
        Credential::AzureCli => SignInProblem::AzureCliFailed {
            resource: resource.clone(),
            said: reason,
        },
        Credential::ManagedIdentity => SignInProblem::ManagedIdentityFailed { reason },
        Credential::WorkloadIdentity => SignInProblem::WorkloadIdentityFailed { reason },
    }
}

fn managed_problem(problem: IdentityProblem) -> SignInProblem {
    match problem {
        IdentityProblem::Absent | IdentityProblem::Unsupported => {
            SignInProblem::ManagedIdentityAbsent
        }
        IdentityProblem::SignIn(problem) => problem,
        IdentityProblem::Unreachable(_)
        | IdentityProblem::Refused(_)
        | IdentityProblem::Unreadable(_) => SignInProblem::ManagedIdentityFailed {
            reason: problem.to_string(),
        },
    }
}

/// Tells the Azure CLI's own words apart. It has no error codes but those of Entra ID (AADSTS…) that it passes on.
fn cli_problem(
    tenant: Option<TenantId>,
    resource: &Resource,
    error: &azure_core::Error,
) -> SignInProblem {
    let said = said(error);
    if said.contains("not found on PATH") {
        SignInProblem::AzureCliAbsent { tenant }
    } else if ABOUT_THE_RESOURCE.iter().any(|code| said.contains(code)) {
        let resource = resource.clone();
        SignInProblem::AzureCliGivesNone { resource, said }
    } else if said.contains("az login") || said.contains("AADSTS") {
        SignInProblem::AzureCliSignedOut { tenant, said }
    } else {
        let resource = resource.clone();
        SignInProblem::AzureCliFailed { resource, said }
    }
}

/// What somebody else said, on one short line, without the advice that `azure_identity` adds.
fn said(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let text = text
        .split_once("authentication failed. ")
        .map_or(text.as_str(), |(_, rest)| rest);
    let text = text
        .split("\nTo troubleshoot, visit")
        .next()
        .unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.is_empty() {
        return "nothing".to_owned();
    }
    let mut short: String = line.chars().take(MOST_SAID).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use azure_core::error::ErrorKind;

    use super::*;

    #[test]
    fn what_somebody_else_said_is_one_short_line_without_the_advice_around_it() {
        let told = |text: &str| {
            said(&azure_core::Error::with_message(
                ErrorKind::Credential,
                text.to_owned(),
            ))
        };
        assert_eq!(
            told(
                "authentication failed. It is\n  locked.\nTo troubleshoot, visit https://aka.ms/x"
            ),
            "It is locked."
        );
        assert_eq!(told("authentication failed. \n"), "nothing");
        let whole = "a".repeat(MOST_SAID);
        assert_eq!(told(&whole), whole);
        assert_eq!(told(&format!("{whole}a")), format!("{whole}…"));
    }
}
