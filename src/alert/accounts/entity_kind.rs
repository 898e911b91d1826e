//! The kind that an entity states: `kind` of the incident dialect, `Type` of the alert dialect, in any case, with or
//! without hyphens. The incident dialect also has a `type`, the same for all entities, which its slash gives away.
//!
//! Source: "Microsoft Sentinel entity types reference".

use std::borrow::Cow;

use crate::alert::json::Object;

/// Kinds of entities that Sentinel and Defender for Cloud write, in lower case and without hyphens.
const KINDS: &[&str] = &[
    "account",
    "azureresource",
    "cloudapplication",
    "cloudlogonsession",
    "container",
    "containerimage",
    "dns",
    "dnsresolution",
    "file",
    "filehash",
    "gcpresource",
    "host",
    "hostlogonsession",
    "iotdevice",
    "ip",
    "mailbox",
    "mailcluster",
    "mailmessage",
    "malware",
    "networkconnection",
    "nic",
    "process",
    "registrykey",
    "registryvalue",
    "securitygroup",
    "serviceprincipal",
    "submissionmail",
    "url",
];

/// How an entity relates to accounts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EntityKind {
    Account,
    Mailbox,
    SecurityGroup,
    ServicePrincipal,
    /// A mail, or a mail submitted for analysis: it names a sender and recipients.
    Mail,
    /// Any other: only its parts can hold accounts.
    Other,
}

const NAMED: [(&str, EntityKind); 6] = [
    ("account", EntityKind::Account),
    ("mailbox", EntityKind::Mailbox),
    ("securitygroup", EntityKind::SecurityGroup),
    ("serviceprincipal", EntityKind::ServicePrincipal),
    ("mailmessage", EntityKind::Mail),
    ("submissionmail", EntityKind::Mail),
];

impl EntityKind {
    /// The kind that an entity states; `None` if it states none.
    pub(super) fn of(entity: &Object) -> Option<Self> {
        let written = written(entity)?;
        let named = NAMED.iter().find(|(name, _)| is(&written, name));
        Some(named.map_or(Self::Other, |(_, kind)| *kind))
    }

    /// Whether the entity is unusable if its properties are not an object.
    pub(super) fn has_properties(self) -> bool {
        matches!(self, Self::Account | Self::Mailbox | Self::SecurityGroup)
    }
}

/// Whether an object states that it is an entity of a known kind.
pub(super) fn is_stated(object: &Object) -> bool {
    written(object).is_some_and(|written| KINDS.iter().any(|kind| is(&written, kind)))
}

fn written<'e>(entity: &'e Object) -> Option<Cow<'e, str>> {
    let kind = entity.text("kind");
    kind.or_else(|| entity.text("type").filter(|kind| !kind.contains('/')))
}

/// Compares a kind with one in lower case without hyphens.
fn is(written: &str, kind: &str) -> bool {
    let letters = written.bytes().filter(|b| !matches!(b, b'-' | b'_' | b' '));
    letters.map(|b| b.to_ascii_lowercase()).eq(kind.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::object;

    #[test]
    fn a_kind_is_known_in_any_way_of_writing_it() {
        for (text, is_mail) in [
            (r#"{"Type": "mail-message"}"#, true),
            (r#"{"kind": "MailMessage", "type": "a/b"}"#, true),
            (r#"{"kind": " Mail_Message"}"#, true),
            (r#"{"Type": "mail-messages"}"#, false),
            (r#"{"Type": "mail-message/x"}"#, false),
        ] {
            let object = object(text);
            let is = EntityKind::of(&object) == Some(EntityKind::Mail);
            assert_eq!(is, is_mail, "{text}");
            assert_eq!(is_stated(&object), is_mail, "{text}");
        }
    }
}
