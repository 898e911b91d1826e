//! An HTTP request, as the host hands it on.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer};

use super::encoding::Payload;

/// An HTTP request that the host has received and whose function key, where one is demanded, it has checked.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method, as it was sent.
    pub method: String,
    /// The body. `None` if the host left it out, which it does when the request told no length or the length 0; see
    /// [`lacks_length`](Self::lacks_length).
    pub body: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

impl HttpRequest {
    /// A request. Of two headers with the same name, the first one is found.
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

    /// A header's value, by its name in any case; the first one if it was sent several times.
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

    /// Whether the body is missing because the request told no length, as with chunked transfer: then there may have been
    /// one, and the host did not hand it on. The caller has to send it again with a `Content-Length`.
    #[must_use]
    pub fn lacks_length(&self) -> bool {
        self.body.is_none() && self.header("Content-Length").is_none()
    }
}

impl fmt::Debug for HttpRequest {
    /// Of headers only the names are shown, for their values hold keys and tokens; the body by its length alone.
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

/// A list in the host's form; in the documentation's `Metadata` also one text.
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

/// Whether the host takes a body of this content type for binary (`Utility.IsMediaTypeOctetOrMultipart`).
fn is_binary(content_type: &str) -> bool {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type == "application/octet-stream" || media_type.contains("multipart/")
}
