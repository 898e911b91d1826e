//! A record of Entra's diagnostic settings: Identity Protection's objects, streamed to an event hub.
//!
//! `tenantId` is the tenant whose directory reports, and so the one that the user belongs to or is a guest of. Records of
//! other categories on the same stream are no alerts. Sources: "Stream activity logs" for Entra ID; published raw records.

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::node::Object;
use super::problem::{Problem, Within};
use super::{graph_risk_detection, graph_risky_user};

/// Whether it is one, of whatever category.
pub(super) fn is(payload: &Object) -> bool {
    let of_directory = || {
        payload.text("resourceId").is_some_and(|id| {
            id.to_ascii_lowercase()
                .ends_with("/providers/microsoft.aadiam")
        })
    };
    payload.has("properties") && (category(payload) != Category::Other || of_directory())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Category {
    RiskyUsers,
    RiskyServicePrincipals,
    RiskEvents,
    Other,
}

fn category(record: &Object) -> Category {
    match record
        .text("category")
        .map(|name| name.to_ascii_lowercase())
        .as_deref()
    {
        Some("riskyusers") => Category::RiskyUsers,
        Some("riskyserviceprincipals") => Category::RiskyServicePrincipals,
        Some("userriskevents" | "serviceprincipalriskevents") => Category::RiskEvents,
        Some(_) | None => Category::Other,
    }
}

/// Reads it.
pub(super) fn read(record: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let tenant = record.parse(&["tenantId"]);
    draft.tenant(tenant);
    let read = match category(record) {
        Category::RiskyUsers => graph_risky_user::read,
        Category::RiskyServicePrincipals => graph_risky_user::read_service_principal,
        Category::RiskEvents => graph_risk_detection::read,
        Category::Other => {
            draft.otherwise = NothingToDoReason::NotAnAlert;
            return Ok(());
        }
    };
    read(record.required("properties")?, draft).within("properties")?;
    if draft.lacks_time() {
        draft.flagged(record.time("time"));
    }
    draft.subjects.belong_to(tenant);
    Ok(())
}
