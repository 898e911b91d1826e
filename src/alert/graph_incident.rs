//! A security incident of Microsoft Graph, with its alerts if they were asked for (`$expand=alerts`).
//!
//! Without them it names no account: it only says that there is an incident. Source: "incident resource type",
//! microsoft.graph.security; a published sample holds `alerts` as one object.

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::graph_alert_v2::{self, odata_type};
use super::node::{Object, objects};
use super::problem::{Problem, Within};

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    let looks_so = payload.has("id")
        && payload.has("displayName")
        && ["alerts", "incidentWebUrl", "redirectIncidentId"]
            .iter()
            .any(|name| payload.has(name));
    odata_type(payload).as_deref() == Some("security.incident") || looks_so
}

/// Reads it.
pub(super) fn read(incident: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.incident(incident.text("id"));
    draft.severity(incident.text("severity"));
    draft.tenant(incident.parse(&["tenantId"]));
    if incident.get("alerts").is_none() {
        draft.otherwise = NothingToDoReason::NotificationOnly;
    }
    let (mut has_alerts, mut has_evidence) = (false, false);
    for alert in objects(&incident.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        has_alerts = true;
        has_evidence |= alert
            .list("evidence")
            .is_ok_and(|evidence| !evidence.is_empty());
        graph_alert_v2::read_within_incident(alert, draft)
            .at(index)
            .within("alerts")?;
    }
    if draft.lacks_time() {
        draft.flagged(incident.time("createdDateTime"));
    }
    if has_alerts && !has_evidence {
        draft.otherwise = NothingToDoReason::EntitiesNotArrived;
    }
    Ok(())
}
