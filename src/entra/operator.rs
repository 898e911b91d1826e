//! Signs the operator's command in, as whoever is signed in already: the Azure CLI's account, a managed identity, or a
//! workload identity. It asks for no secret, and takes no token of another tenant than the one that is pinned.
//!
//! The handler has none of this. What is done with the token is the same code for both programs.
//!
//! Sources: "az account get-access-token" (Azure CLI reference); its refusal of `--tenant` for an account of Cloud Shell or
//! of a managed identity in versions before that was allowed (Azure/azure-cli, pull request 31869); "Microsoft identity
//! platform and the OAuth 2.0 client credentials flow", third case: access token request with a federated credential.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, RetryOptions, Transport as AzureTransport,
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{self, HeaderValue};

use super::cause::Cause;
use super::claims;
use super::error::EntraError;
use super::identity::{FreshToken, IdentityProblem, ManagedIdentity, TokenSource, problem};
use super::operation::Operation;
use super::sign_in::{Credential, SignInProblem};
use super::transport::{HttpTransport, TransportFailure};
use super::{Entra, EntraSettings};
use crate::domain::{Clock, LoginEndpoint, TenantId};

/// How long the sign-in service may take to exchange a federated token.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long the Azure CLI may take. It takes a second or two, and some more where it renews its own token.
const AZURE_CLI: Duration = Duration::from_secs(30);

/// The most of what somebody else said that is repeated.
const MOST_SAID: usize = 300;

/// Who shall be signed in, and where.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The tenant that is pinned.
    pub tenant: TenantId,
    /// The one way to take; without it all are tried in their order.
    pub credential: Option<Credential>,
    /// Where a federated token is exchanged.
    pub login: LoginEndpoint,
}

impl Entra {
    /// Makes the client for an operator. Nothing is asked yet.
    ///
    /// # Errors
    /// If there are no TLS roots.
    pub fn connect_as(
        sign_in: SignIn,
        settings: EntraSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EntraError> {
        let transport = HttpTransport::new()
            .map_err(|reason| EntraError::new(Operation::GetToken, Cause::Setup(reason)))?;
        let scope = format!("{}/.default", settings.cloud.graph_root());
        let source = SignedIn {
            managed: ManagedIdentity::new(transport.clone(), settings.client_id, settings.cloud),
            transport: transport.clone(),
            scope,
            sign_in,
        };
        Ok(Self::assembled(
            settings.endpoint,
            Box::new(transport),
            Box::new(source),
            clock,
        ))
    }
}

/// Whoever is signed in.
#[derive(Debug)]
struct SignedIn {
    sign_in: SignIn,
    managed: ManagedIdentity,
    transport: HttpTransport,
    scope: String,
}

impl TokenSource for SignedIn {
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>> {
        Box::pin(async { self.first().await.map_err(IdentityProblem::from) })
    }
}

impl SignedIn {
    async fn first(&self) -> Result<FreshToken, SignInProblem> {
        if let Some(credential) = self.sign_in.credential {
            return self.by(credential).await;
        }
        let mut tried = Vec::new();
        for credential in Credential::ALL {
            match self.by(credential).await {
                Err(problem) if problem.is_absence() => tried.push((credential, problem.brief())),
                ended => return ended,
            }
        }
        Err(SignInProblem::Nobody {
            tenant: self.sign_in.tenant,
            tried,
        })
    }

    async fn by(&self, credential: Credential) -> Result<FreshToken, SignInProblem> {
        let fresh = match credential {
            Credential::AzureCli => self.azure_cli().await?,
            Credential::ManagedIdentity => self.managed.fetch().await.map_err(managed_problem)?,
            Credential::WorkloadIdentity => self.workload_identity().await?,
        };
        let pinned = self.sign_in.tenant;
        match claims::read(fresh.secret.secret(), fresh.expires_at) {
            Ok(facts) if facts.tenant != pinned => Err(SignInProblem::OtherTenant {
                credential,
                token: facts.tenant,
                pinned,
            }),
            Ok(_) => Ok(fresh),
            Err(reason) => Err(unreadable(credential, reason)),
        }
    }

    async fn azure_cli(&self) -> Result<FreshToken, SignInProblem> {
        let tenant = self.sign_in.tenant;
        match tokio::time::timeout(AZURE_CLI, self.ask_azure_cli_for(tenant)).await {
            Err(_) => Err(SignInProblem::AzureCliFailed {
                said: format!("nothing, for {} s", AZURE_CLI.as_secs()),
            }),
            Ok(Err(error)) => Err(cli_problem(tenant, &error)),
            Ok(Ok(token)) => fresh(token)
                .ok_or_else(|| unreadable(Credential::AzureCli, "its expiry is not a time")),
        }
    }

