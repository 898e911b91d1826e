//! Selects calls by a short text such as `POST */revokeSignInSessions`, for faults, holds and waits.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A method, or none for any, and a path in which `*` stands for any text. It is compared with the decoded path without
/// its query, in any casing; a pattern with neither `*` nor a leading slash matches anywhere in the path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Pattern {
    method: Option<String>,
    path: String,
}

impl Pattern {
    /// Whether a call matches.
    #[must_use]
    pub fn matches(&self, method: &str, raw_path: &str) -> bool {
        if self
            .method
            .as_deref()
            .is_some_and(|wanted| !wanted.eq_ignore_ascii_case(method))
        {
            return false;
        }
        let path = raw_path.split_once('?').map_or(raw_path, |(path, _)| path);
        let path = percent_decode_str(path).decode_utf8_lossy().to_lowercase();
        if self.path.contains('*') || self.path.starts_with('/') {
            glob(&self.path, &path)
        } else {
            path.contains(&self.path)
        }
    }
}

/// Whether the pattern's pieces between the stars occur in the text in their order, the outer ones at its ends.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = text.find(piece) else {
            return false;
        };
        text = text.get(at + piece.len()..).unwrap_or_default();
    }
    text.ends_with(last)
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        let text = text.trim();
        let (method, path) = match text.split_once(char::is_whitespace) {
            Some((method, path)) if method.bytes().all(|b| b.is_ascii_uppercase()) => {
                (Some(method.to_owned()), path.trim())
            }
            Some(("*", path)) => (None, path.trim()),
            Some(_) | None => (None, text),
        };
        Self {
            method,
            path: path.to_lowercase(),
        }
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for Pattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "{method} {}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_says() {
        let revoke = "/v1.0/users/kira.o%27neil%40contoso.com/revokeSignInSessions";
        for (pattern, meant) in [
            ("POST */revokeSignInSessions", true),
            ("GET */revokeSignInSessions", false),
            ("*/revokesigninsessions", true),
            ("revoke", true),
            ("* /v1.0/users/*/revokeSignInSessions", true),
            ("POST /v1.0/users/kira.o'neil@contoso.com/*", true),
            ("POST /v1.0/users/alice@contoso.com/*", false),
            ("/v1.0/users", false),
            ("*", true),
        ] {
            let is = Pattern::from(pattern).matches("POST", revoke);
            assert_eq!(is, meant, "{pattern}");
        }
        assert!(Pattern::from("GET /v1.0/users").matches("GET", "/v1.0/users?$filter=x"));
    }

    #[test]
    fn a_pattern_is_written_as_it_was_read() {
        let pattern = Pattern::from("POST */checkMemberGroups");
        assert_eq!(Pattern::from(pattern.to_string().as_str()), pattern);
    }
}
