//! The tenant as an issuer of tokens for callers: it signs with RSA keys of its own and publishes their public halves
//! ("`OpenID` Connect on the Microsoft identity platform", "Signing key rollover"). The signature is assembled from its
//! parts, without the library that the program under test uses.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::SandboxClock;
use crate::sync::lock;

/// How long a token lives ("Access tokens in the Microsoft identity platform": 60 to 90 minutes).
const LIFETIME: Duration = Duration::from_mins(75);

/// Issues tokens for callers. Clones are the same issuer.
#[derive(Debug, Clone)]
pub struct Issuer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tenant: Uuid,
    clock: SandboxClock,
    /// The published keys; the last one signs. Created on first use.
    keys: Mutex<Vec<Arc<Key>>>,
}

#[derive(Debug)]
struct Key {
    id: String,
    pair: RsaKeyPair,
}

impl Key {
    fn generate() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        Self {
            id: Uuid::new_v4().simple().to_string(),
            #[expect(
                clippy::expect_used,
                reason = "the library has no key of this size only if the machine has no randomness"
            )]
            pair: pair.expect("a key of 2048 bits"),
        }
    }
}

impl Issuer {
    /// An issuer of this tenant with keys of its own. A second one of the same tenant is a forger.
    #[must_use]
    pub fn new(tenant: Uuid, clock: SandboxClock) -> Self {
        Self(Arc::new(Inner {
            tenant,
            clock,
            keys: Mutex::new(Vec::new()),
        }))
    }

    /// The issuer of a simulated tenant. All tenants of one process begin with one key: generating one blocks for a
    /// moment, and clients wait for the keys only for some seconds.
    pub(super) fn of_tenant(tenant: Uuid, clock: SandboxClock) -> Self {
        static FIRST: OnceLock<Arc<Key>> = OnceLock::new();
        let first = FIRST.get_or_init(|| Arc::new(Key::generate()));
        Self(Arc::new(Inner {
            tenant,
            clock,
            keys: Mutex::new(vec![Arc::clone(first)]),
        }))
    }

    /// The claims of a valid version 2 token that an application got for itself. A test changes single claims.
    #[must_use]
    pub fn claims(&self, audience: &str, object_id: Uuid, application_id: Uuid) -> Value {
        let now = self.0.clock.now().as_second();
        let tenant = self.0.tenant;
        json!({
            "aud": audience,
            "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            "iat": now,
            "nbf": now,
            "exp": now + i64::try_from(LIFETIME.as_secs()).unwrap_or_default(),
            "azp": application_id,
            "azpacr": "2",
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": tenant,
            "uti": Uuid::new_v4().simple().to_string(),
            "ver": "2.0",
        })
    }

    /// The claims of a token of version 1 that a user got at an application.
    #[must_use]
    pub fn first_version_claims(
        &self,
        audience: &str,
        object_id: Uuid,
        application_id: Uuid,
    ) -> Value {
        let mut claims = self.claims(audience, object_id, application_id);
        claims["iss"] = format!("https://sts.windows.net/{}/", self.0.tenant).into();
        if let Some(application) = claims.as_object_mut().and_then(|it| it.remove("azp")) {
            claims["appid"] = application;
        }
        claims["scp"] = "user_impersonation".into();
        claims["idtyp"] = "user".into();
        claims["ver"] = "1.0".into();
        claims
    }

    /// A token with these claims, signed with the newest key.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let key = self.newest();
        self.sign_with(
            &json!({"typ": "JWT", "alg": "RS256", "kid": key.id}),
            claims,
        )
    }

    /// A token with any header, signed with the newest key.
    ///
    /// # Panics
    /// The machine has no randomness.
    #[must_use]
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let key = self.newest();
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; key.pair.public_modulus_len()];
        #[expect(
            clippy::expect_used,
            reason = "the buffer has the length that the key says"
        )]
        key.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &aws_lc_rs::rand::SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that one of the published keys signed and that has not expired; None for any other.
    #[must_use]
    pub fn verified(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let known = lock(&self.0.keys).iter().any(|key| {
            let public = key.pair.public_key().as_ref();
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
                .verify(signed.as_bytes(), &signature)
                .is_ok()
        });
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let alive = claims["exp"].as_i64()? > self.0.clock.now().as_second();
        (known && alive).then_some(claims)
    }

    /// The id of the current signing key.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.newest().id.clone()
    }

    /// The public half of the current signing key, as DER, which a forger would use as a shared secret.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        let key = self.newest();
        key.pair
            .public_key()
            .as_der()
            .map(|der| der.as_ref().to_vec())
            .unwrap_or_default()
    }

    /// Signs with a new key from now on, and no longer publishes the old ones.
    pub fn roll(&self) {
        *lock(&self.0.keys) = vec![Arc::new(Key::generate())];
    }

    /// The published keys, and one of another type than RSA.
    #[must_use]
    pub fn published(&self) -> Value {
        self.newest();
        let mut keys: Vec<Value> = lock(&self.0.keys)
            .iter()
            .map(|key| {
                let public = key.pair.public_key();
                json!({
                    "kty": "RSA",
                    "use": "sig",
                    "kid": key.id,
                    "x5t": key.id,
                    "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
                    "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
                    "cloud_instance_name": "microsoftonline.com",
                    "issuer": format!("https://login.microsoftonline.com/{}/v2.0", self.0.tenant),
                })
            })
            .collect();
        keys.push(json!({"kty": "EC", "use": "sig", "kid": "other", "crv": "P-256", "x": "AA", "y": "AA"}));
        json!({ "keys": keys })
    }

    fn newest(&self) -> Arc<Key> {
        let mut keys = lock(&self.0.keys);
        if let Some(newest) = keys.last() {
            return Arc::clone(newest);
        }
        let key = Arc::new(Key::generate());
        keys.push(Arc::clone(&key));
        key
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
