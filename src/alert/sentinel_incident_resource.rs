//! A Sentinel incident as a resource: what *Get incident* or the REST API answers, passed on.
//!
//! It has no entities unless somebody put them in (they come from a call of their own, whose answer is
//! `{"entities": […], "metaData": […]}` and is read as well). Source: "Incidents" of the Sentinel REST API.
//!
//! # Entities that have not arrived
//! Sentinel makes an incident before its entities can be read, so the trigger can carry an incident that has alerts and
//! an empty or missing `relatedEntities`. That is [`NothingToDoReason::EntitiesNotArrived`]: to ask again later is worth
//! it. As soon as one entity is there, of whatever kind, or no alert is, an incident without an account has none.

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::entities;
use super::node::{Object, objects};
use super::problem::{Problem, Within};

/// Whether it is one: an ARM resource of that type, or the answer that lists an incident's entities.
pub(super) fn is(payload: &Object) -> bool {
    let is_incident = payload
        .text("type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("Microsoft.SecurityInsights/Incidents"));
    let looks_so =
        || matches!(payload.object("properties"), Ok(Some(p)) if p.has("incidentNumber"));
    is_incident || looks_so() || is_entities_answer(payload)
}

fn is_entities_answer(payload: &Object) -> bool {
    payload.has("entities") && payload.has("metaData")
}

/// Reads it.
pub(super) fn read(incident: &Object, draft: &mut Draft) -> Result<(), Problem> {
    if is_entities_answer(incident) {
        return entities::read(incident, "entities", &mut draft.subjects).map(|_| ());
    }
    draft.incident(incident.text("id"));
    read_properties(incident.required("properties")?, draft).within("properties")
}

fn read_properties(properties: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.severity(properties.text("severity"));
    let mut has_alerts = false;
    for alert in objects(&properties.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        has_alerts = true;
        let detail = alert.object("properties").at(index).within("alerts")?;
        let id = detail.and_then(|detail| detail.text("systemAlertId"));
        draft.alert(id.or_else(|| alert.text("name")));
        draft.flagged(detail.and_then(|detail| detail.time("timeGenerated")));
    }
    if draft.lacks_time() {
        draft.flagged(properties.time("createdTimeUtc"));
    }
    let counted = properties
        .object("additionalData")
        .ok()
        .flatten()
        .and_then(|data| data.count("alertsCount"))
        .is_some_and(|count| count > 0);
    let any = entities::read(properties, "relatedEntities", &mut draft.subjects)?;
    if !any && (has_alerts || counted) {
        draft.otherwise = NothingToDoReason::EntitiesNotArrived;
    }
    Ok(())
}
