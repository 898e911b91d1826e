//! An event of CloudEvents 1.0, around any other payload; batches are lists of them.
//!
//! What it carries stands in `data`, or as base64 in `data_base64`. Sources: "CloudEvents v1.0 schema with Azure Event
//! Grid"; "JSON Event Format for CloudEvents".

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object};
use crate::domain::Shape;

use super::{Inside, Reading, Row, Sign, decoded, has_any};

pub(crate) const ROW: Row = Row {
    shape: Shape::CloudEvents,
    sender: "event publishers, Event Grid in the CloudEvents schema: an envelope around any other shape",
    signs: &[
        Sign {
            words: "`specversion`",
            holds: |event| event.has("specversion"),
        },
        Sign {
            words: "`type` or `source`",
            holds: |event| has_any(event, &["type", "source"]),
        },
    ],
    sample: "inbound/cloudevents-sentinel-incident.json",
    reading: Reading::Envelope {
        open,
        sent_at: Some("time"),
    },
};

fn open(event: &Object, _builder: &mut AlertBuilder) -> Result<Inside, JsonProblem> {
    if event.get("data").is_none()
        && let Some(encoded) = event.text("data_base64")
    {
        let text = decoded(&encoded).ok_or_else(|| {
            JsonProblem::new("UTF-8 text in base64 was expected; something else stands there")
                .within("data_base64")
        })?;
        return Ok(Inside::Text("data_base64", text));
    }
    Ok(Inside::Payload("data"))
}
