//! Who signs in for Service Bus. A sign-in is anything that gives a token for it; the one here asks the Azure CLI.

use std::fmt;
use std::sync::Arc;

use azure_core::credentials::TokenCredential as _;
use azure_identity::AzureCliCredential;
use futures_util::future::BoxFuture;

/// Whom tokens for Service Bus are for, in every cloud ("Authenticate an application with Microsoft Entra ID to access
/// Azure Service Bus entities").
const SCOPE: &str = "https://servicebus.azure.net/.default";

/// A token that lets its holder in. It is never shown.
#[derive(Clone)]
pub struct Bearer(String);

impl Bearer {
    /// Takes a token.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SignInError {
    /// In the words of who signs in.
    pub reason: String,
    /// What to do.
    pub next: String,
}

/// What gives tokens for Service Bus.
pub trait BearerSource: Send + Sync + fmt::Debug {
    /// A token for Service Bus. It is asked for once in a run.
    fn bearer(&self) -> BoxFuture<'_, Result<Bearer, SignInError>>;
}

/// Whoever is signed in to the Azure CLI. `az` is looked for on the PATH.
#[derive(Debug, Clone, Copy, Default)]
pub struct AzureCli;

impl BearerSource for AzureCli {
    fn bearer(&self) -> BoxFuture<'_, Result<Bearer, SignInError>> {
        Box::pin(async {
            let refused = |error: &dyn fmt::Display| SignInError {
                reason: format!(
                    "the Azure CLI gave no token: {}",
                    one_line(&error.to_string())
                ),
                next: "run `az login` (in a shell where `az` is found), then this command again"
                    .to_owned(),
            };
            let credential: Arc<AzureCliCredential> =
                AzureCliCredential::new(None).map_err(|error| refused(&error))?;
            let token = credential.get_token(&[SCOPE], None).await;
            let token = token.map_err(|error| refused(&error))?;
            Ok(Bearer::new(token.token.secret()))
        })
    }
}

/// A text of several lines as one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(format!("{:?}", Bearer::new("eyJ")), "Bearer(…)");
    }
}
