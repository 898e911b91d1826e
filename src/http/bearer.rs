//! An access token on its way to a service.

use std::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;

/// An access token, as it goes into the Authorization header. `Debug` masks it, and so does the HTTP client.
#[derive(Clone)]
pub struct Bearer {
    header: Arc<HeaderValue>,
}

impl Bearer {
    /// The token, unless it holds characters that no header may hold.
    pub(crate) fn new(token: &str) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        header.set_sensitive(true);
        Some(Self {
            header: Arc::new(header),
        })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::clone(&self.header)
    }

    /// Whether it is the very same token, not one of equal text.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.header, &other.header)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_a_line_break_is_no_token() {
        assert!(Bearer::new("a\r\nX-Other: b").is_none());
    }
}
