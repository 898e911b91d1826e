//! Reads the tenant's signing keys from the sign-in service ("Signing key rollover in the Microsoft identity
//! platform").

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{LoginEndpoint, TenantId};
use crate::http::{Bounds, HttpClient, HttpRequest, Method};

use super::keys::{KeySource, KeysById};

/// A caller waits for the sign-in service only if its key is unknown. A tenant has about ten keys of some KiB each.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(5),
    bytes: 1024 * 1024,
};

/// The sign-in service over HTTP.
#[derive(Debug)]
pub(super) struct HttpKeys {
    http: HttpClient,
    url: String,
    signs_for: SignsFor,
}

/// The issuers whose tokens a key may sign.
#[derive(Debug)]
pub(super) struct SignsFor {
    pub(super) tenant: TenantId,
    pub(super) issuers: [String; 2],
}

impl SignsFor {
    /// Whether this is the issuer of an acceptable key. The sign-in service states it for one tenant, or with a
    /// placeholder for the tenant's id. Without an issuer, only the address that the key was read from vouches for it.
    fn is(&self, issuer: Option<&str>) -> bool {
        issuer.is_none_or(|issuer| {
            let ours = issuer.replace("{tenantid}", &self.tenant.to_string());
            self.issuers.contains(&ours)
        })
    }
}

impl HttpKeys {
    pub(super) fn new(http: HttpClient, endpoint: &LoginEndpoint, signs_for: SignsFor) -> Self {
        let tenant = signs_for.tenant;
        Self {
            http,
            url: format!("{}/{tenant}/discovery/v2.0/keys", endpoint.root()),
            signs_for,
        }
    }

    async fn read(&self) -> Result<KeysById, String> {
        let url = self
            .url
            .parse()
            .map_err(|_| "its address is not a URL".to_owned())?;
        let request = HttpRequest::new(Method::GET, url);
        let answer = self.http.exchange(request, BOUNDS).await;
        let answer = answer.map_err(|failure| failure.to_string())?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("the answer was {}", answer.status));
        }
        let body = answer.body.map_err(|failure| failure.to_string())?;
        parse(&body, &self.signs_for)
    }
}

impl KeySource for HttpKeys {
    fn keys(&self) -> BoxFuture<'_, Result<KeysById, String>> {
        Box::pin(self.read())
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// An RSA key. Keys of other types are skipped.
#[derive(Deserialize)]
struct RsaKey {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    issuer: Option<String>,
    n: String,
    e: String,
}

/// The keys of an answer that sign for the tenant. Two different keys under one id are both dropped, because it is
/// unclear which is valid.
pub(super) fn parse(body: &[u8], signs_for: &SignsFor) -> Result<KeysById, String> {
    let set: KeySet = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is no set of keys: {error}"))?;
    let mut found: HashMap<String, Option<RsaKey>> = HashMap::new();
    let signing = set
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<RsaKey>(key).ok())
        .filter(|key| key.kty == "RSA" && key.usage.as_deref().is_none_or(|usage| usage == "sig"))
        .filter(|key| signs_for.is(key.issuer.as_deref()));
    for key in signing {
        found
            .entry(key.kid.clone())
            .and_modify(|known| {
                if known
                    .as_ref()
                    .is_some_and(|it| (&it.n, &it.e) != (&key.n, &key.e))
                {
                    *known = None;
                }
            })
            .or_insert(Some(key));
    }
    let keys: HashMap<_, _> = found
        .into_values()
        .flatten()
        .filter_map(|key| {
            let decoding = DecodingKey::from_rsa_components(&key.n, &key.e).ok()?;
            Some((key.kid, decoding))
        })
        .collect();
    if keys.is_empty() {
        return Err("the answer has no key for signatures".to_owned());
    }
    Ok(keys)
}
