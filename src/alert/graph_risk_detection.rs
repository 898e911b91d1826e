//! A risk detection of Identity Protection. Its `id` is the detection's; the user's is `userId`.
//!
//! `riskState` is not looked at: whether to act on a risk that is remediated or dismissed is a matter of policy, not of
//! reading. Sources: "riskDetection resource type"; "servicePrincipalRiskDetection resource type", which names no user.

use super::account;
use super::draft::Draft;
use super::graph_alert_v2::odata_type;
use super::node::Object;
use super::problem::Problem;

use crate::domain::SubjectKind;

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    match odata_type(payload) {
        Some(name) => name.ends_with("riskdetection"),
        None => payload.has("riskEventType") || (payload.has("riskState") && payload.has("userId")),
    }
}

/// Reads it.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every shape is read by a function of one signature"
)]
pub(super) fn read(detection: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.alert(detection.text("id"));
    draft.severity(detection.text("riskLevel"));
    draft.flagged(detection.time("detectedDateTime"));
    if let Some(id) = detection.text("servicePrincipalId") {
        let name = detection.text("servicePrincipalDisplayName");
        let mut subject = account::named(SubjectKind::ServicePrincipal, name.as_deref());
        // Not well formed is unknown, as everywhere in foreign payloads: the name is reported all the same.
        subject.id = id.parse().ok();
        draft.subjects.add(subject);
        return Ok(());
    }
    draft.subjects.extend(account::identified(
        detection.parse(&["userId"]),
        detection.parse(&["userPrincipalName"]),
        None,
        detection.text("userDisplayName").as_deref(),
    ));
    Ok(())
}
