//! The evidence of Defender's own APIs: flat objects of which `entityType` says what they are.
//!
//! Sources: "Get alert information by ID" (Defender for Endpoint); "List incidents API" (Defender XDR).

use crate::domain::{SubjectKind, SubjectRef};

use super::account;
use super::kind::Machines;
use super::merge::absorb;
use super::node::Object;

/// The account of one piece of evidence. Messages, files, addresses and devices name accounts in passing, which are no
/// subjects.
pub(super) fn subject(evidence: &Object, machines: &Machines) -> Option<SubjectRef> {
    let kind = evidence
        .text("entityType")
        .map(|kind| kind.replace(['-', '_', ' '], "").to_lowercase());
    match kind.as_deref() {
        None | Some("user" | "account" | "process" | "hostlogonsession" | "cloudlogonsession") => {
            account::read(evidence, machines)
        }
        Some("mailbox") => mailbox(evidence, machines),
        Some("securitygroup") => account::group(evidence),
        Some("serviceprincipal" | "oauthapplication" | "cloudapplication") => {
            let name = evidence.first_text(&["application", "oauthApplicationId"])?;
            Some(account::named(SubjectKind::ServicePrincipal, Some(&name)))
        }
        Some(_) => None,
    }
}

/// A mailbox and the account beside it in the same object are one.
pub(super) fn mailbox(fields: &Object, machines: &Machines) -> Option<SubjectRef> {
    together(account::read(fields, machines), account::mailbox(fields))
}

/// Two readings of one piece of evidence: one subject, unless their object ids differ; then the first is meant.
pub(super) fn together(one: Option<SubjectRef>, other: Option<SubjectRef>) -> Option<SubjectRef> {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            if one.id.zip(other.id).is_none_or(|(one, other)| one == other) {
                absorb(&mut one, other);
            }
            Some(one)
        }
        (one, other) => one.or(other),
    }
}
