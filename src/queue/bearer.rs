//! The token that lets its holder in to Service Bus.

use std::fmt;

/// A token for Service Bus. It is never shown.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(format!("{:?}", Bearer::new("eyJ")), "Bearer(…)");
    }
}
