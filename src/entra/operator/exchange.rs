//! The HTTP client by which a federated token is exchanged: ours, with the host of the cloud that is set.

use std::pin::Pin;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient};
use reqwest::header::{self, HeaderValue};

use crate::domain::LoginEndpoint;
use crate::entra::identity::IdentityProblem;
use crate::entra::transport::{HttpTransport, TransportFailure};

/// How long the sign-in service may take to exchange a federated token.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Our HTTP client to the sign-in service of the cloud, as `azure_identity` wants it.
#[derive(Debug)]
pub(super) struct LoginTransport {
    pub(super) transport: HttpTransport,
    pub(super) login: LoginEndpoint,
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
