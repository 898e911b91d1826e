//! Checks one token against one key. The library checks the signature and the registered claims; this file checks the
//! claims of Entra ID.
//!
//! Sources: "Access token claims reference", "ID token claims reference" and "Validate tokens" (Microsoft identity
//! platform): `iss` and `aud` by version, each a single text; `tid`, `oid`, and `appid` or `azp`, which an ID token
//! lacks; `scp`, which only a token on behalf of a user has; `idtyp`, which states the kind if the application requests
//! that claim; `sub`, which equals `oid` in a token that an application got for itself. Tokens that Microsoft's own
//! library refuses (Microsoft.Identity.Web) are refused here too.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::domain::{Caller, CallerPolicy};

use super::refusal::Refusal;

/// The tolerated difference between two clocks, in seconds.
const LEEWAY: u64 = 60;

#[derive(Debug)]
pub(super) struct TokenCheck {
    policy: CallerPolicy,
    validation: Validation,
}

/// The claims that are read. A present claim has to have its type.
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    #[serde(rename = "aud")]
    _aud: String,
    exp: Option<i64>,
    nbf: Option<i64>,
    tid: Option<Uuid>,
    oid: Option<Uuid>,
    sub: Option<String>,
    appid: Option<Uuid>,
    azp: Option<Uuid>,
    #[serde(default, deserialize_with = "given")]
    scp: Option<String>,
    #[serde(default, deserialize_with = "given")]
    idtyp: Option<String>,
}

/// Reads a claim whose presence matters: null does not count as absent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(claim: D) -> Result<Option<T>, D::Error> {
    T::deserialize(claim).map(Some)
}

/// On whose behalf a token acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActsFor {
    /// The application itself.
    Itself,
    /// A user who has signed in to it.
    User,
}

impl Claims {
    /// On whose behalf the token acts; `None` if it does not say, or says both.
    fn acts_for(&self) -> Option<ActsFor> {
        let scopes = self.scp.as_deref().map(str::trim);
        match (scopes, self.idtyp.as_deref()) {
            (None, Some("app")) => Some(ActsFor::Itself),
            (None, None) => {
                let subject = self.sub.as_deref().and_then(|sub| sub.parse().ok());
                (self.oid.is_some() && subject == self.oid).then_some(ActsFor::Itself)
            }
            (Some(scopes), None | Some("user")) if !scopes.is_empty() => Some(ActsFor::User),
            (_, _) => None,
        }
    }

    /// The application that requested the token; `None` if it does not say, or names two.
    fn application(&self) -> Option<Uuid> {
        match (self.appid, self.azp) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (one, other) => one.or(other),
        }
    }
}

/// The id of the key that a token claims to be signed with.
pub(super) fn key_id(token: &str) -> Result<String, Refusal> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::NoEntraToken)?;
    if header.alg != Algorithm::RS256 || header.crit.is_some() {
        return Err(Refusal::NoEntraToken);
    }
    header.kid.ok_or(Refusal::NoEntraToken)
}

impl TokenCheck {
    pub(super) fn new(policy: CallerPolicy) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
        validation.set_audience(&policy.audience.accepted());
        validation.set_issuer(&issuers(&policy));
        Self { policy, validation }
    }

    /// The holder of the token, if it is valid and its holder may call.
    pub(super) fn caller(&self, token: &str, key: &DecodingKey) -> Result<Caller, Refusal> {
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|error| refusal(error.kind()))?
            .claims;
        if claims.tid != Some(self.policy.tenant.uuid()) {
            return Err(Refusal::Unproved("The token is of another tenant."));
        }
        if claims.exp <= claims.nbf {
            return Err(Refusal::Unproved(
                "The token was never valid: it ends before it begins.",
            ));
        }
        let object_id = claims.oid.ok_or(Refusal::Unproved(
            "The token does not say who holds it (oid).",
        ))?;
        let application_id = claims.application().ok_or(Refusal::Unproved(
            "The token is no access token: it does not say which application got it (appid, azp).",
        ))?;
        let acts_for = claims.acts_for().ok_or(Refusal::Unproved(
            "The token does not say whether it acts for a user or for an application itself (scp, idtyp).",
        ))?;
        let caller = Caller {
            object_id,
            application_id: Some(application_id),
        };
        // A listed application means the application itself, not every user who signs in to it.
        let is_allowed = |id: &Uuid| {
            *id == caller.object_id || (acts_for == ActsFor::Itself && *id == application_id)
        };
        if self.policy.allowed.iter().any(is_allowed) {
            Ok(caller)
        } else {
            Err(Refusal::NotAllowed(caller))
        }
    }
}

/// The tenant's issuer in tokens of version 1 and of version 2.
pub(super) fn issuers(policy: &CallerPolicy) -> [String; 2] {
    let tenant = policy.tenant;
    [
        format!("{}/{tenant}/", policy.cloud.first_issuer_root()),
        format!("{}/{tenant}/v2.0", policy.cloud.login_root()),
    ]
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library may add kinds; whatever is new is no proof either"
)]
fn refusal(kind: &ErrorKind) -> Refusal {
    Refusal::Unproved(match kind {
        ErrorKind::InvalidSignature => "The token's signature is not that of the tenant.",
        ErrorKind::ExpiredSignature => "The token has expired.",
        ErrorKind::ImmatureSignature => {
            "The token is not valid yet by this machine's clock: the clocks of this machine and of the sign-in service \
             are more than a minute apart, if the caller has just got it."
        }
        ErrorKind::InvalidAudience => "The token is not for this app.",
        ErrorKind::InvalidIssuer => "The token was not issued by this app's tenant.",
        ErrorKind::MissingRequiredClaim(_) => "The token lacks a claim that it has to have.",
        _ => return Refusal::NoEntraToken,
    })
}
