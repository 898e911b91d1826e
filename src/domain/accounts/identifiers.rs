//! Identifiers of directory objects, each parsed once.
//!
//! A value of one of these types is well formed, but it may name nobody: only the directory knows. `Debug` masks
//! identifiers that name a person, so that no log line shows a user name; the raw text is `as_str`, which is easy to
//! see in review. None of them may be put into a URL without percent-encoding.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Why a text is not the identifier that it was expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierError {
    /// Nothing but white space.
    Empty,
    /// Longer than the directory allows.
    TooLong,
    /// Not of the stated form.
    Form(&'static str),
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong => f.write_str("it is longer than any such identifier"),
            Self::Form(expected) => write!(f, "expected {expected}"),
        }
    }
}

impl std::error::Error for IdentifierError {}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a GUID that is not all zeros.
            ///
            /// # Errors
            /// The GUID is all zeros, which senders write for "unknown".
            pub fn from_uuid(uuid: Uuid) -> Result<Self, IdentifierError> {
                if uuid.is_nil() { Err(IdentifierError::Form("a GUID that is not all zeros")) } else { Ok(Self(uuid)) }
            }

            /// The GUID.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let text = text.trim();
                if text.is_empty() {
                    return Err(IdentifierError::Empty);
                }
                // Only the hyphenated form is accepted: 32 bare digits could be another system's key.
                if text.len() != 36 {
                    return Err(IdentifierError::Form("a GUID such as 6cace4d5-19d5-4695-92e7-4f7bfab36728"));
                }
                Uuid::try_parse(text)
                    .map_err(|_| IdentifierError::Form("a GUID such as 6cace4d5-19d5-4695-92e7-4f7bfab36728"))
                    .and_then(Self::from_uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    };
}

object_id! {
    /// The object id of a user in Entra ID. Not personal data by itself: log lines carry it.
    UserId
}
object_id! {
    /// The object id of a group in Entra ID.
    GroupId
}
object_id! {
    /// The id of an Entra tenant.
    TenantId
}

/// Whether a character may appear in a user principal name before the `@`: letters and digits of any language, the
/// punctuation that Entra allows ("userPrincipalName" in the "user resource type"; "Prepare to provision users through
/// directory synchronization"), and the `+` and `$` that senders write for others' names.
fn may_stand_in_a_name(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '\'' | '.' | '-' | '_' | '!' | '#' | '^' | '~' | '+' | '$'
        )
}

/// Characters that no mail address of the directory contains, and that could break out of a URL segment, a filter or a
/// line of text.
fn is_foreign(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(
            c,
            '/' | '\\'
                | '?'
                | '%'
                | '"'
                | '<'
                | '>'
                | '('
                | ')'
                | ';'
                | ':'
                | ','
                | '['
                | ']'
                | '|'
                | '@'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn parse_address<'a>(text: &'a str, expected: &'static str) -> Result<&'a str, IdentifierError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(IdentifierError::Empty);
    }
    if text.len() > 1_024 {
        return Err(IdentifierError::TooLong);
    }
    let form = IdentifierError::Form(expected);
    let (local, domain) = text.rsplit_once('@').ok_or(form)?;
    let plain_domain = domain
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        && domain.split('.').all(|label| !label.is_empty());
    if local.is_empty() || domain.is_empty() || local.chars().any(is_foreign) || !plain_domain {
        return Err(form);
    }
    Ok(text)
}

macro_rules! masked_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            written: Arc<str>,
            /// The text in lower case; shared with the original if that has no capital letters, as nearly all have
            /// none.
            folded: Arc<str>,
        }

        impl $name {
            fn new(written: &str) -> Self {
                let has_capitals = !written.is_ascii() || written.bytes().any(|b| b.is_ascii_uppercase());
                let folded = has_capitals.then(|| written.to_lowercase().into());
                let written: Arc<str> = written.into();
                Self { folded: folded.unwrap_or_else(|| Arc::clone(&written)), written }
            }

            /// The original text. Personal data: it belongs in receipts and requests, not in logs.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.written
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.folded == other.folded
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.folded.hash(state);
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.written)
            }
        }
    };
}

masked_text! {
    /// A user principal name. Equality ignores case (user resource type: not case-sensitive).
    UserPrincipalName
}

