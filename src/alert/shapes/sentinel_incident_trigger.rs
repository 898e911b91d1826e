//! The body of the trigger *Microsoft Sentinel incident*, forwarded by an automation rule's playbook or a Logic App.
//!
//! `relatedEntities` holds the entities of all its alerts; it does not say which alert named which account. Source: a
//! published schema of a captured trigger body; "`AccountEntity` interface" for the entities.

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within};
use crate::domain::Shape;

use super::{Reading, Row, Sign, has_any, says, sentinel_incident_resource};

pub(crate) const ROW: Row = Row {
    shape: Shape::SentinelIncidentTrigger,
    sender: "automation rules and Logic Apps with the trigger *Microsoft Sentinel incident*",
    signs: &[Sign {
        words: "`objectSchemaType` is `Incident`, or `object.properties` of an incident",
        holds: |payload| {
            says(payload, "objectSchemaType", "Incident")
                || matches!(payload.object("object"), Ok(Some(object)) if holds_incident(object))
        },
    }],
    sample: "inbound/sentinel-incident-trigger.json",
    reading: Reading::Payload(read),
};

fn holds_incident(object: &Object) -> bool {
    matches!(object.object("properties"), Ok(Some(properties))
        if has_any(properties, &["incidentNumber", "relatedEntities", "alerts", "incidentUrl"]))
}

fn read(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let incident = payload.required("object")?;
    sentinel_incident_resource::read(incident, builder).within("object")
}
