//! The body of the trigger *Microsoft Sentinel incident*, sent on by an automation rule's playbook or a Logic App.
//!
//! The entities of all its alerts stand together in `relatedEntities`; which alert named which account cannot be told.
//! Source: a published schema of a captured trigger body; "`AccountEntity` interface" for the entities.

use super::draft::Draft;
use super::node::Object;
use super::problem::{Problem, Within};
use super::sentinel_incident_resource;

/// Whether it is one: the trigger says what it carries.
pub(super) fn is(payload: &Object) -> bool {
    let named = payload
        .text("objectSchemaType")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("Incident"));
    named || matches!(payload.object("object"), Ok(Some(object)) if object.has("properties"))
}

/// Reads it.
pub(super) fn read(payload: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let incident = payload.required("object")?;
    sentinel_incident_resource::read(incident, draft).within("object")
}
