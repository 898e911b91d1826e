//! Reads what an access token says of itself.
//!
//! The signature is not checked: the token came from the platform's own identity endpoint, and Graph checks it. The
//! tenant that it names is what the tenant pin compares, so a token that does not name one is no token to us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::Credential;
use crate::domain::TenantId;

/// What a token says of itself. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// The tenant that issued it (`tid`): the one in which every call made with it acts.
    pub tenant: TenantId,
    /// The Graph application permissions that it carries (`roles`).
    pub roles: Vec<String>,
    /// The delegated Graph permissions that it carries (`scp`): those of a token that acts for a signed-in person. None
    /// in an application's token.
    pub scopes: Vec<String>,
    /// When it was issued (`iat`).
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The identity's application (client) id (`appid`, or `azp`).
    pub app_id: Option<Uuid>,
    /// The object id of the identity's service principal, or of the person (`oid`).
    pub object_id: Option<Uuid>,
    /// Who gave it.
    pub given_by: Credential,
}

impl TokenFacts {
    /// Whether it acts for a signed-in person, who may do no more than that person's own directory roles allow.
    #[must_use]
    pub fn is_delegated(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// The Graph permissions that it carries, of whichever kind.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        if self.is_delegated() {
            &self.scopes
        } else {
            &self.roles
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    tid: TenantIdText,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scp: String,
    iat: Option<i64>,
    exp: Option<i64>,
    appid: Option<Uuid>,
    azp: Option<Uuid>,
    oid: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct TenantIdText(String);

/// Reads the claims of a token that, by the identity endpoint's word, ends at `expires_at`.
pub(super) fn read(
    token: &str,
    expires_at: Timestamp,
    given_by: Credential,
) -> Result<TokenFacts, &'static str> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("it does not have the three parts of a JSON Web Token");
    };
    let payload = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| "its claims are not base64url")?;
    let claims: Claims = serde_json::from_slice(&payload)
        .map_err(|_| "its claims are not as Entra ID writes them")?;
    let tenant = claims
        .tid
        .0
        .parse()
        .map_err(|_| "its claim tid is not a tenant id")?;
    let ends = claims
        .exp
        .and_then(|second| Timestamp::from_second(second).ok());
    Ok(TokenFacts {
        tenant,
        roles: claims.roles,
        scopes: claims.scp.split_whitespace().map(str::to_owned).collect(),
        issued_at: claims
            .iat
            .and_then(|second| Timestamp::from_second(second).ok()),
        expires_at: ends.map_or(expires_at, |ends| ends.min(expires_at)),
        app_id: claims.appid.or(claims.azp),
        object_id: claims.oid,
        given_by,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    fn ends() -> Timestamp {
        "2026-11-24T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn tenant_roles_and_times_are_read() {
        let facts = read(
            &token(
                r#"{"aud":"https://graph.microsoft.com","tid":"84c31ca0-ac3b-4eae-ad11-519d80233e6f",
                "roles":["User.Read.All"],"iat":1795400000,"exp":1795400900,
                "appid":"5e29463d-71da-4fe0-8e69-999b57db23b0","oid":"4d9cfcd3-1cc7-4c6b-a0a7-1d5b5b4e1e2f"}"#,
            ),
            ends(),
            Credential::ManagedIdentity,
        )
        .unwrap();
        insta::assert_debug_snapshot!(facts, @r#"
        TokenFacts {
            tenant: TenantId(
                84c31ca0-ac3b-4eae-ad11-519d80233e6f,
            ),
            roles: [
                "User.Read.All",
            ],
            scopes: [],
            issued_at: Some(
                2026-11-23T02:13:20Z,
            ),
            expires_at: 2026-11-23T02:28:20Z,
            app_id: Some(
                5e29463d-71da-4fe0-8e69-999b57db23b0,
            ),
            object_id: Some(
                4d9cfcd3-1cc7-4c6b-a0a7-1d5b5b4e1e2f,
            ),
            given_by: ManagedIdentity,
        }
        "#);
    }

    #[test]
    fn a_token_without_roles_has_none() {
        let facts = read(
            &token(r#"{"tid":"84c31ca0-ac3b-4eae-ad11-519d80233e6f"}"#),
            ends(),
            Credential::ManagedIdentity,
        )
        .unwrap();
        assert!(facts.roles.is_empty());
        assert_eq!(facts.expires_at, ends());
    }

    #[test]
    fn what_is_no_token_of_entra_says_why() {
        for (text, problem) in [
            ("", "it does not have the three parts of a JSON Web Token"),
            (
                "a.b",
                "it does not have the three parts of a JSON Web Token",
            ),
            ("a.*.c", "its claims are not base64url"),
            (&token("[]"), "its claims are not as Entra ID writes them"),
            (&token("{}"), "its claims are not as Entra ID writes them"),
            (
                &token(r#"{"tid":"contoso"}"#),
                "its claim tid is not a tenant id",
            ),
        ] {
            let read = read(text, ends(), Credential::AzureCli);
            assert_eq!(read, Err(problem), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC{0,200}") {
            let by = Credential::WorkloadIdentity;
            let _ = read(&text, Timestamp::UNIX_EPOCH, by);
            let _ = read(&token(&text), Timestamp::UNIX_EPOCH, by);
        }
    }
}
