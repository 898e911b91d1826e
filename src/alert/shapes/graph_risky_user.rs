//! A risky user of Identity Protection. Its **`id` is the user's object id**.
//!
//! A risky service principal is read as well, and named as what it is. An item of the history has an `id` of its own
//! and names the user's beside it. Sources: "riskyUser resource type"; "riskyUserHistoryItem resource type";
//! "`AADRiskyUsers`" in the Azure Monitor Logs reference, whose columns have the same names.

use crate::alert::accounts::{identified, named, odata_type};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object};
use crate::alert::state;
use crate::domain::{Cleared, Shape, SubjectKind};

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::GraphRiskyUser,
    sender: "Identity Protection's risky users, from Graph or as rows of `AADRiskyUsers`",
    signs: &[
        Sign {
            words: "`riskLastUpdatedDateTime`, or the type of a risky user",
            holds: |payload| {
                is_typed(payload)
                    || (odata_type(payload).is_none() && payload.has("riskLastUpdatedDateTime"))
            },
        },
        Sign {
            words: "`riskState` or `riskLevel`",
            holds: |payload| is_typed(payload) || has_any(payload, &["riskState", "riskLevel"]),
        },
    ],
    sample: "inbound/graph-risky-user.json",
    reading: Reading::Payload(read),
};

fn is_typed(payload: &Object) -> bool {
    odata_type(payload).is_some_and(|name| {
        name.starts_with("riskyuser") || name.starts_with("riskyserviceprincipal")
    })
}

pub(super) fn read(risky: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let is_application = odata_type(risky).is_some_and(|name| name.contains("serviceprincipal"))
        || (risky.has("appId") && !risky.has("userPrincipalName"));
    if is_application {
        return read_service_principal(risky, builder);
    }
    let cleared = read_risk(risky, builder, &["userId", "id"]);
    let subject = identified(
        risky.parse(&["userId", "id"]),
        risky.parse(&["userPrincipalName"]),
        None,
        risky.text("userDisplayName").as_deref(),
    );
    if let Some(subject) = subject {
        builder.risk(subject, cleared);
    }
    Ok(())
}

/// Reads a risky service principal.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every shape is read by a function of one signature"
)]
pub(super) fn read_service_principal(
    risky: &Object,
    builder: &mut AlertBuilder,
) -> Result<(), JsonProblem> {
    let cleared = read_risk(risky, builder, &["servicePrincipalId", "id"]);
    let name = risky.first_text(&["displayName", "appId"]);
    let mut subject = named(SubjectKind::ServicePrincipal, name.as_deref());
    subject.id = risky.parse(&["id"]);
    builder.risk(subject, cleared);
    Ok(())
}

/// Reads the state of the risk. All records of one user's risk describe the same thing.
fn read_risk(risky: &Object, builder: &mut AlertBuilder, ids: &[&str]) -> Option<Cleared> {
    let at = risky.time("riskLastUpdatedDateTime");
    if let Some(id) = risky.first_text(ids) {
        builder.source(&format!("risk of {id}"));
    }
    builder.severity(risky.text("riskLevel"));
    builder.flagged(at);
    if at.is_some() {
        builder.said_at(at);
    }
    state::of_risk(risky, at)
}
