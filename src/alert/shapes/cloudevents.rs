//! An event of CloudEvents 1.0, around any other payload; batches are lists of them.
//!
//! What it carries stands in `data`, or as base64 in `data_base64`. Sources: "CloudEvents v1.0 schema with Azure Event
//! Grid"; "JSON Event Format for CloudEvents".

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Object};
use crate::alert::payload::{read_inner, read_inner_text};
use crate::domain::Shape;

use super::{Reading, Row, Sign, decoded, has_any};

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
    reading: Reading::Envelope(read),
};

fn read(event: &Object, builder: &mut AlertBuilder, nesting: usize) -> Result<(), JsonProblem> {
    if event.get("data").is_none()
        && let Some(encoded) = event.text("data_base64")
    {
        let text = decoded(&encoded).ok_or_else(|| {
            JsonProblem::new("UTF-8 text in base64 was expected; something else stands there")
                .within("data_base64")
        })?;
        builder.enclose(read_inner_text(&text, nesting), "data_base64")?;
    } else {
        builder.enclose(read_inner(event, "data", nesting), "data")?;
    }
    if builder.lacks_time() {
        builder.flagged(event.time("time"));
    }
    Ok(())
}
