//! An event in the Event Grid schema, around any other payload. A webhook receives a list of events, even for one
//! event.
//!
//! Event Grid validates an endpoint before it sends events: the endpoint has to return the code. Source: "Azure Event
//! Grid event schema"; "Endpoint validation with Event Grid event schema". Amazon's audit records have an `eventType`
//! and an `eventTime` too, so that these alone say nothing.

use crate::alert::builder::AlertBuilder;
use crate::alert::json::tidy::tidy;
use crate::alert::json::{JsonProblem, Object};
use crate::domain::{NothingToDoReason, Shape};

use super::{Inside, Reading, Row, Sign, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::EventGrid,
    sender: "Event Grid in its own schema: an envelope around any other shape",
    signs: &[
        Sign {
            words: "`eventType`",
            holds: |event| event.has("eventType"),
        },
        Sign {
            words: "`data`",
            holds: |event| event.has("data"),
        },
        Sign {
            words: "`dataVersion`, `metadataVersion`, or `subject` and `eventTime`",
            holds: |event| {
                has_any(event, &["dataVersion", "metadataVersion"])
                    || (event.has("subject") && event.has("eventTime"))
            },
        },
    ],
    sample: "inbound/event-grid-schema-array.json",
    reading: Reading::Envelope {
        open,
        sent_at: Some("eventTime"),
    },
};

fn open(event: &Object, builder: &mut AlertBuilder) -> Result<Inside, JsonProblem> {
    let kind = event.text("eventType").unwrap_or_default().to_lowercase();
    if kind == "microsoft.eventgrid.subscriptionvalidationevent" {
        read_validation(event, builder)?;
        return Ok(Inside::Nothing);
    }
    if kind.starts_with("microsoft.eventgrid.") {
        builder.otherwise = NothingToDoReason::NotAnAlert {
            taken_for: "an event of Event Grid about itself",
        };
        return Ok(Inside::Nothing);
    }
    Ok(Inside::Payload("data"))
}

fn read_validation(event: &Object, builder: &mut AlertBuilder) -> Result<(), JsonProblem> {
    let code = event
        .required("data")?
        .text("validationCode")
        .and_then(|code| tidy(&code, 512))
        .ok_or_else(|| {
            JsonProblem::new("a string was expected; none stands there")
                .within("validationCode")
                .within("data")
        })?;
    builder.otherwise = NothingToDoReason::SubscriptionValidation { code };
    Ok(())
}
