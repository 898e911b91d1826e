//! What a call puts on the wire, and who sends it: the network, or a script in a test.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::http::header::{self, HeaderName, HeaderValue};
use crate::http::{Answer, Bearer, Bounds, HttpClient, HttpFailure, HttpRequest, Method, Url};

/// The largest answer that is read. The largest that Graph gives to our questions, a list of two users, is a few KiB.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// A request to Graph.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) bearer: Bearer,
    /// A JSON document. Without one the request has no body and no Content-Type.
    pub(crate) json: Option<Vec<u8>>,
    /// Whether the query is an advanced one ("Advanced query capabilities on Microsoft Entra ID objects").
    pub(crate) eventual: bool,
    /// Our own id of it, by which Microsoft's support finds it ("Best practices for working with Microsoft Graph", reliability
    /// and support).
    pub(crate) client_request_id: Uuid,
}

/// What sends a request: the network, or a script in a test.
pub(crate) trait Transport: Send + Sync + fmt::Debug {
    /// Sends the request once.
    fn send(
        &self,
        request: Request,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Answer, HttpFailure>>;
}

impl Transport for HttpClient {
    fn send(
        &self,
        request: Request,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Answer, HttpFailure>> {
        let bounds = Bounds {
            time: timeout,
            bytes: LARGEST_ANSWER,
        };
        Box::pin(self.exchange(assembled(request), bounds))
    }
}

fn assembled(request: Request) -> HttpRequest {
    let mut assembled = HttpRequest::new(request.method, request.url);
    let headers = assembled.headers_mut();
    headers.insert(header::AUTHORIZATION, request.bearer.header());
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(&request.client_request_id.to_string()) {
        headers.insert(HeaderName::from_static("client-request-id"), id);
    }
    if request.eventual {
        headers.insert(
            HeaderName::from_static("consistencylevel"),
            HeaderValue::from_static("eventual"),
        );
    }
    match request.json {
        Some(json) => {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            *assembled.body_mut() = Some(json.into());
        }
        None if assembled.method() == Method::POST => {
            // Said outright: some gateways answer 411 to a POST that does not say it has no body.
            assembled
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        None => {}
    }
    assembled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_masked_wherever_it_is_printed() {
        let bearer = Bearer::new("eyJ0.secret.part").unwrap();
        let request = Request {
            method: Method::GET,
            url: Url::parse("http://127.0.0.1:1/v1.0/groups/x").unwrap(),
            bearer: bearer.clone(),
            json: None,
            eventual: false,
            client_request_id: Uuid::nil(),
        };
        let assembled = assembled(request.clone());
        for text in [
            format!("{bearer:?}"),
            format!("{request:?}"),
            format!("{assembled:?}"),
        ] {
            assert!(!text.contains("secret"), "{text}");
        }
        assert_eq!(format!("{bearer:?}"), "Bearer(***)");
        assert_eq!(
            assembled.headers()["authorization"],
            "Bearer eyJ0.secret.part"
        );
    }

    #[test]
    fn a_revocation_has_no_body_and_no_content_type() {
        let request = assembled(Request {
            method: Method::POST,
            url: Url::parse("http://127.0.0.1:1/v1.0/users/x/revokeSignInSessions").unwrap(),
            bearer: Bearer::new("t").unwrap(),
            json: None,
            eventual: false,
            client_request_id: Uuid::nil(),
        });
        assert!(request.body().is_none());
        assert!(request.headers().get(header::CONTENT_TYPE).is_none());
        assert_eq!(request.headers()[header::CONTENT_LENGTH], "0");
    }

    #[test]
    fn only_a_post_without_a_document_says_that_it_has_no_body() {
        let says_so = |method, json| {
            let request = Request {
                method,
                url: Url::parse("http://127.0.0.1:1/v1.0/users").unwrap(),
                bearer: Bearer::new("e30.e30.x").unwrap(),
                json,
                eventual: false,
                client_request_id: Uuid::nil(),
            };
            assembled(request).headers().contains_key("content-length")
        };
        assert!(says_so(Method::POST, None));
        assert!(!says_so(Method::GET, None));
        assert!(!says_so(Method::POST, Some(b"{}".to_vec())));
    }
}
