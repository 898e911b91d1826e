//! A security incident of Microsoft Graph, with its alerts if they were asked for (`$expand=alerts`).
//!
//! Without them it names no account: it only says that there is an incident. An incident that was merged into another
//! has none left. Source: "incident resource type", microsoft.graph.security; a published sample holds `alerts` as one
//! object.

use crate::alert::accounts::odata_type;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::tidy::tidy;
use crate::alert::json::{JsonProblem, Object, Within, cut_off, objects};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape};

use super::{Reading, Row, Sign, graph_alert_v2, has_any, says};

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

/// The longest incident id that is kept, in characters.
const LONGEST_ID: usize = 256;

fn read(incident: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    cut_off::refuse(incident, &["alerts"])?;
    let at = incident.time("lastUpdateDateTime");
    builder.incident(incident.text("id"));
    builder.severity(incident.text("severity"));
    builder.tenant(incident.parse(&["tenantId"]));
    builder.said_at(at);
    builder.state(state::of_alert(incident, at));
    let (mut has_alerts, mut has_evidence) = (false, false);
    for alert in objects(&incident.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        has_alerts = true;
        builder.begin_alert();
        has_evidence |= graph_alert_v2::read_within_incident(alert, builder)
            .at(index)
            .within("alerts")?;
    }
    if builder.lacks_time() {
        builder.flagged(incident.time("createdDateTime"));
    }
    let into = incident
        .text("redirectIncidentId")
        .and_then(|id| tidy(&id, LONGEST_ID));
    if !has_evidence && (says(incident, "status", "redirected") || into.is_some()) {
        builder.otherwise = NothingToDoReason::Redirected { into };
    } else if incident.get("alerts").is_none() {
        builder.otherwise = NothingToDoReason::NotificationOnly;
    } else if has_alerts && !has_evidence {
        builder.otherwise = NothingToDoReason::EntitiesPending;
    }
    Ok(())
}