impl UserPrincipalName {
    /// Parses a name that the directory itself returned, with any characters that the directory permits.
    ///
    /// # Errors
    /// The text is not an address.
    pub fn of_directory(text: &str) -> Result<Self, IdentifierError> {
        parse_address(text, "a user principal name such as alice@contoso.com").map(Self::new)
    }

    /// The domain after the last `@`, as written.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.written
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
    }

    /// The part before the last `@`, as written.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.written.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// Whether it has the form of an external user in this tenant: `user_home.com#EXT#@tenant`.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.folded.contains("#ext#@")
    }
}

impl FromStr for UserPrincipalName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a user principal name such as alice@contoso.com";
        let text = parse_address(text, EXPECTED)?;
        let local = text.rsplit_once('@').map_or(text, |(local, _)| local);
        if local.ends_with('.') || !local.chars().all(may_stand_in_a_name) {
            return Err(IdentifierError::Form(EXPECTED));
        }
        Ok(Self::new(text))
    }
}

masked_text! {
    /// A mail address. It can name a guest as well as a member.
    MailAddress
}

impl MailAddress {
    /// The domain after the last `@`, as written.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.written
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
    }
}

impl FromStr for MailAddress {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_address(text, "a mail address such as alice@contoso.com").map(Self::new)
    }
}

masked_text! {
    /// An account in the form `DOMAIN\name`: a NetBIOS or DNS domain and a SAM account name.
    AccountName
}

impl AccountName {
    /// Combines a domain and a name.
    ///
    /// # Errors
    /// As [`AccountName::from_str`].
    pub fn from_parts(domain: &str, name: &str) -> Result<Self, IdentifierError> {
        format!("{}\\{}", domain.trim(), name.trim()).parse()
    }

    /// The domain, as written: NetBIOS (`CONTOSO`) or DNS (`contoso.com`).
    #[must_use]
    pub fn domain(&self) -> &str {
        self.written
            .split_once('\\')
            .map_or("", |(domain, _)| domain)
    }

    /// The SAM account name, as written.
    #[must_use]
    pub fn name(&self) -> &str {
        self.written.split_once('\\').map_or("", |(_, name)| name)
    }
}

impl FromStr for AccountName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if text.len() > 1_024 {
            return Err(IdentifierError::TooLong);
        }
        let form = IdentifierError::Form("DOMAIN\\name");
        let (domain, name) = text.split_once('\\').ok_or(form)?;
        let foreign = |c: char| c != ' ' && is_foreign(c);
        if domain.is_empty()
            || name.is_empty()
            || domain.chars().any(foreign)
            || name.chars().any(foreign)
        {
            return Err(form);
        }
        Ok(Self::new(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_principal_names_compare_without_case_and_hide_in_debug() {
        let upn: UserPrincipalName = " Alice@Contoso.com ".parse().unwrap();
        assert_eq!(upn, "ALICE@CONTOSO.COM".parse().unwrap());
        assert_eq!(upn.as_str(), "Alice@Contoso.com");
        assert_eq!(format!("{upn:?}"), "UserPrincipalName(***)");
    }

    #[test]
    fn what_is_no_user_principal_name_is_refused() {
        for text in [
            "",
            " ",
            "alice",
            "@contoso.com",
            "alice@",
            "a b@contoso.com",
            "a@b@c.com",
            "a/b@c.com",
            "a\n@c.d",
        ] {
            assert!(text.parse::<UserPrincipalName>().is_err(), "{text:?}");
        }
        for text in [
            "o'neil@contoso.com",
            "$x@y.com",
            "a_b.com#EXT#@c.onmicrosoft.com",
            "jürgen@contoso.com",
            "a@b",
        ] {
            assert!(text.parse::<UserPrincipalName>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn the_all_zero_guid_is_unknown() {
        assert!(
            "00000000-0000-0000-0000-000000000000"
                .parse::<UserId>()
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn a_user_principal_name_that_parses_is_printed_as_it_was(text in "\\PC{0,60}") {
            if let Ok(upn) = text.parse::<UserPrincipalName>() {
                prop_assert_eq!(upn.as_str(), text.trim());
                prop_assert!(!upn.as_str().chars().any(|c| c.is_control() || c == '/' || c == '?'));
            }
        }
    }
}
