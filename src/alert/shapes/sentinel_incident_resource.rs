//! A Sentinel incident as a resource: what *Get incident* or the REST API answers, passed on.
//!
//! It has no entities unless the sender adds them; they come from a separate call, whose answer is a separate shape
//! (`sentinel_entities`). Microsoft's SDKs write the contents of `properties` beside the id. Source: "Incidents" of the
//! Sentinel REST API; @azure/arm-securityinsight.
//!
//! # Entities that have not arrived
//! Sentinel creates an incident before its entities can be read. So the trigger can carry an incident with alerts and
//! an empty or missing `relatedEntities`. That is [`NothingToDoReason::EntitiesPending`]: asking again later is worth
//! it. With at least one entity of any kind, or without any alert, an incident without an account is final.

use crate::alert::accounts::read_entities;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object, Within, cut_off, objects};
use crate::alert::state;
use crate::domain::{NothingToDoReason, Shape, State};

use super::{Reading, Row, Sign, has_any, says};

const RESOURCE: &str = "Microsoft.SecurityInsights/Incidents";

pub(crate) const ROW: Row = Row {
    shape: Shape::SentinelIncidentResource,
    sender: "scripts and playbooks that pass on an incident as the REST API or *Get incident* gives it",
    signs: &[Sign {
        words: "`type` is `Microsoft.SecurityInsights/Incidents`, or `properties.incidentNumber`",
        holds: |payload| {
            says(payload, "type", RESOURCE)
                || matches!(payload.object("properties"), Ok(Some(properties))
                    if properties.has("incidentNumber") && has_any(properties, &["severity", "status", "title"]))
        },
    }],
    sample: "inbound/sentinel-incident-resource.json",
    reading: Reading::Payload(read),
};

pub(super) fn read(incident: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    cut_off::refuse(incident, &["properties"])?;
    let is_flat = incident.get("properties").is_none() && incident.has("incidentNumber");
    if is_flat {
        return read_properties(incident, incident, builder);
    }
    read_properties(incident, incident.required("properties")?, builder).within("properties")
}

/// Reads the entities beside an incident.
pub(super) fn read_header(
    incident: &Object,
    builder: &mut AlertBuilder,
) -> Result<(), JsonProblem> {
    let properties = match incident.get("properties") {
        Some(Node::Object(properties)) => properties,
        _ => incident,
    };
    read_said(incident, properties, builder);
    read_alerts(properties, builder).map(|_| ())
}

fn read_said(incident: &Object, properties: &Object, builder: &mut AlertBuilder) {
    let at = properties.time("lastModifiedTimeUtc");
    let id = incident.text("id");
    if let Some(id) = &id {
        builder.source(id);
    }
    builder.incident(id);
    builder.said_at(at);
    builder.state(state::of_alert(properties, at));
    builder.severity(properties.text("severity"));
}

fn read_properties(
    incident: &Object,
    properties: &Object,
    builder: &mut AlertBuilder,
) -> Result<(), JsonProblem> {
    cut_off::refuse(properties, &["relatedEntities", "alerts"])?;
    read_said(incident, properties, builder);
    let has_alerts = read_alerts(properties, builder)?;
    let counted = alerts_counted(properties).is_some_and(|count| count > 0);
    let any = read_entities(properties, "relatedEntities", builder)?;
    if !any && (has_alerts || counted) {
        builder.otherwise = NothingToDoReason::EntitiesPending;
    }
    Ok(())
}

fn alerts_counted(properties: &Object) -> Option<u64> {
    properties
        .object("additionalData")
        .ok()
        .flatten()
        .and_then(|data| data.count("alertsCount"))
}

/// Reads the ids and times of an incident's alerts. Returns whether it has any. If all of them are over, so is the
/// incident.
fn read_alerts(properties: &Object, builder: &mut AlertBuilder) -> Result<bool, JsonProblem> {
    let (mut count, mut last_over) = (0_u64, None);
    let mut all_over = true;
    for alert in objects(&properties.list("alerts")?) {
        let (index, alert) = alert.within("alerts")?;
        count += 1;
        let detail = alert.object("properties").at(index).within("alerts")?;
        let id = detail.and_then(|detail| detail.text("systemAlertId"));
        builder.alert_of_whole(id.or_else(|| alert.text("name")));
        builder.flagged(detail.and_then(|detail| detail.time("timeGenerated")));
        let state = detail.map_or(State::Open, |detail| {
            state::of_alert(detail, detail.time("processingEndTime"))
        });
        all_over &= state != State::Open;
        last_over = Some(state);
    }
    if builder.lacks_time() {
        builder.flagged(properties.time("createdTimeUtc"));
    }
    // The trigger may list fewer alerts than the incident has.
    let is_whole = alerts_counted(properties).is_none_or(|counted| counted <= count);
    if let Some(state) = last_over.filter(|_| all_over && is_whole) {
        builder.state(state);
    }
    Ok(count > 0)
}
