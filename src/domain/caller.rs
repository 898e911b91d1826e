//! Who may call over HTTP, and who called: the identity that a checked token proves, never what a body claims.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

use super::accounts::identifiers::TenantId;
use super::cloud::Cloud;

/// The caller that a checked token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// The object id of the user or of the service principal in the tenant (`oid`).
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    pub object_id: Uuid,
    /// The application that requested the token (`appid`, or `azp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    pub application_id: Option<Uuid>,
}

/// The audience that tokens must have: the application of this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(String);

impl Audience {
    /// The accepted values of a token's `aud`. A token of version 1 has the application ID URI, one of version 2 the
    /// application's id alone ("Access token claims reference"), so `api://<id>` stands for both.
    #[must_use]
    pub fn accepted(&self) -> Vec<&str> {
        let id = self.0.strip_prefix("api://").unwrap_or_default();
        let mut accepted = vec![self.0.as_str()];
        if Uuid::try_parse(id).is_ok() {
            accepted.push(id);
        }
        accepted
    }
}

impl FromStr for Audience {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text
            .strip_prefix("api://")
            .or_else(|| text.strip_prefix("https://"));
        let is_uri = rest.is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':'))
        });
        let is_id = text.parse::<TenantId>().is_ok();
        if is_uri || is_id {
            Ok(Self(text.to_owned()))
        } else {
            Err("it is no application ID URI and no application id")
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller's token has to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerPolicy {
    /// The tenant that issued it.
    pub tenant: TenantId,
    /// The cloud of the tenant, which decides the issuer's address.
    pub cloud: Cloud,
    /// The audience of the token.
    pub audience: Audience,
    /// The allowed callers: object ids of users and service principals, and ids of applications that call as
    /// themselves.
    pub allowed: Vec<Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_an_application_id_uri_or_an_application_id() {
        let id = "1c5989f1-ba2d-4e83-858b-fed0a712755f";
        let uri = format!("api://{id}");
        assert_eq!(
            uri.parse::<Audience>().unwrap().accepted(),
            [uri.as_str(), id]
        );
        assert_eq!(id.parse::<Audience>().unwrap().accepted(), [id]);
        let named = "api://evict.contoso.com";
        assert_eq!(named.parse::<Audience>().unwrap().accepted(), [named]);
        for wrong in [
            "",
            "evict",
            "api://",
            "http://evict",
            "api://a b",
            "https://graph?x",
        ] {
            assert!(wrong.parse::<Audience>().is_err(), "{wrong}");
        }
    }
}
