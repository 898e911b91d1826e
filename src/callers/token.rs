//! Checks one token against one key. The cryptography and the registered claims are the library's work; the claims of
//! Entra ID are looked at here.
//!
//! Sources: "Access token claims reference" and "Validate tokens" (Microsoft identity platform): `iss` and `aud` by
//! version, `tid`, `oid`, `appid` or `azp`, and `scp`, which only a token that acts for a user has.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::domain::{Caller, CallerPolicy};

use super::refusal::Refusal;

/// How far two clocks may differ, in seconds.
const LEEWAY: u64 = 60;

#[derive(Debug)]
pub(super) struct TokenCheck {
    policy: CallerPolicy,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    tid: Option<Uuid>,
    oid: Option<Uuid>,
    appid: Option<Uuid>,
    azp: Option<Uuid>,
    scp: Option<IgnoredAny>,
}

/// The id of the key that a token says it is signed with.
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

    /// Who holds the token, if it is sound and its holder may call.
    pub(super) fn caller(&self, token: &str, key: &DecodingKey) -> Result<Caller, Refusal> {
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|error| refusal(error.kind()))?
            .claims;
        if claims.tid != Some(self.policy.tenant.uuid()) {
            return Err(Refusal::Unproved("The token is of another tenant."));
        }
        let object_id = claims.oid.ok_or(Refusal::Unproved(
            "The token does not say who holds it (oid).",
        ))?;
        let caller = Caller {
            object_id,
            application_id: claims.appid.or(claims.azp),
        };
        // An application on the list means the application itself, not every user who signs in to it.
        let acts_as_itself = claims.scp.is_none();
        let is_allowed = |id: &Uuid| {
            *id == caller.object_id || (acts_as_itself && Some(*id) == caller.application_id)
        };
        if self.policy.allowed.iter().any(is_allowed) {
            Ok(caller)
        } else {
            Err(Refusal::NotAllowed(caller))
        }
    }
}

/// What the tenant's issuer is called in tokens of version 1 and of version 2.
fn issuers(policy: &CallerPolicy) -> [String; 2] {
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