    async fn ask_azure_cli_for(&self, tenant: TenantId) -> azure_core::Result<AccessToken> {
        match self.ask_azure_cli(Some(tenant)).await {
            // Its account is of Cloud Shell or of a managed identity, which has one tenant. The pin is checked all the same.
            Err(error) if error.to_string().contains("Tenant shouldn't be specified") => {
                self.ask_azure_cli(None).await
            }
            asked => asked,
        }
    }

    async fn ask_azure_cli(&self, tenant: Option<TenantId>) -> azure_core::Result<AccessToken> {
        let credential = AzureCliCredential::new(Some(AzureCliCredentialOptions {
            tenant_id: tenant.map(|tenant| tenant.to_string()),
            ..AzureCliCredentialOptions::default()
        }))?;
        credential.get_token(&[&self.scope], None).await
    }

    async fn workload_identity(&self) -> Result<FreshToken, SignInProblem> {
        let client_options = ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(AzureTransport::new(Arc::new(LoginTransport {
                transport: self.transport.clone(),
                login: self.sign_in.login.clone(),
            }))),
            ..ClientOptions::default()
        };
        let credential = WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options },
            tenant_id: Some(self.sign_in.tenant.to_string()),
            ..WorkloadIdentityCredentialOptions::default()
        }))
        .map_err(|_| SignInProblem::WorkloadIdentityAbsent)?;
        let token = credential
            .get_token(&[&self.scope], None)
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
        fresh(token)
            .ok_or_else(|| unreadable(Credential::WorkloadIdentity, "its expiry is not a time"))
    }
}

fn fresh(token: AccessToken) -> Option<FreshToken> {
    let expires_at = Timestamp::from_second(token.expires_on.unix_timestamp()).ok()?;
    Some(FreshToken {
        secret: token.token,
        expires_at,
    })
}

/// What was given is no token of Entra ID, for this reason.
fn unreadable(credential: Credential, reason: &str) -> SignInProblem {
    let reason = format!("what was given is no token of Entra ID: {reason}");
    match credential {
        Credential::AzureCli => SignInProblem::AzureCliFailed { said: reason },
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
fn cli_problem(tenant: TenantId, error: &azure_core::Error) -> SignInProblem {
    let said = said(error);
    if said.contains("not found on PATH") {
        SignInProblem::AzureCliAbsent { tenant }
    } else if said.contains("az login") || said.contains("AADSTS") {
        SignInProblem::AzureCliSignedOut { tenant, said }
    } else {
        SignInProblem::AzureCliFailed { said }
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

/// Our HTTP client to the sign-in service of the cloud, as `azure_identity` wants it.
#[derive(Debug)]
struct LoginTransport {
    transport: HttpTransport,
    login: LoginEndpoint,
}

impl LoginTransport {
    async fn exchange(
        &self,
        request: &azure_core::http::Request,
    ) -> Result<AsyncRawResponse, IdentityProblem> {
        // The host that `azure_identity` assumes is the global cloud's; the path, which names the tenant, is kept.
        let url = format!("{}{}", self.login.root(), request.url().path())
            .parse()
            .map_err(|_| IdentityProblem::Unsupported)?;
        let Body::Bytes(form) = request.body() else {
            return Err(IdentityProblem::Unsupported);
        };
        let mut sent = reqwest::Request::new(reqwest::Method::POST, url);
        sent.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        sent.headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        *sent.body_mut() = Some(form.to_vec().into());
        let answer = self
            .transport
            .exchange(sent, TIMEOUT)
            .await
            .map_err(IdentityProblem::Unreachable)?;
        let body: Result<Vec<u8>, TransportFailure> = answer.body;
        Ok(AsyncRawResponse::from_bytes(
            answer.status.into(),
            Headers::new(),
            body.map_err(IdentityProblem::Unreachable)?,
        ))
    }
}

impl HttpClient for LoginTransport {
    // What `#[async_trait]` writes, without the macro.
    fn execute_request<'transport, 'request, 'answer>(
        &'transport self,
        request: &'request azure_core::http::Request,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AsyncRawResponse>> + Send + 'answer>>
    where
        'transport: 'answer,
        'request: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            self.exchange(request)
                .await
                .map_err(|problem| azure_core::Error::new(ErrorKind::Credential, problem))
        })
    }
}
