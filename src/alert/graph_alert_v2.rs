//! A security alert of Microsoft Graph, version 2, polled by a script or a SIEM, or sent on by a playbook.
//!
//! Accounts stand in user, mailbox, process and logon session evidence. A device's `loggedOnUsers` and a message's sender
//! and recipient are context. `tenantId` is the alert's tenant and says nothing of an account's. Sources: "alert resource
//! type" and "alertEvidence resource type" with its kinds, microsoft.graph.security.

use std::collections::HashSet;

use crate::domain::{SubjectKind, SubjectRef};

use super::account;
use super::draft::Draft;
use super::evidence::together;
use super::kind::Machines;
use super::node::{Object, objects};
use super::problem::{Problem, Within};

/// Whether it is one. `@odata.type` is often missing at the top.
pub(super) fn is(payload: &Object) -> bool {
    odata_type(payload).as_deref() == Some("security.alert")
        || ["evidence", "detectorId", "providerAlertId", "serviceSource"]
            .iter()
            .any(|name| payload.has(name))
}

/// The type of an object of Graph without its namespace, in lower case: `security.alert`, `riskyuser`.
pub(super) fn odata_type(object: &Object) -> Option<String> {
    let name = object.text("@odata.type")?.to_lowercase();
    let name = name.trim_start_matches('#');
    Some(
        name.strip_prefix("microsoft.graph.")
            .unwrap_or(name)
            .to_owned(),
    )
}

/// Reads it.
pub(super) fn read(alert: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.incident(alert.text("incidentId"));
    draft.severity(alert.text("severity"));
    read_within_incident(alert, draft)
}

/// Reads an alert of which the incident around it has said the severity and the incident's id.
pub(super) fn read_within_incident(alert: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.alert(alert.text("id"));
    draft.tenant(alert.parse(&["tenantId"]));
    draft.flagged(alert.time("createdDateTime"));
    let list = alert.list("evidence")?;
    let mut machines = Machines::default();
    let mut applications = HashSet::new();
    for piece in objects(&list) {
        let (_, piece) = piece.within("evidence")?;
        for name in ["deviceDnsName", "hostName"] {
            if let Some(name) = piece.text(name) {
                machines.note(&name);
            }
        }
        if evidence_kind(piece).as_deref() == Some("serviceprincipal") {
            applications.extend(piece.text("appId").map(|id| id.to_lowercase()));
        }
    }
    for piece in objects(&list) {
        let (index, piece) = piece.within("evidence")?;
        // The application of a service principal that stands beside it says nothing new.
        let repeats = evidence_kind(piece).as_deref() == Some("oauthapplication")
            && piece
                .text("appId")
                .is_some_and(|id| applications.contains(&id.to_lowercase()));
        if !repeats {
            let subject = subject(piece, &machines).at(index).within("evidence")?;
            draft.subjects.extend(subject);
        }
    }
    Ok(())
}

/// `user` for `#microsoft.graph.security.userEvidence`.
fn evidence_kind(piece: &Object) -> Option<String> {
    let name = odata_type(piece)?;
    let name = name.strip_prefix("security.").unwrap_or(&name);
    Some(name.strip_suffix("evidence").unwrap_or(name).to_owned())
}

fn subject(piece: &Object, machines: &Machines) -> Result<Option<SubjectRef>, Problem> {
    match evidence_kind(piece).as_deref() {
        None | Some("user" | "process") => user_account(piece, machines),
        Some("mailbox") => Ok(together(
            user_account(piece, machines)?,
            account::mailbox(piece),
        )),
        Some("hostlogonsession" | "cloudlogonsession") => match piece.object("account")? {
            Some(user) => user_account(user, machines).within("account"),
            None => Ok(None),
        },
        Some("serviceprincipal") => Ok(service_principal(piece)),
        Some("oauthapplication") => {
            let name = piece.first_text(&["displayName", "appId"]);
            Ok(name.map(|name| account::named(SubjectKind::ServicePrincipal, Some(&name))))
        }
        Some("securitygroup") => Ok(account::group(piece)),
        Some(_) => Ok(None),
    }
}

fn user_account(piece: &Object, machines: &Machines) -> Result<Option<SubjectRef>, Problem> {
    let user = piece.object("userAccount")?;
    Ok(user.and_then(|user| account::read(user, machines)))
}

fn service_principal(piece: &Object) -> Option<SubjectRef> {
    let managed = piece
        .text("servicePrincipalType")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("managedIdentity"));
    let kind = if managed {
        SubjectKind::ManagedIdentity
    } else {
        SubjectKind::ServicePrincipal
    };
    let mut subject = account::named(kind, piece.text("servicePrincipalName").as_deref());
    subject.id = piece.parse(&["servicePrincipalObjectId"]);
    (subject.id.is_some() || subject.name.is_some()).then_some(subject)
}
