//! Access control. The rights are those of the roles Azure Service Bus Data Sender and Azure Service Bus Data Receiver.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::http::{HeaderMap, header};
use uuid::Uuid;

use crate::sync::lock;
use crate::tenant::Issuer;

/// The audience of tokens for Service Bus, in every cloud ("Authenticate an application with Microsoft Entra ID").
pub(super) const AUDIENCE: &str = "https://servicebus.azure.net";

/// The rights of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Azure Service Bus Data Sender.
    Send,
    /// Azure Service Bus Data Receiver.
    Listen,
}

/// The tenant's issuer, and the rights of each holder.
#[derive(Debug)]
pub(super) struct Access {
    issuer: Issuer,
    granted: Mutex<BTreeMap<Uuid, Vec<Right>>>,
}

impl Access {
    pub(super) fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            granted: Mutex::default(),
        }
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(super) fn grant(&self, holder: Uuid, rights: &[Right]) {
        lock(&self.granted).insert(holder, rights.to_vec());
    }

    /// `None` if the caller may do it; otherwise the text of the 401.
    pub(super) fn refusal(
        &self,
        headers: &HeaderMap,
        right: Right,
        resource: &str,
    ) -> Option<String> {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some(given) = given else {
            return Some("MissingToken: The request does not have an authorization token.".into());
        };
        let Some(token) = given.strip_prefix("Bearer ") else {
            return Some(
                "LocalAuthDisabled: Authorization failed because authentication using SAS is disabled for the namespace."
                    .into(),
            );
        };
        let Some(claims) = self.issuer.verified(token) else {
            return Some("InvalidSignature: The token has an invalid signature.".into());
        };
        let audience = claims["aud"].as_str().unwrap_or_default();
        if audience.trim_end_matches('/') != AUDIENCE {
            return Some(
                "InvalidAudience: The authorization header contains an invalid audience.".into(),
            );
        }
        let holder = claims["oid"].as_str().and_then(|id| id.parse().ok());
        let may = holder
            .and_then(|holder: Uuid| lock(&self.granted).get(&holder).cloned())
            .is_some_and(|rights| rights.contains(&right));
        let word = match right {
            Right::Send => "Send",
            Right::Listen => "Listen",
        };
        (!may).then(|| {
            format!("Unauthorized access. '{word}' claim(s) are required to perform this operation. Resource: 'sb://sandbox.servicebus.windows.net/{resource}'.")
        })
    }
}
