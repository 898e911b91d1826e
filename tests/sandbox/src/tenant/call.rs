//! One request, parsed once for the services of the tenant. It decides nothing.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use percent_encoding::percent_decode_str;

/// The largest body that is read; the tenant's calls carry at most a few ids.
const LARGEST_BODY: usize = 1024 * 1024;

/// A request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The path and the query, undecoded.
    pub(crate) raw: String,
    /// The decoded segments of the path.
    pub(crate) segments: Vec<String>,
    /// The decoded names and values of the query, in their order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    headers: HeaderMap,
}

impl Call {
    /// Reads a request to its end; `None` if the caller disconnected or sent too much.
    pub(crate) async fn read(request: Request) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LARGEST_BODY).await.ok()?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let segments = parts.uri.path().split('/').skip(1).map(decode).collect();
        let query = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(&value.replace('+', " ")))
            })
            .collect();
        Some(Self {
            method: parts.method.as_str().to_owned(),
            raw: parts.uri.to_string(),
            segments,
            query,
            body,
            headers: parts.headers,
        })
    }

    /// A header's value, if it is readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a query parameter, the first of that name.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
    }

    /// The address of this call with another value of one query parameter, for links to a next page.
    pub(crate) fn next_link(&self, name: &str, value: usize) -> String {
        let (path, query) = self.raw.split_once('?').unwrap_or((&self.raw, ""));
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
            .collect();
        let host = self.header("host").unwrap_or_default();
        let mark = if kept.is_empty() { "" } else { "&" };
        format!("http://{host}{path}?{}{mark}{name}={value}", kept.join("&"))
    }

    /// The object that the path names: `/v1.0/users/{key}/…` or `/v1.0/users('{key}')/…`.
    pub(crate) fn object_of<'a>(&'a self, collection: &str) -> Option<ObjectPath<'a>> {
        let (version, rest) = self.segments.split_first()?;
        let (first, rest) = rest.split_first()?;
        if version != "v1.0" {
            return None;
        }
        if let Some(key) = first
            .strip_prefix(collection)
            .and_then(|text| text.strip_prefix("('"))
            .and_then(|text| text.strip_suffix("')"))
        {
            return Some(ObjectPath {
                key: key.replace("''", "'"),
                quoted: true,
                rest,
            });
        }
        let (key, rest) = rest.split_first()?;
        (first == collection).then(|| ObjectPath {
            key: key.clone(),
            quoted: false,
            rest,
        })
    }
}

/// The part of a path that names an object, and what follows it.
#[derive(Debug)]
pub(crate) struct ObjectPath<'a> {
    pub(crate) key: String,
    /// Whether the key stood in parentheses and quotes, where a leading dollar sign is allowed.
    pub(crate) quoted: bool,
    pub(crate) rest: &'a [String],
}
