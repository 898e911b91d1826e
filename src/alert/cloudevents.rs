//! An event of CloudEvents 1.0, around any other payload; batches are lists of them.
//!
//! What it carries stands in `data`, or as base64 in `data_base64`. Sources: "CloudEvents v1.0 schema with Azure Event
//! Grid"; "JSON Event Format for CloudEvents".

use super::draft::Draft;
use super::logicapp_servicebus::decoded;
use super::node::Object;
use super::payload::{read_inner, read_inner_text};
use super::problem::{Problem, Within};

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("specversion")
}

/// Reads it.
pub(super) fn read(event: &Object, draft: &mut Draft, nesting: usize) -> Result<(), Problem> {
    if event.get("data").is_none()
        && let Some(encoded) = event.text("data_base64")
    {
        let text = decoded(&encoded).ok_or_else(|| {
            Problem::new("UTF-8 text in base64 was expected; something else stands there")
                .within("data_base64")
        })?;
        draft
            .enclose(read_inner_text(&text, nesting))
            .within("data_base64")?;
    } else {
        draft
            .enclose(read_inner(event, "data", nesting))
            .within("data")?;
    }
    if draft.lacks_time() {
        draft.flagged(event.time("time"));
    }
    Ok(())
}
