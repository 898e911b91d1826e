//! A security incident of Microsoft Graph, with its alerts if they were asked for (`$expand=alerts`).
//!
//! Without them it names no account: it only says that there is an incident. One that was merged into another holds none
//! any more. Source: "incident resource type", microsoft.graph.security; a published sample holds `alerts` as one object.

use crate::alert::accounts::odata_type;
use crate::alert::cut_off;
use crate::alert::draft::Draft;
use crate::alert::hygiene::tidy;
use crate::alert::node::{Object, objects};
use crate::alert::problem::{Problem, Within};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape};

use super::graph_alert_v2;
use super::{Reading, Row, Sign, has_any, says};

pub(crate) const ROW: Row = Row {
    shape: Shape::GraphIncident,
    sender: "Graph's security API: incidents",
    signs: &[Sign {
        words: "the type of an incident, or `id` and `displayName` with `incidentWebUrl`, `redirectIncidentId` or `alerts`",
        holds: |payload| {
            let looks_so = payload.has("id")
                && payload.has("displayName")
                && has_any(payload, &["alerts", "incidentWebUrl", "redirectIncidentId"]);
            match odata_type(payload) {
                Some(name) => name == "security.incident",
                None => looks_so,
            }
        },
    }],
    sample: "inbound/graph-incident-with-alerts.json",
    reading: Reading::Payload(read),
};

/// The most characters of an incident's id.
const LONGEST_ID: usize = 256;

fn read(incident: &Object, draft: &mut Draft) -> Result<(), Problem> {
    cut_off::refuse(incident, &["alerts"])?;
    let at = incident.time("lastUpdateDateTime");
    draft.incident(incident.text("id"));
    draft.severity(incident.text("severity"));
    draft.tenant(incident.parse(&["tenantId"]));
    draft.said_at(at);
    draft.state(state::of_alert(incident, at));
    let (mut has_alerts, mut has_evidence) = (false, false);
    for alert in objects(&incident.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        has_alerts = true;
        draft.begin_alert();
        has_evidence |= graph_alert_v2::read_within_incident(alert, draft)
            .at(index)
            .within("alerts")?;
    }
    if draft.lacks_time() {
        draft.flagged(incident.time("createdDateTime"));
    }
    let into = incident
        .text("redirectIncidentId")
        .and_then(|id| tidy(&id, LONGEST_ID));
    if !has_evidence && (says(incident, "status", "redirected") || into.is_some()) {
        draft.otherwise = NothingToDoReason::Redirected { into };
    } else if incident.get("alerts").is_none() {
        draft.otherwise = NothingToDoReason::NotificationOnly;
    } else if has_alerts && !has_evidence {
        draft.otherwise = NothingToDoReason::EntitiesPending;
    }
    Ok(())
}
