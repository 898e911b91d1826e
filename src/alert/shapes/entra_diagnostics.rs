//! A record of Entra's diagnostic settings: Identity Protection's objects, streamed to an event hub.
//!
//! `tenantId` is the tenant whose directory reports, and so the one that the user belongs to or is a guest of; where it
//! is left out, `resourceId` names it. Records of other categories on the same stream are no alerts. A detection is
//! streamed again whenever its state changes, and `time` says when. Sources: "Stream activity logs" for Entra ID;
//! published raw records.

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within};
use crate::domain::{NothingToDoReason, Shape, TenantId};

use super::{Reading, Row, Sign, graph_risk_detection, graph_risky_user};

pub(crate) const ROW: Row = Row {
    shape: Shape::EntraDiagnostics,
    sender: "diagnostic settings of Entra ID: `RiskyUsers`, `UserRiskEvents`",
    signs: &[
        Sign {
            words: "`category` of Identity Protection, or `resourceId` of `Microsoft.aadiam`",
            holds: |record| category(record) != Category::Other || of_directory(record),
        },
        Sign {
            words: "`properties`",
            holds: |record| record.has("properties"),
        },
    ],
    sample: "inbound/entra-diagnostics-user-risk-event.json",
    reading: Reading::Payload(read),
};

fn of_directory(record: &Object) -> bool {
    record.text("resourceId").is_some_and(|id| {
        id.to_ascii_lowercase()
            .ends_with("/providers/microsoft.aadiam")
    })
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

/// The tenant of a record. `/tenants/<id>/providers/Microsoft.aadiam` names it too.
fn tenant(record: &Object) -> Option<TenantId> {
    record.parse(&["tenantId"]).or_else(|| {
        let resource = record.text("resourceId")?;
        let mut parts = resource
            .split('/')
            .skip_while(|part| !part.eq_ignore_ascii_case("tenants"));
        parts.nth(1)?.parse().ok()
    })
}

fn read(record: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let tenant = tenant(record);
    builder.tenant(tenant);
    builder.said_at(record.time("time"));
    let read = match category(record) {
        Category::RiskyUsers => graph_risky_user::read,
        Category::RiskyServicePrincipals => graph_risky_user::read_service_principal,
        Category::RiskEvents => graph_risk_detection::read,
        Category::Other => {
            builder.otherwise = NothingToDoReason::NotAnAlert {
                taken_for: "a record of Entra's activity, such as a sign-in or an audit entry",
            };
            return Ok(());
        }
    };
    read(record.required("properties")?, builder).within("properties")?;
    if builder.lacks_time() {
        builder.flagged(record.time("time"));
    }
    builder.belong_to(tenant);
    Ok(())
}
