//! The evidence of Defender's own APIs and of advanced hunting: flat objects of which `entityType` says what they are.
//!
//! Sources: "Get alert information by ID" (Defender for Endpoint); "List incidents API" (Defender XDR);
//! "`AlertEvidence`" in the advanced hunting reference.

use crate::alert::builder::AlertBuilder;
use crate::alert::json::Object;
use crate::domain::{SubjectKind, SubjectRef};

use super::kind::Machines;
use super::merge::absorb;
use super::{account, message, role};

/// Adds the account of one piece of evidence. Messages name accounts in passing; files, addresses and devices name
/// none.
pub(crate) fn read(evidence: &Object, machines: &Machines, builder: &mut AlertBuilder) {
    if matches!(
        kind(evidence).as_deref(),
        Some("mailmessage" | "analyzedmessage")
    ) {
        message::read(evidence, builder);
    } else if let Some(account) = account_of(evidence, machines) {
        builder.named(account, role::of_evidence(evidence));
    }
}

/// The account of one piece of evidence that is no message.
pub(crate) fn account_of(evidence: &Object, machines: &Machines) -> Option<SubjectRef> {
    match kind(evidence).as_deref() {
        None | Some("user" | "account" | "process" | "hostlogonsession" | "cloudlogonsession") => {
            account::read(evidence, machines)
        }
        Some("mailbox") => mailbox(evidence, machines),
        Some("securitygroup") => account::group(evidence),
        Some("serviceprincipal" | "oauthapplication" | "cloudapplication") => {
            let name = evidence.first_text(&["application", "oauthApplicationId"])?;
            Some(account::named(SubjectKind::ServicePrincipal, Some(&name)))
        }
        // An unknown kind names an account if it has an identifier of Entra.
        Some(
            "file" | "ip" | "url" | "device" | "machine" | "registrykey" | "registryvalue"
            | "mailcluster" | "mailmessage" | "analyzedmessage" | "azureresource",
        ) => None,
        Some(_) => account::read(evidence, machines).filter(|account| account.id.is_some()),
    }
}

fn kind(evidence: &Object) -> Option<String> {
    let kind = evidence.text("entityType")?;
    Some(kind.replace(['-', '_', ' '], "").to_lowercase())
}

/// Reads a mailbox and the account in the same object as one.
fn mailbox(fields: &Object, machines: &Machines) -> Option<SubjectRef> {
    together(account::read(fields, machines), account::mailbox(fields))
}

/// Merges two readings of one piece of evidence into one account. If their object ids differ, the first is kept.
pub(crate) fn together(one: Option<SubjectRef>, other: Option<SubjectRef>) -> Option<SubjectRef> {
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
