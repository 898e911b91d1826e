//! Who may call over HTTP: callers authenticate with an Entra token, which is checked on every call.
//!
//! The token has to be signed by a key of the tenant and issued by the tenant for this deployment's application, and
//! its holder has to be on the list. Nothing else is believed: neither `X-MS-CLIENT-PRINCIPAL`, which anybody can send
//! where the platform's own authentication is off, nor what a body claims about its sender. A refusal tells the caller
//! only what was missing; the log has the refused caller by ids alone. A token is never logged.

mod bearer;
mod fetch;
mod keys;
mod refusal;
mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::domain::{Caller, CallerPolicy, Clock, LoginEndpoint};
use crate::http::HttpClient;

use self::fetch::{HttpKeys, SignsFor};
use self::keys::KeyStore;
use self::token::TokenCheck;

pub use self::refusal::Refusal;

/// Authenticates HTTP callers.
#[derive(Debug, Clone)]
pub struct Callers {
    check: Arc<TokenCheck>,
    keys: KeyStore,
}

impl Callers {
    /// Creates the check. Nothing is sent yet.
    #[must_use]
    pub fn connect(
        policy: CallerPolicy,
        http: HttpClient,
        endpoint: &LoginEndpoint,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let signs_for = SignsFor {
            tenant: policy.tenant,
            issuers: token::issuers(&policy),
        };
        let source = HttpKeys::new(http, endpoint, signs_for);
        Self {
            check: Arc::new(TokenCheck::new(policy)),
            keys: KeyStore::new(Box::new(source), clock),
        }
    }

    /// Reads the tenant's keys before the first caller needs them.
    ///
    /// # Errors
    /// The keys could not be read. The next caller triggers another attempt.
    pub async fn warm_up(&self) -> Result<(), String> {
        self.keys.refresh().await
    }

    /// Authenticates the caller by the values of the request's `Authorization` headers.
    ///
    /// # Errors
    /// The reason why the caller is refused.
    pub async fn admit(&self, authorization: &[&str]) -> Result<Caller, Refusal> {
        let token = bearer::only_one(authorization)?;
        let key_id = token::key_id(token)?;
        let key = self.keys.key(&key_id).await?;
        self.check.caller(token, &key)
    }
}
