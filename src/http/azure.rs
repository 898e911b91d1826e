//! The HTTP client below Azure's crates: ours, as `azure_core` wants one. Retries are switched off, since they are the caller's.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient as AzureHttpClient, Request, RetryOptions,
    Transport,
};

use super::client::{Bounds, HttpClient, HttpFailure};

/// Where `azure_identity` looks for the identity of a virtual machine if it finds no variables of an app.
const VIRTUAL_MACHINE_HOST: &str = "169.254.169.254";
const VIRTUAL_MACHINE_PATH: &str = "/metadata/identity/oauth2/token";

/// Why a request of Azure's crates has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AzureFailure {
    /// The identity of a virtual machine was looked for, so the platform offers none to an app.
    #[error("this process has no managed identity")]
    NoManagedIdentity,
    /// The request cannot be sent, for this reason.
    #[error("{0}")]
    NotSent(&'static str),
    /// Nothing came back.
    #[error(transparent)]
    Http(HttpFailure),
}

/// Our HTTP client, with the bounds of one service.
#[derive(Debug, Clone)]
pub(crate) struct AzureHttp {
    http: HttpClient,
    bounds: Bounds,
    /// Where every request goes; only its path is the crate's, whose hosts are those of the global cloud.
    pub(crate) root: Option<String>,
}

impl AzureHttp {
    pub(crate) fn new(http: HttpClient, bounds: Bounds) -> Self {
        Self {
            http,
            bounds,
            root: None,
        }
    }

    /// What a client of Azure's crates is made with.
    pub(crate) fn into_options(self) -> ClientOptions {
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::new(self))),
            ..ClientOptions::default()
        }
    }

    async fn exchange(&self, request: &Request) -> Result<AsyncRawResponse, AzureFailure> {
        let url = request.url();
        if url.host_str() == Some(VIRTUAL_MACHINE_HOST) && url.path() == VIRTUAL_MACHINE_PATH {
            return Err(AzureFailure::NoManagedIdentity);
        }
        let url = match &self.root {
            Some(root) => format!("{root}{}", url.path())
                .parse()
                .map_err(|_| AzureFailure::NotSent("an address that is not a URL"))?,
            None => url.clone(),
        };
        let method = request
            .method()
            .as_ref()
            .parse()
            .map_err(|_| AzureFailure::NotSent("a method that HTTP does not allow"))?;
        let mut sent = reqwest::Request::new(method, url);
        for (name, value) in request.headers().iter() {
            let name = reqwest::header::HeaderName::from_bytes(name.as_str().as_bytes());
            let value = reqwest::header::HeaderValue::from_str(value.as_str());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(AzureFailure::NotSent("a header that HTTP does not allow"));
            };
            // Any of them may be a secret.
            value.set_sensitive(true);
            sent.headers_mut().insert(name, value);
        }
        match request.body() {
            Body::Bytes(bytes) if bytes.is_empty() => {}
            Body::Bytes(bytes) => *sent.body_mut() = Some(bytes.clone().into()),
            Body::SeekableStream(_) => {
                return Err(AzureFailure::NotSent("a body that is no text"));
            }
        }
        let answer = self
            .http
            .exchange(sent, self.bounds)
            .await
            .map_err(AzureFailure::Http)?;
        let headers = readable(&answer.headers);
        let body = answer.body.map_err(AzureFailure::Http)?;
        Ok(AsyncRawResponse::from_bytes(
            answer.status.into(),
            headers,
            body,
        ))
    }
}

impl AzureHttpClient for AzureHttp {
    // What `#[async_trait]` writes, without the macro.
    fn execute_request<'client, 'request, 'answer>(
        &'client self,
        request: &'request Request,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AsyncRawResponse>> + Send + 'answer>>
    where
        'client: 'answer,
        'request: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            // `Credential` is the kind that no retry policy of theirs takes up.
            self.exchange(request)
                .await
                .map_err(|failure| azure_core::Error::new(ErrorKind::Credential, failure))
        })
    }
}

/// The first cause of this type, the error itself included.
pub(crate) fn cause<T: std::error::Error + 'static>(error: &azure_core::Error) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The innermost answer of an error status among the causes.
pub(crate) fn answered(error: &azure_core::Error) -> Option<&ErrorKind> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let kind = error
            .downcast_ref::<azure_core::Error>()
            .map(azure_core::Error::kind);
        if let Some(kind @ ErrorKind::HttpResponse { .. }) = kind {
            return Some(kind);
        }
        next = error.source();
    }
    None
}

fn readable(headers: &reqwest::header::HeaderMap) -> Headers {
    let readable: HashMap<HeaderName, HeaderValue> = headers
        .iter()
        .filter_map(|(name, value)| {
            let value = value.to_str().ok()?.to_owned();
            Some((
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(value),
            ))
        })
        .collect();
    Headers::from(readable)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// That of a virtual machine is another's, and its address is asked for by nobody but `azure_identity`.
    #[tokio::test]
    async fn only_the_endpoint_of_a_virtual_machine_is_passed_over() {
        let bounds = Bounds {
            time: Duration::from_secs(10),
            bytes: 1024,
        };
        let azure = AzureHttp::new(HttpClient::new().unwrap(), bounds);
        let asked = async |url: &str| {
            let request = Request::new(url.parse().unwrap(), azure_core::http::Method::Get);
            azure.exchange(&request).await.err()
        };
        let of_a_machine = format!("http://{VIRTUAL_MACHINE_HOST}{VIRTUAL_MACHINE_PATH}");
        assert_eq!(
            asked(&of_a_machine).await,
            Some(AzureFailure::NoManagedIdentity)
        );
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let elsewhere = format!("http://{address}{VIRTUAL_MACHINE_PATH}");
        assert!(matches!(
            asked(&elsewhere).await,
            Some(AzureFailure::Http(HttpFailure::Connect(_)))
        ));
    }
}
