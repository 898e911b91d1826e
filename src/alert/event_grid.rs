//! An event in the Event Grid schema, around any other payload. A webhook gets a list of them, also of one.
//!
//! Before it sends any, Event Grid asks whether the endpoint is meant: the code is to be sent back. Source: "Azure Event
//! Grid event schema"; "Endpoint validation with Event Grid event schema".

use crate::domain::NothingToDoReason;

use super::draft::Draft;
use super::hygiene::tidy;
use super::node::Object;
use super::payload::read_inner;
use super::problem::{Problem, Within};

/// Whether it is one.
pub(super) fn is(payload: &Object) -> bool {
    payload.has("eventType") && (payload.has("data") || payload.has("eventTime"))
}

/// Reads it.
pub(super) fn read(event: &Object, draft: &mut Draft, nesting: usize) -> Result<(), Problem> {
    let kind = event.text("eventType").unwrap_or_default().to_lowercase();
    if kind == "microsoft.eventgrid.subscriptionvalidationevent" {
        return read_validation(event, draft);
    }
    if kind.starts_with("microsoft.eventgrid.") {
        draft.otherwise = NothingToDoReason::NotAnAlert;
        return Ok(());
    }
    let inner = read_inner(event, "data", nesting);
    draft.enclose(inner).within("data")?;
    if draft.lacks_time() {
        draft.flagged(event.time("eventTime"));
    }
    Ok(())
}

fn read_validation(event: &Object, draft: &mut Draft) -> Result<(), Problem> {
    let code = event
        .required("data")?
        .text("validationCode")
        .and_then(|code| tidy(&code, 512))
        .ok_or_else(|| {
            Problem::new("a string was expected; none stands there")
                .within("validationCode")
                .within("data")
        })?;
    draft.otherwise = NothingToDoReason::SubscriptionValidation { code };
    Ok(())
}
