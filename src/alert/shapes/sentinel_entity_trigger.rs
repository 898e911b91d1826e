//! The body of the trigger *Microsoft Sentinel entity*: an analyst runs a playbook on one account.
//!
//! It has no severity, no time and no alert; the incident's id is null when the analyst came from an entity's page.
//! Source: the members that published playbooks read; the whole body is put together from them.

use crate::alert::accounts::read_entity;
use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object, Within, cut_off};
use crate::domain::Shape;

use super::{Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::SentinelEntityTrigger,
    sender: "*Run playbook* on an account, trigger *Microsoft Sentinel entity*",
    signs: &[Sign {
        words: "`Entity` with a kind or properties, or `IncidentArmID`",
        holds: |payload| {
            let has_entity = matches!(payload.object("Entity"), Ok(Some(entity))
                if has_any(entity, &["properties", "kind"]));
            has_entity || payload.has("IncidentArmID")
        },
    }],
    sample: "inbound/sentinel-entity-trigger.json",
    reading: Reading::Payload(read),
};

fn read(payload: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    cut_off::refuse(payload, &["Entity"])?;
    builder.incident(payload.text("IncidentArmID"));
    read_entity(payload.required("Entity")?, builder).within("Entity")
}
