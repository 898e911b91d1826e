//! An alert of Microsoft Defender for Endpoint's own API.
//!
//! Its evidence is flat; `relatedUser` names the account that the alert is about by domain and name alone. `aadTenantId`
//! is the alert's tenant. Source: "Get alert information by ID", Defender for Endpoint.

use super::account;
use super::draft::Draft;
use super::evidence;
use super::kind::Machines;
use super::node::{Object, objects};
use super::problem::{Problem, Within};

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("alertCreationTime")
        || payload.has("relatedUser")
        || (payload.has("aadTenantId") && payload.has("evidence"))
}

/// Reads it.
pub(super) fn read(alert: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.alert(alert.text("id"));
    draft.incident(alert.text("incidentId"));
    draft.severity(alert.text("severity"));
    draft.tenant(alert.parse(&["aadTenantId"]));
    draft.flagged(alert.time("alertCreationTime"));
    let mut machines = Machines::default();
    if let Some(name) = alert.text("computerDnsName") {
        machines.note(&name);
    }
    for piece in objects(&alert.list("evidence")?) {
        let (_, piece) = piece.within("evidence")?;
        draft.subjects.extend(evidence::subject(piece, &machines));
    }
    if let Some(user) = alert.object("relatedUser")? {
        draft.subjects.extend(account::read(user, &machines));
    }
    Ok(())
}
