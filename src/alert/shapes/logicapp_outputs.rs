//! The whole output of a Logic App's trigger or action: headers and a body, sent in place of the body alone.
//!
//! `triggerOutputs()` and `outputs()` stand for the whole, `triggerBody()` and `body()` for the body; a playbook that
//! takes one for the other sends the envelope. The record of an action has `inputs` and `outputs` around it. Sources:
//! "Workflow expression functions reference guide", Azure Logic Apps.

use crate::alert::builder::AlertBuilder;
use crate::alert::json::{JsonProblem, Node, Object};
use crate::domain::Shape;

use super::{Inside, Reading, Row, Sign};

/// The properties that Logic Apps put beside a body.
const BESIDE: &[&str] = &[
    "body",
    "clientTrackingId",
    "code",
    "correlation",
    "endTime",
    "headers",
    "inputs",
    "inputsLink",
    "name",
    "outputs",
    "outputsLink",
    "path",
    "pathParameters",
    "queries",
    "relativePathParameters",
    "retryHistory",
    "scheduledTime",
    "startTime",
    "status",
    "statusCode",
    "trackingId",
];

pub(crate) const ROW: Row = Row {
    shape: Shape::LogicAppOutputs,
    sender: "Logic Apps that pass on `triggerOutputs()` or an action's outputs in place of the body: an envelope",
    signs: &[Sign {
        words: "`body` or `outputs`, with nothing beside it but what Logic Apps put there, such as `headers`",
        holds: |payload| {
            let is_known = |name: &str| BESIDE.iter().any(|known| known.eq_ignore_ascii_case(name));
            inner(payload).is_some() && payload.properties().all(|(name, _)| is_known(name))
        },
    }],
    sample: "field/logicapp-trigger-outputs.json",
    reading: Reading::Envelope {
        open,
        sent_at: None,
    },
};

fn inner(payload: &Object) -> Option<&'static str> {
    ["body", "outputs"].into_iter().find(|name| {
        matches!(
            payload.get(name),
            Some(Node::Object(_) | Node::List(_) | Node::Text(_))
        )
    })
}

#[expect(clippy::unnecessary_wraps, reason = "what a row asks for")]
fn open(payload: &Object, _builder: &mut AlertBuilder) -> Result<Inside, JsonProblem> {
    Ok(Inside::Payload(inner(payload).unwrap_or("body")))
}
