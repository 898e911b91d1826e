//! The managed identity: the one credential of the handler, and one of the operator's.
//!
//! `azure_identity` finds the platform's identity endpoint by `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` and speaks its
//! protocol ("How to use managed identities for App Service and Azure Functions"). It is given our HTTP client, so that
//! there is one connection pool and one TLS stack, and its own retries are switched off: retries are the caller's.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Credential, Resource, SignInProblem};
use crate::http::azure::{self, AzureFailure, AzureHttp};
use crate::http::{Bounds, HttpClient, HttpFailure};

/// How long the identity endpoint may take. It is on the same machine and usually has the token at hand; where it has to
/// fetch one, Entra ID answers within a second or two.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read: a token takes some KiB.
pub(super) const LARGEST_ANSWER: usize = 1024 * 1024;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityProblem {
    /// The variables by which the platform offers an identity are not there.
    Absent,
    /// The platform offers an identity in a way that is not spoken here.
    Unsupported,
    /// No answer.
    Unreachable(HttpFailure),
    /// The identity endpoint answered with an error status.
    Refused(u16),
    /// The identity endpoint's answer holds no token of Entra ID, for this reason.
    Unreadable(&'static str),
    /// The sign-in at a shell is missing or not the right one.
    SignIn(SignInProblem),
}

impl From<SignInProblem> for IdentityProblem {
    fn from(problem: SignInProblem) -> Self {
        Self::SignIn(problem)
    }
}

impl IdentityProblem {
    /// Whether asking again soon may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(status) => matches!(status, 404 | 408 | 410 | 429 | 500..=599),
            Self::Absent | Self::Unsupported | Self::Unreadable(_) | Self::SignIn(_) => false,
        }
    }
}

impl fmt::Display for IdentityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str(
                "this process has no managed identity, for IDENTITY_ENDPOINT and IDENTITY_HEADER are not both set. In \
                 Azure, turn on the function app's system-assigned identity (Identity, Status: On) and restart the app; \
                 elsewhere, set both to an identity endpoint of this machine",
            ),
            Self::Unsupported => f.write_str(
                "the identity endpoint that this host offers is not the one of App Service. Run Evict on a hosting plan \
                 that sets IDENTITY_ENDPOINT and IDENTITY_HEADER, such as Flex Consumption, Premium or Dedicated",
            ),
            Self::Unreachable(failure) => write!(f, "the identity endpoint did not answer: {failure}"),
            Self::Refused(400) => f.write_str(
                "the identity endpoint answered 400: the identity that was asked for is not assigned to this app. Turn \
                 on the function app's system-assigned identity, or correct EVICT_CLIENT_ID, the client id of a \
                 user-assigned identity of this app",
            ),
            Self::Refused(status) => write!(f, "the identity endpoint answered {status}"),
            Self::Unreadable(reason) => write!(
                f,
                "the identity endpoint's answer holds no token of Entra ID: {reason}"
            ),
            Self::SignIn(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for IdentityProblem {}

/// A token as it was given.
pub struct FreshToken {
    /// The token.
    pub secret: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who gave it.
    pub given_by: Credential,
}

/// What gives tokens: the managed identity, or a script in a test.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// Asks for a token, and never answers from memory.
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>>;
}

/// The managed identity of this app.
#[derive(Debug, Clone)]
pub struct ManagedIdentity {
    http: HttpClient,
    client_id: Option<Uuid>,
    scope: String,
    time: Duration,
}

impl ManagedIdentity {
    /// The identity with that client id, or the system-assigned one, with tokens for that resource.
    #[must_use]
    pub fn new(http: HttpClient, client_id: Option<Uuid>, resource: &Resource) -> Self {
        Self {
            http,
            client_id,
            scope: resource.scope(),
            time: TIMEOUT,
        }
    }

    /// The same for callers that cannot wait as long.
    pub(crate) fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    async fn ask(&self, scopes: &[&str]) -> Result<AccessToken, IdentityProblem> {
        // A credential keeps its tokens for itself, so a new one is made for each request: after a 401 the endpoint is
        // really asked again. The cache is in `token_cache`.
        let bounds = Bounds {
            time: self.time,
            bytes: LARGEST_ANSWER,
        };
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self
                .client_id
                .map(|id| UserAssignedId::ClientId(id.to_string())),
            client_options: AzureHttp::new(self.http.clone(), bounds).into_options(),
        };
        let credential = ManagedIdentityCredential::new(Some(options))
            .map_err(|_| IdentityProblem::Unsupported)?;
        credential
            .get_token(scopes, None)
            .await
            .map_err(|error| problem(&error))
    }

    async fn fresh(&self) -> Result<FreshToken, IdentityProblem> {
        let token = self.ask(&[&self.scope]).await?;
        let expires_at = Timestamp::from_second(token.expires_on.unix_timestamp())
            .map_err(|_| IdentityProblem::Unreadable("its expiry is not a time"))?;
        Ok(FreshToken {
            secret: token.token,
            expires_at,
            given_by: Credential::ManagedIdentity,
        })
    }
}

/// For Azure's crates, which say themselves for what they need a token.
impl TokenCredential for ManagedIdentity {
    // What `#[async_trait]` writes, without the macro.
    fn get_token<'identity, 'scopes, 'scope, 'options, 'answer>(
        &'identity self,
        scopes: &'scopes [&'scope str],
        _options: Option<TokenRequestOptions<'options>>,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AccessToken>> + Send + 'answer>>
    where
        'identity: 'answer,
        'scopes: 'answer,
        'scope: 'answer,
        'options: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            self.ask(scopes)
                .await
                .map_err(|problem| azure_core::Error::new(ErrorKind::Credential, problem))
        })
    }
}

impl TokenSource for ManagedIdentity {
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>> {
        Box::pin(self.fresh())
    }
}

/// What went wrong on the way to a token; what is neither ours nor an error status came from reading the answer.
pub(super) fn problem(error: &azure_core::Error) -> IdentityProblem {
    match azure::cause(error) {
        Some(AzureFailure::NoManagedIdentity) => return IdentityProblem::Absent,
        Some(AzureFailure::NotSent(_)) => return IdentityProblem::Unsupported,
        Some(AzureFailure::Http(failure)) => return IdentityProblem::Unreachable(failure.clone()),
        None => {}
    }
    match azure::answered(error) {
        Some(ErrorKind::HttpResponse { status, .. }) => IdentityProblem::Refused((*status).into()),
        Some(_) | None => {
            IdentityProblem::Unreadable("it is not the JSON document that the platform documents")
        }
    }
}
