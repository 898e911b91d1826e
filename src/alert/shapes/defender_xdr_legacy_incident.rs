//! An incident of the Defender XDR API that came before Graph's, and one of its alerts by itself. Source: "List
//! incidents API", Defender XDR.

use crate::alert::accounts::{Machines, read_flat_evidence};
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within, cut_off, objects};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape};

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::DefenderXdrLegacyIncident,
    sender: "the incidents API of Defender XDR",
    signs: &[
        Sign {
            words: "`incidentName` or `incidentId`",
            holds: |payload| has_any(payload, &["incidentName", "incidentId"]),
        },
        Sign {
            words: "`alerts`",
            holds: |payload| payload.has("alerts"),
        },
    ],
    sample: "inbound/defender-xdr-legacy-incident.json",
    reading: Reading::Payload(read),
};

/// One of an incident's alerts.
pub(crate) const ALERT: Row = Row {
    shape: Shape::DefenderXdrLegacyIncident,
    sender: "one alert of the incidents API of Defender XDR",
    signs: &[
        Sign {
            words: "`alertId`",
            holds: |payload| payload.has("alertId"),
        },
        Sign {
            words: "`entities`, a list, with `serviceSource` or `detectionSource`",
            holds: |payload| {
                payload.has("entities") && has_any(payload, &["serviceSource", "detectionSource"])
            },
        },
    ],
    sample: "field/xdr-legacy-incident-odd-identifiers.json",
    reading: Reading::Payload(read_one),
};

fn read(incident: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    cut_off::refuse(incident, &["alerts"])?;
    let at = incident.time("lastUpdateTime");
    let redirected = redirected(incident);
    builder.incident(incident.text("incidentId"));
    builder.severity(incident.text("severity"));
    builder.said_at(at);
    builder.state(state::of_alert(incident, at));
    let (mut has_alerts, mut has_entities) = (false, false);
    for alert in objects(&incident.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        has_alerts = true;
        builder.begin_alert();
        has_entities |= read_alert(alert, builder).at(index).within("alerts")?;
    }
    if builder.lacks_time() {
        builder.flagged(incident.time("createdTime"));
    }
    if let Some(redirected) = redirected {
        builder.otherwise = redirected;
    } else if has_alerts && !has_entities {
        builder.otherwise = NothingToDoReason::EntitiesPending;
    }
    Ok(())
}

/// The other incident into which this one was merged.
fn redirected(incident: &Object) -> Option<NothingToDoReason> {
    let into = incident.text("redirectIncidentId")?;
    Some(NothingToDoReason::Redirected {
        into: Some(into.into_owned()),
    })
}

fn read_one(alert: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    builder.incident(alert.text("incidentId"));
    if !read_alert(alert, builder)? {
        builder.otherwise = NothingToDoReason::EntitiesPending;
    }
    Ok(())
}

fn read_alert(alert: &Object, builder: &mut AlertBuilder) -> Result<bool, JsonProblem> {
    cut_off::refuse(alert, &["entities", "devices"])?;
    let at = alert.time("lastUpdatedTime");
    builder.alert(alert.text("alertId"));
    builder.alert_severity(alert.text("severity"));
    builder.flagged(alert.time("creationTime"));
    builder.said_at(at.or_else(|| alert.time("creationTime")));
    builder.state(state::of_alert(alert, at));
    let mut machines = Machines::default();
    for device in objects(&alert.list("devices")?) {
        let (_, device) = device.within("devices")?;
        if let Some(name) = device.first_text(&["deviceDnsName", "deviceName"]) {
            machines.note(&name);
        }
    }
    let entities = alert.list("entities")?;
    let mut any = false;
    for entity in objects(&entities) {
        let (_, entity) = entity.within("entities")?;
        any = true;
        read_flat_evidence(entity, &machines, builder);
    }
    Ok(any)
}
