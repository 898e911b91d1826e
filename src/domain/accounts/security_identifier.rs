//! Windows security identifiers, some of which encode object ids of Entra ID.
//!
//! Like every identifier here, one is well formed but may name nobody: only the directory knows.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::identifiers::{IdentifierError, UserId};

/// A Windows security identifier in its text form, such as `S-1-5-21-…` (on-premises) or `S-1-12-1-…` (Entra).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecurityIdentifier {
    text: String,
    authority: u64,
    parts: Vec<u32>,
}

impl SecurityIdentifier {
    /// The text, with a capital `S`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The object id that a cloud SID `S-1-12-1-a-b-c-d` encodes: a to d are its four little-endian 32-bit words
    /// (checked on a captured record: `S-1-12-1-1384769991-1341995333-1641403279-1576319524` is
    /// `5289e9c7-3945-4ffd-8fd3-d56124baf45d`).
    #[must_use]
    pub fn object_id(&self) -> Option<UserId> {
        let (12, [1, words @ ..]) = (self.authority, self.parts.as_slice()) else {
            return None;
        };
        let words: [u32; 4] = words.try_into().ok()?;
        let mut bytes = [0_u8; 16];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        UserId::from_uuid(Uuid::from_bytes_le(bytes)).ok()
    }

    /// Whether it identifies an account of a domain or of a machine (`S-1-5-21-…`).
    #[must_use]
    pub fn is_domain_account(&self) -> bool {
        self.authority == 5 && self.parts.first() == Some(&21)
    }

    /// Whether it identifies something that every Windows machine has (SYSTEM, services, font drivers, built-in
    /// groups), and so nobody in the directory ("Security identifiers", Windows documentation).
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        !(self.is_domain_account() || self.object_id().is_some())
    }
}

impl Serialize for SecurityIdentifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl fmt::Display for SecurityIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SecurityIdentifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if text.len() > 184 {
            return Err(IdentifierError::TooLong);
        }
        let form = IdentifierError::Form(
            "a security identifier such as S-1-5-21-898359651-226337246-2910964862-31937",
        );
        let mut fields = text.split('-');
        let head = fields.next().ok_or(form)?;
        if !head.eq_ignore_ascii_case("s") || fields.next() != Some("1") {
            return Err(form);
        }
        let digits = |field: &str| !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit());
        let authority = fields
            .next()
            .filter(|f| digits(f))
            .and_then(|f| f.parse().ok())
            .ok_or(form)?;
        let parts = fields
            .map(|field| {
                if digits(field) {
                    field.parse::<u32>().map_err(|_| form)
                } else {
                    Err(form)
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() || parts.len() > 15 {
            return Err(form);
        }
        let mut written = format!("S-1-{authority}");
        for part in &parts {
            written.push('-');
            written.push_str(&part.to_string());
        }
        Ok(Self {
            text: written,
            authority,
            parts,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cloud_sid_is_the_object_id() {
        let sid: SecurityIdentifier = "S-1-12-1-1384769991-1341995333-1641403279-1576319524"
            .parse()
            .unwrap();
        assert_eq!(
            sid.object_id(),
            Some("5289e9c7-3945-4ffd-8fd3-d56124baf45d".parse().unwrap())
        );
        assert!(!sid.is_built_in());
    }

    #[test]
    fn well_known_sids_are_built_in() {
        for text in [
            "S-1-5-18",
            "S-1-5-19",
            "S-1-5-7",
            "S-1-5-96-0-1",
            "s-1-5-90-0-3",
            "S-1-5-32-544",
        ] {
            assert!(
                text.parse::<SecurityIdentifier>().unwrap().is_built_in(),
                "{text}"
            );
        }
        assert!(
            !"S-1-5-21-1-2-3-4"
                .parse::<SecurityIdentifier>()
                .unwrap()
                .is_built_in()
        );
    }

    proptest! {
        #[test]
        fn every_object_id_survives_the_way_through_a_cloud_sid(bytes in any::<[u8; 16]>()) {
            prop_assume!(bytes != [0; 16]);
            let id = UserId::from_uuid(Uuid::from_bytes(bytes)).unwrap();
            let le = id.uuid().to_bytes_le();
            let words: Vec<String> =
                le.chunks_exact(4).map(|c| u32::from_le_bytes(c.try_into().unwrap()).to_string()).collect();
            let sid: SecurityIdentifier = format!("S-1-12-1-{}", words.join("-")).parse().unwrap();
            prop_assert_eq!(sid.object_id(), Some(id));
        }

        #[test]
        fn parsing_a_sid_never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<SecurityIdentifier>();
        }
    }
}
