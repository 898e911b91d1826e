//! The role of an account in an alert, as the sender states it: evidence roles and verdicts.
//!
//! Sources: "alertEvidence resource type" of Microsoft Graph (`roles`, `verdict`; contextual is "likely benign",
//! scanned a target of reconnaissance, attacked a target of the attack); "`AlertEvidence`" in the advanced hunting
//! reference (`EvidenceRole`: impacted or merely related).

use crate::alert::json::tidy::folded;
use crate::alert::json::{Node, Object};
use crate::alert::said::Role;
use crate::domain::MentionedAs;

/// The role that a piece of evidence states. One flagging role is enough, and an unknown role flags too. An account
/// that an investigation has found harmless is not flagged by any role.
pub(crate) fn of_evidence(piece: &Object) -> Role {
    let verdict = piece.text("verdict").map(|verdict| folded(&verdict));
    if matches!(verdict.as_deref(), Some("nothreatsfound")) {
        return Role::Mentioned(MentionedAs::NoThreatsFound);
    }
    let roles = words(piece, &["roles", "evidenceRole", "evidenceRoles"]);
    let mut mentioned = roles.iter().map(|role| mentioned_as(role));
    let Some(Some(first)) = mentioned.next() else {
        return Role::Subject;
    };
    let all = mentioned.all(|role| role.is_some());
    // A target is flagged once the investigation says that the attack has succeeded.
    let is_through = first == MentionedAs::Target && verdict.as_deref() == Some("malicious");
    if all && !is_through {
        Role::Mentioned(first)
    } else {
        Role::Subject
    }
}

fn mentioned_as(role: &str) -> Option<MentionedAs> {
    match role {
        "contextual" => Some(MentionedAs::Contextual),
        "scanned" => Some(MentionedAs::Scanned),
        "attacked" | "destination" => Some(MentionedAs::Target),
        "related" => Some(MentionedAs::Related),
        _ => None,
    }
}

/// The words under the first non-empty property: a list, or a text of several, as `PowerShell` writes them.
fn words(piece: &Object, names: &[&str]) -> Vec<String> {
    let Some(node) = names.iter().find_map(|name| piece.get(name)) else {
        return Vec::new();
    };
    let texts: Vec<_> = match node {
        Node::List(items) => items.iter().filter_map(Node::as_text).collect(),
        Node::Text(_) => node.as_text().into_iter().collect(),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Object(_) => Vec::new(),
    };
    texts
        .iter()
        .flat_map(|text| text.split([',', ';', ' ']))
        .map(folded)
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::object;

    fn role(text: &str) -> String {
        match of_evidence(&object(text)) {
            Role::Subject => "subject".to_owned(),
            Role::Mentioned(why) => why.as_str().to_owned(),
        }
    }

    #[test]
    fn a_role_is_read_in_every_form_that_senders_write() {
        let told = [
            "{}",
            r#"{"roles": []}"#,
            r#"{"roles": ["compromised"]}"#,
            r#"{"roles": ["contextual"]}"#,
            r#"{"Roles": "scanned"}"#,
            r#"{"roles": ["contextual", "compromised"]}"#,
            r#"{"roles": ["contextual", "scanned"]}"#,
            r#"{"roles": "contextual compromised"}"#,
            r#"{"roles": ["aRoleOfTomorrow"]}"#,
            r#"{"roles": ["attacked"], "verdict": "suspicious"}"#,
            r#"{"roles": ["attacked"], "verdict": "malicious"}"#,
            r#"{"roles": ["compromised"], "verdict": "NoThreatsFound"}"#,
            r#"{"EvidenceRole": "Related"}"#,
            r#"{"EvidenceRole": "Impacted"}"#,
            r#"{"roles": 4}"#,
        ]
        .map(role);
        assert_eq!(
            told,
            [
                "subject",
                "subject",
                "subject",
                "contextual",
                "scanned",
                "subject",
                "contextual",
                "subject",
                "subject",
                "target",
                "subject",
                "no_threats_found",
                "related",
                "subject",
                "subject"
            ]
        );
    }
}
