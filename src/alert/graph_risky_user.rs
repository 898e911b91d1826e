//! A risky user of Identity Protection. Its **`id` is the user's object id**.
//!
//! `riskState` is not looked at: whether to act on a risk that is remediated or dismissed is a matter of policy, not of
//! reading. A risky service principal is read as well, and named as what it is. Source: "riskyUser resource type".

use crate::domain::SubjectKind;

use super::account;
use super::draft::Draft;
use super::graph_alert_v2::odata_type;
use super::node::Object;
use super::problem::Problem;

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    match odata_type(payload) {
        Some(name) => name.starts_with("riskyuser") || name.starts_with("riskyserviceprincipal"),
        None => payload.has("riskState") && payload.has("riskLastUpdatedDateTime"),
    }
}

/// Reads it.
pub(super) fn read(risky: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let is_application = odata_type(risky).is_some_and(|name| name.contains("serviceprincipal"))
        || (risky.has("appId") && !risky.has("userPrincipalName"));
    if is_application {
        return read_service_principal(risky, draft);
    }
    read_risk(risky, draft);
    draft.subjects.extend(account::identified(
        // A history item has an `id` of its own and names the user's beside it.
        risky.parse(&["userId", "id"]),
        risky.parse(&["userPrincipalName"]),
        None,
        risky.text("userDisplayName").as_deref(),
    ));
    Ok(())
}

/// Reads a risky service principal.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every shape is read by a function of one signature"
)]
pub(super) fn read_service_principal(risky: &Object, draft: &mut Draft) -> Result<(), Problem> {
    read_risk(risky, draft);
    let name = risky.first_text(&["displayName", "appId"]);
    let mut subject = account::named(SubjectKind::ServicePrincipal, name.as_deref());
    subject.id = risky.parse(&["id"]);
    draft.subjects.add(subject);
    Ok(())
}

fn read_risk(risky: &Object, draft: &mut Draft) {
    draft.severity(risky.text("riskLevel"));
    draft.flagged(risky.time("riskLastUpdatedDateTime"));
}
