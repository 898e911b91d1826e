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
}

impl HttpKeys {
    pub(super) fn new(endpoint: &LoginEndpoint, tenant: TenantId) -> Result<Self, String> {
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
        parse(&body)
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
    n: String,
    e: String,
}

pub(super) fn parse(body: &[u8]) -> Result<KeysById, String> {
    let set: KeySet = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is no set of keys: {error}"))?;
    let keys: HashMap<_, _> = set
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<RsaKey>(key).ok())
        .filter(|key| key.kty == "RSA" && key.usage.as_deref().is_none_or(|usage| usage == "sig"))
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
