//! An HTTP request, as the host passes it on.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer};

use super::encoding::Payload;

/// An HTTP request that the host has received. The host has checked its function key, where one is required.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method as sent.
    pub method: String,
    /// The body. `None` if the host left it out, which it does for a request with no length or the length 0; see
    /// [`lacks_length`](Self::lacks_length).
    pub body: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

impl HttpRequest {
    /// Creates a request. Of two headers with the same name, the first one is found.
    pub fn new(
        method: impl Into<String>,
        headers: impl IntoIterator<Item = (String, String)>,
        body: Option<Vec<u8>>,
    ) -> Self {
        Self {
            method: method.into(),
            body,
            headers: headers.into_iter().collect(),
        }
    }

    /// A header's value, by its name in any case. Of several values, the first.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header, by its name in any case.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the body is missing because the request stated no length, as with chunked transfer. It may have had a
    /// body that the host did not pass on, so the caller has to send it again with a `Content-Length`.
    #[must_use]
    pub fn lacks_length(&self) -> bool {
        self.body.is_none() && self.header("Content-Length").is_none()
    }
}

impl fmt::Debug for HttpRequest {
    /// Shows the headers' names alone, because their values hold keys and tokens, and the body by its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .finish()
    }
}

/// The request as the host writes it (`HttpRequestExtensions.GetRequestAsJObject`). `Url`, `Query`, `Params` and
/// `Identities` are not read.
#[derive(serde::Deserialize)]
struct RequestWire {
    #[serde(rename = "Method")]
    method: String,
    #[serde(rename = "Headers")]
    headers: Option<BTreeMap<String, HeaderWire>>,
    #[serde(rename = "Body")]
    body: Option<Payload>,
}

/// A list in the host's form; the documentation's `Metadata` also has single texts.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum HeaderWire {
    List(Vec<String>),
    One(String),
}

impl<'de> Deserialize<'de> for HttpRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = RequestWire::deserialize(deserializer)?;
        let headers = wire.headers.unwrap_or_default().into_iter();
        let headers = headers.flat_map(|(name, values)| {
            let values = match values {
                HeaderWire::List(values) => values,
                HeaderWire::One(value) => vec![value],
            };
            values.into_iter().map(move |value| (name.clone(), value))
        });
        let mut request = Self::new(wire.method, headers, None);
        let binary = request.header("Content-Type").is_some_and(is_binary);
        request.body = wire.body.and_then(|body| body.into_body(binary));
        Ok(request)
    }
}

/// Whether the host considers a content type binary (`Utility.IsMediaTypeOctetOrMultipart`).
fn is_binary(content_type: &str) -> bool {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type == "application/octet-stream" || media_type.contains("multipart/")
}
