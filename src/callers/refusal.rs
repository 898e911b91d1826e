//! Why a caller is refused, and what the answer says.

use crate::domain::Caller;

/// Why a caller is refused. The text says what was missing, and nothing of the token's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No bearer token.
    #[error("The request has no bearer token.")]
    NoToken,
    /// More than one token, so the caller is ambiguous.
    #[error("The request has more than one Authorization header or bearer token.")]
    SeveralTokens,
    /// The value is not a token of Entra ID.
    #[error("The bearer token is not a signed JSON Web Token of Entra ID.")]
    NoEntraToken,
    /// The token lacks a required claim or property.
    #[error("{0}")]
    Unproved(&'static str),
    /// An authenticated caller that is not on the list.
    #[error("The caller may not call: it is not on this app's list of allowed callers.")]
    NotAllowed(Caller),
    /// The tenant's keys cannot be read at present, so no token can be checked.
    #[error("Callers cannot be checked now: the tenant's signing keys could not be read.")]
    NoKeys,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NoToken | Self::SeveralTokens | Self::NoEntraToken | Self::Unproved(_) => 401,
            Self::NotAllowed(_) => 403,
            Self::NoKeys => 503,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NoToken | Self::SeveralTokens => {
                "Send one header `Authorization: Bearer <token>` with an access token of Entra ID for this app \
                 (EVICT_HTTP_AUDIENCE)."
            }
            Self::NoEntraToken | Self::Unproved(_) => {
                "Get a new access token from this app's tenant (EVICT_TENANT_ID) for this app (EVICT_HTTP_AUDIENCE)."
            }
            Self::NotAllowed(_) => {
                "Whoever runs the app adds the caller's object id to EVICT_ALLOWED_CALLERS."
            }
            Self::NoKeys => {
                "Try again in half a minute, or put the alert on the Service Bus queue, which needs no token check."
            }
        }
    }

    /// The `WWW-Authenticate` header, where the status asks for one (RFC 6750, section 3).
    #[must_use]
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("Bearer"),
            Self::SeveralTokens => Some("Bearer error=\"invalid_request\""),
            Self::NoEntraToken | Self::Unproved(_) => Some("Bearer error=\"invalid_token\""),
            Self::NotAllowed(_) | Self::NoKeys => None,
        }
    }
}
