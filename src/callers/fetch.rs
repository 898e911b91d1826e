//! Reads the tenant's signing keys from the sign-in service ("Signing key rollover in the Microsoft identity platform").

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{LoginEndpoint, TenantId};

use super::keys::{KeySource, KeysById};

/// How long the sign-in service may take. A caller waits for it only when its key is not known.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read; a tenant has about ten keys of some KiB each.
const LARGEST: usize = 1024 * 1024;

/// The sign-in service over HTTP.
#[derive(Debug)]
pub(super) struct HttpKeys {
    client: reqwest::Client,
    url: String,
    signs_for: SignsFor,
}

/// For whom a key has to sign: the issuers that tokens of the tenant bear.
#[derive(Debug)]
pub(super) struct SignsFor {
    pub(super) tenant: TenantId,
    pub(super) issuers: [String; 2],
}

impl SignsFor {
    /// Whether this is the issuer of a key that may sign. The sign-in service writes it for one tenant, or with a place for any
    /// tenant's id; where it says nothing, the address that the key was read from is all there is.
    fn is(&self, issuer: Option<&str>) -> bool {
        issuer.is_none_or(|issuer| {
            let ours = issuer.replace("{tenantid}", &self.tenant.to_string());
            self.issuers.contains(&ours)
        })
    }
}

impl HttpKeys {
    pub(super) fn new(endpoint: &LoginEndpoint, signs_for: SignsFor) -> Result<Self, String> {
        let tenant = signs_for.tenant;
        let client = reqwest::Client::builder()
            .user_agent(concat!("evict/", env!("CARGO_PKG_VERSION")))
            // A redirect could lead to keys of somebody else.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            url: format!("{}/{tenant}/discovery/v2.0/keys", endpoint.root()),
            signs_for,
        })
    }

    async fn read(&self) -> Result<KeysById, String> {
        let mut response = self
            .client
            .get(&self.url)
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        if !response.status().is_success() {
            return Err(format!("the answer was {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| error.without_url().to_string())?
        {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err("the answer was too large".to_owned());
            }
        }
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

/// One key of RSA. Other kinds may stand beside it and are passed over.
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

/// The keys of an answer that sign for the tenant. Two that differ under one id are no keys: nobody can say which is meant.
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
