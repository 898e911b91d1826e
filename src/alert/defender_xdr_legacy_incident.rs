//! An incident of the Defender XDR API that came before Graph's. Source: "List incidents API", Defender XDR.

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::evidence;
use super::kind::Machines;
use super::node::{Object, objects};
use super::problem::{Problem, Within};

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("incidentName") || (payload.has("incidentId") && payload.has("alerts"))
}

/// Reads it.
pub(super) fn read(incident: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.incident(incident.text("incidentId"));
    draft.severity(incident.text("severity"));
    let (mut has_alerts, mut has_entities) = (false, false);
    for alert in objects(&incident.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        has_alerts = true;
        has_entities |= read_alert(alert, draft).at(index).within("alerts")?;
    }
    if draft.lacks_time() {
        draft.flagged(incident.time("createdTime"));
    }
    if has_alerts && !has_entities {
        draft.otherwise = NothingToDoReason::EntitiesNotArrived;
    }
    Ok(())
}

fn read_alert(alert: &Object, draft: &mut Draft) -> Result<bool, Problem> {
    draft.alert(alert.text("alertId"));
    draft.flagged(alert.time("creationTime"));
    let mut machines = Machines::default();
    for device in objects(&alert.list("devices")?) {
        let (_, device) = device.within("devices")?;
        if let Some(name) = device.first_text(&["deviceDnsName", "deviceName"]) {
            machines.note(&name);
        }
    }
    let mut any = false;
    for entity in objects(&alert.list("entities")?) {
        let (_, entity) = entity.within("entities")?;
        any = true;
        draft.subjects.extend(evidence::subject(entity, &machines));
    }
    Ok(any)
}
