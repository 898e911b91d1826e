//! The body of the trigger *Microsoft Sentinel entity*: an analyst runs a playbook on one account.
//!
//! It has no severity, no time and no alert; the incident's id is null when the analyst came from an entity's page.
//! Source: the members that published playbooks read; the whole body is put together from them.

use super::draft::Draft;
use super::entities;
use super::node::Object;
use super::problem::{Problem, Within};

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    let has_entity = matches!(payload.object("Entity"), Ok(Some(entity))
        if entity.has("properties") || entity.has("kind"));
    has_entity || payload.has("IncidentArmID")
}

/// Reads it.
pub(super) fn read(payload: &Object, draft: &mut Draft) -> Result<(), Problem> {
    draft.incident(payload.text("IncidentArmID"));
    entities::read_one(payload.required("Entity")?, &mut draft.subjects).within("Entity")
}
