//! The managed identity: the one credential of the handler, and one of the operator's.
//!
//! `azure_identity` finds the platform's identity endpoint by `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` and speaks its
//! protocol ("How to use managed identities for App Service and Azure Functions"). It is given our HTTP client, so that
//! there is one connection pool and one TLS stack, and its own retries are switched off: retries are the caller's.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{Secret, TokenCredential as _};
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, ClientOptions, HttpClient, RetryOptions, Transport as AzureTransport,
};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::resource::Resource;
use super::sign_in::{Credential, SignInProblem};
use super::transport::{HttpTransport, TransportFailure};

/// How long the identity endpoint may take. It is on the same machine and usually has the token at hand; where it has to
/// fetch one, Entra ID answers within a second or two.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where `azure_identity` looks for the identity of a virtual machine if it finds no variables of an app.
const VIRTUAL_MACHINE_HOST: &str = "169.254.169.254";
const VIRTUAL_MACHINE_PATH: &str = "/metadata/identity/oauth2/token";

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IdentityProblem {
    /// The variables by which the platform offers an identity are not there.
    Absent,
    /// The platform offers an identity in a way that is not spoken here.
    Unsupported,
    /// No answer.
    Unreachable(TransportFailure),
    /// The identity endpoint answered with an error status.
    Refused(u16),
    /// The identity endpoint's answer holds no token of Entra ID, for this reason.
    Unreadable(&'static str),
    /// Whoever is signed in at a shell is not signed in as it takes.
    SignIn(SignInProblem),
}

impl From<SignInProblem> for IdentityProblem {
    fn from(problem: SignInProblem) -> Self {
        Self::SignIn(problem)
    }
}

impl IdentityProblem {
    /// Whether asking again soon may help.
    pub(super) fn may_pass(&self) -> bool {
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
pub(super) struct FreshToken {
    pub(super) secret: Secret,
    pub(super) expires_at: Timestamp,
    /// Who gave it.
    pub(super) given_by: Credential,
}

/// What gives tokens: the managed identity, or a script in a test.
pub(super) trait TokenSource: Send + Sync + fmt::Debug {
    /// Asks for a token, and never answers from memory.
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>>;
}

/// The managed identity of this app.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    transport: Arc<IdentityTransport>,
    client_id: Option<Uuid>,
    scope: String,
}

impl ManagedIdentity {
    /// The identity with that client id, or the system-assigned one, with tokens for that resource.
    pub(super) fn new(
        transport: HttpTransport,
        client_id: Option<Uuid>,
        resource: &Resource,
    ) -> Self {
        Self {
            transport: Arc::new(IdentityTransport { transport }),
            client_id,
            scope: resource.scope(),
        }
    }

    async fn ask(&self) -> Result<FreshToken, IdentityProblem> {
        // A credential keeps its tokens for itself, so a new one is made for each request: after a 401 the endpoint is
        // really asked again. The cache is in `token`.
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self
                .client_id
                .map(|id| UserAssignedId::ClientId(id.to_string())),
            client_options: ClientOptions {
                retry: RetryOptions::none(),
                transport: Some(AzureTransport::new(
                    Arc::clone(&self.transport) as Arc<dyn HttpClient>
                )),
                ..ClientOptions::default()
            },
        };
        let credential = ManagedIdentityCredential::new(Some(options))
            .map_err(|_| IdentityProblem::Unsupported)?;
        let token = credential
            .get_token(&[&self.scope], None)
            .await
            .map_err(|error| problem(&error))?;
        let expires_at = Timestamp::from_second(token.expires_on.unix_timestamp())
            .map_err(|_| IdentityProblem::Unreadable("its expiry is not a time"))?;
        Ok(FreshToken {
            secret: token.token,
            expires_at,
            given_by: Credential::ManagedIdentity,
        })
    }
}

impl TokenSource for ManagedIdentity {
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>> {
        Box::pin(self.ask())
    }
}

/// Finds our own problem among the causes; what is not ours came from reading the answer.
pub(super) fn problem(error: &azure_core::Error) -> IdentityProblem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(problem) = error.downcast_ref::<IdentityProblem>() {
            return problem.clone();
        }
        cause = error.source();
    }
    IdentityProblem::Unreadable("it is not the JSON document that the platform documents")
}

/// Our HTTP client, as `azure_identity` wants it.
#[derive(Debug)]
struct IdentityTransport {
    transport: HttpTransport,
}

impl IdentityTransport {
    async fn exchange(
        &self,
        request: &azure_core::http::Request,
    ) -> Result<AsyncRawResponse, IdentityProblem> {
        let url = request.url();
        if url.host_str() == Some(VIRTUAL_MACHINE_HOST) && url.path() == VIRTUAL_MACHINE_PATH {
            return Err(IdentityProblem::Absent);
        }
        let mut sent = reqwest::Request::new(reqwest::Method::GET, url.clone());
        for (name, value) in request.headers().iter() {
            let name = HeaderName::from_bytes(name.as_str().as_bytes());
            let value = HeaderValue::from_str(value.as_str());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(IdentityProblem::Unsupported);
            };
            value.set_sensitive(true);
            sent.headers_mut().insert(name, value);
        }
        let answer = self
            .transport
            .exchange(sent, TIMEOUT)
            .await
            .map_err(IdentityProblem::Unreachable)?;
        if !(200..300).contains(&answer.status) {
            return Err(IdentityProblem::Refused(answer.status));
        }
        let body = answer.body.map_err(IdentityProblem::Unreachable)?;
        Ok(AsyncRawResponse::from_bytes(
            answer.status.into(),
            Headers::new(),
            body,
        ))
    }
}

impl HttpClient for IdentityTransport {
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
            // `Credential` is the kind that no retry policy of theirs takes up.
            self.exchange(request)
                .await
                .map_err(|problem| azure_core::Error::new(ErrorKind::Credential, problem))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That of a virtual machine is another's, and its address is asked for by nobody but `azure_identity`.
    #[tokio::test]
    async fn only_the_endpoint_of_a_virtual_machine_is_passed_over() {
        let transport = IdentityTransport {
            transport: HttpTransport::new().unwrap(),
        };
        let asked = async |url: &str| {
            let request =
                azure_core::http::Request::new(url.parse().unwrap(), azure_core::http::Method::Get);
            transport.exchange(&request).await.err()
        };
        let of_a_machine = format!("http://{VIRTUAL_MACHINE_HOST}{VIRTUAL_MACHINE_PATH}");
        assert_eq!(asked(&of_a_machine).await, Some(IdentityProblem::Absent));
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let elsewhere = format!("http://{address}{VIRTUAL_MACHINE_PATH}");
        assert!(matches!(
            asked(&elsewhere).await,
            Some(IdentityProblem::Unreachable(_))
        ));
    }
}
