//! Says which shape a payload has and hands it to the file that reads it; lists and envelopes come back here.

use crate::domain::{NothingToDoReason, Shape};

use super::draft::{Draft, Failure};
use super::node::{Node, Object, unexpected};
use super::problem::Problem;
use super::{
    azure_monitor_activity, azure_monitor_common, cloudevents, defender_for_cloud_export,
    defender_xdr_legacy_incident, defender_xdr_streaming, entra_diagnostics, event_grid,
    graph_alert_v2, graph_incident, graph_risk_detection, graph_risky_user, json,
    logicapp_servicebus, manual, manual_text, mde_alert, notification, sentinel_alert_trigger,
    sentinel_entity_trigger, sentinel_incident_resource, sentinel_incident_trigger,
    sentinel_securityalert_record,
};

/// How many envelopes and lists may stand in one another. Two occur: a Logic App that passes on an Event Grid event.
const MOST_ENVELOPES: usize = 6;

/// What an object is.
#[derive(Clone, Copy)]
enum Form {
    /// A payload of a shape.
    Of(Shape),
    /// A list of payloads under this name, as Graph and event hubs write it.
    Wrapped(&'static str),
    /// A notification of Graph, without an envelope.
    Notification,
    /// A row or a record of another kind, as streams carry them beside alerts.
    OtherRecord,
    /// None of these.
    Unknown,
}

/// Whether an object has the properties of a shape.
type Sign = fn(&Object) -> bool;

/// Recognises an object by its properties, the surest signs first: envelopes and schemas that name themselves, then what
/// a person wrote, then shapes that are told by the properties that they alone have.
fn form(payload: &Object) -> Form {
    let signs: [(Sign, Form); 22] = [
        (cloudevents::is, Form::Of(Shape::CloudEvents)),
        (event_grid::is, Form::Of(Shape::EventGrid)),
        (logicapp_servicebus::is, Form::Of(Shape::LogicAppServiceBus)),
        (
            azure_monitor_activity::is,
            Form::Of(Shape::AzureMonitorActivity),
        ),
        (
            azure_monitor_common::is,
            Form::Of(Shape::AzureMonitorCommon),
        ),
        (
            sentinel_incident_trigger::is,
            Form::Of(Shape::SentinelIncidentTrigger),
        ),
        (manual::names_users, Form::Of(Shape::Manual)),
        (
            sentinel_entity_trigger::is,
            Form::Of(Shape::SentinelEntityTrigger),
        ),
        (
            sentinel_incident_resource::is,
            Form::Of(Shape::SentinelIncidentResource),
        ),
        (
            sentinel_securityalert_record::is,
            Form::Of(Shape::SentinelSecurityAlertRecord),
        ),
        (
            defender_for_cloud_export::is,
            Form::Of(Shape::DefenderForCloudExport),
        ),
        (
            defender_xdr_streaming::is,
            Form::Of(Shape::DefenderXdrStreaming),
        ),
        (entra_diagnostics::is, Form::Of(Shape::EntraDiagnostics)),
        (
            sentinel_alert_trigger::is,
            Form::Of(Shape::SentinelAlertTrigger),
        ),
        (notification::is, Form::Notification),
        (
            graph_risk_detection::is,
            Form::Of(Shape::GraphRiskDetection),
        ),
        (graph_risky_user::is, Form::Of(Shape::GraphRiskyUser)),
        (graph_incident::is, Form::Of(Shape::GraphIncident)),
        (mde_alert::is, Form::Of(Shape::MdeAlert)),
        (
            defender_xdr_legacy_incident::is,
            Form::Of(Shape::DefenderXdrLegacyIncident),
        ),
        (graph_alert_v2::is, Form::Of(Shape::GraphAlertV2)),
        (manual::is, Form::Of(Shape::Manual)),
    ];
    if let Some((_, form)) = signs.into_iter().find(|(is, _)| is(payload)) {
        return form;
    }
    let holds_payloads =
        |name: &&str| matches!(payload.get(name), Some(Node::List(_) | Node::Object(_)));
    if let Some(name) = ["records", "value"]
        .iter()
        .find(|name| holds_payloads(name))
    {
        return Form::Wrapped(name);
    }
    let is_record = payload.has("category") && payload.has("time");
    let is_row = payload.has("TimeGenerated") && payload.has("Type");
    if is_record || is_row {
        return Form::OtherRecord;
    }
    Form::Unknown
}

/// The shape of what could be read of a payload that breaks off.
fn shape_of(node: &Node, nesting: usize) -> Shape {
    match node {
        Node::List(items) if nesting < MOST_ENVELOPES => items
            .first()
            .map_or(Shape::None, |first| shape_of(first, nesting + 1)),
        Node::Object(object) => match form(object) {
            Form::Of(shape) => shape,
            Form::Wrapped(name) if nesting < MOST_ENVELOPES => object
                .get(name)
                .map_or(Shape::None, |inner| shape_of(inner, nesting + 1)),
            Form::Notification => notification::shape(object),
            Form::Wrapped(_) | Form::OtherRecord | Form::Unknown => Shape::None,
        },
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => Shape::None,
    }
}

/// Reads a payload as text: JSON if it begins like JSON, or else what a person wrote as text.
pub(super) fn read_text(text: &str, nesting: usize) -> Result<Draft, Failure> {
    let text = json::bare(text);
    if text.is_empty() {
        return Err(Draft::new(Shape::None)
            .fail(Problem::new("JSON or text was expected; the body is empty")));
    }
    if !text.starts_with(['{', '[', '"']) {
        return read_into(Shape::ManualText, |draft| manual_text::read(text, draft));
    }
    match json::parse(text) {
        Ok(node) => read_node(&node, nesting),
        Err(broken) => {
            let shape = broken
                .rest
                .map_or(Shape::None, |rest| shape_of(&rest, nesting));
            Err(Draft::new(shape).fail(broken.problem))
        }
    }
}

/// Reads what stands in an envelope under a name.
pub(super) fn read_inner(envelope: &Object, name: &str, nesting: usize) -> Result<Draft, Failure> {
    match envelope.get(name) {
        Some(node) => read_node(node, nesting + 1),
        None => Err(Draft::new(Shape::None)
            .fail(Problem::new("a payload was expected; nothing stands there"))),
    }
}

/// Reads what stands in an envelope as text.
pub(super) fn read_inner_text(text: &str, nesting: usize) -> Result<Draft, Failure> {
    // Text that holds a payload counts like an envelope: a text within a text within a text has an end, too.
    if nesting >= MOST_ENVELOPES {
        return Err(too_deep());
    }
    read_text(text, nesting + 1)
}

fn too_deep() -> Failure {
    Draft::new(Shape::None).fail(Problem::new(format!(
        "at most {MOST_ENVELOPES} envelopes and lists in one another were expected; there are more"
    )))
}

fn read_node(node: &Node, nesting: usize) -> Result<Draft, Failure> {
    if nesting > MOST_ENVELOPES {
        return Err(too_deep());
    }
    match node {
        Node::Object(object) => read_object(object, nesting),
        Node::List(items) => read_list(items, nesting),
        // A body that was written as a JSON string, JSON or not: a step on its way encoded it once more.
        Node::Text(text) => read_inner_text(text, nesting),
        other @ (Node::Null | Node::Bool(_) | Node::Number(_)) => {
            Err(Draft::new(Shape::None).fail(unexpected("an object", other)))
        }
    }
}

fn read_object(object: &Object, nesting: usize) -> Result<Draft, Failure> {
    match form(object) {
        Form::Of(shape) => {
            read_into(shape, |draft| read_shape(shape, object, draft, nesting))
        }
        Form::Wrapped(name) => match object.get(name) {
            Some(inner) => read_node(inner, nesting + 1).map_err(|failure| Failure {
                problem: failure.problem.within(name),
                ..failure
            }),
            None => Ok(Draft::new(Shape::None)),
        },
        Form::Notification => read_into(notification::shape(object), |draft| {
            notification::read(object, draft);
            Ok(())
        }),
        Form::OtherRecord => read_into(Shape::None, |draft| {
            draft.otherwise = NothingToDoReason::NotAnAlert;
            Ok(())
        }),
        Form::Unknown => Err(Draft::new(Shape::None).fail(Problem::new(
            "an alert, an incident, an entity or a manual message was expected; an object of another kind stands there",
        ))),
    }
}

/// Several payloads: one alert with all their subjects, or none at all if one of them cannot be understood, so that no
/// subject is lost in silence.
fn read_list(items: &[Node], nesting: usize) -> Result<Draft, Failure> {
    let mut all: Option<Draft> = None;
    for (index, item) in items.iter().enumerate() {
        let read = match item.as_object() {
            Ok(object) if nesting < MOST_ENVELOPES => read_object(object, nesting + 1),
            Ok(_) => Err(too_deep()),
            Err(problem) => Err(Draft::new(Shape::None).fail(problem)),
        };
        let draft = read.map_err(|failure| Failure {
            problem: failure.problem.at(index),
            ..failure
        })?;
        all.get_or_insert_with(|| Draft::new(draft.shape()))
            .absorb(draft);
    }
    Ok(all.unwrap_or_else(|| Draft::new(Shape::None)))
}

fn read_into(
    shape: Shape,
    read: impl FnOnce(&mut Draft) -> Result<(), Problem>,
) -> Result<Draft, Failure> {
    let mut draft = Draft::new(shape);
    match read(&mut draft) {
        Ok(()) => Ok(draft),
        Err(problem) => Err(draft.fail(problem)),
    }
}

fn read_shape(
    shape: Shape,
    object: &Object,
    draft: &mut Draft,
    nesting: usize,
) -> Result<(), Problem> {
    match shape {
        Shape::SentinelIncidentTrigger => sentinel_incident_trigger::read(object, draft),
        Shape::SentinelIncidentResource => sentinel_incident_resource::read(object, draft),
        Shape::SentinelAlertTrigger => sentinel_alert_trigger::read(object, draft),
        Shape::SentinelSecurityAlertRecord => sentinel_securityalert_record::read(object, draft),
        Shape::SentinelEntityTrigger => sentinel_entity_trigger::read(object, draft),
        Shape::LogicAppServiceBus => logicapp_servicebus::read(object, draft, nesting),
        Shape::GraphAlertV2 => graph_alert_v2::read(object, draft),
        Shape::GraphIncident => graph_incident::read(object, draft),
        Shape::MdeAlert => mde_alert::read(object, draft),
        Shape::DefenderXdrLegacyIncident => defender_xdr_legacy_incident::read(object, draft),
        Shape::DefenderXdrStreaming => defender_xdr_streaming::read(object, draft),
        Shape::GraphRiskyUser => graph_risky_user::read(object, draft),
        Shape::GraphRiskDetection => graph_risk_detection::read(object, draft),
        Shape::EntraDiagnostics => entra_diagnostics::read(object, draft),
        Shape::DefenderForCloudExport => defender_for_cloud_export::read(object, draft),
        Shape::AzureMonitorCommon => azure_monitor_common::read(object, draft),
        Shape::AzureMonitorActivity => azure_monitor_activity::read(object, draft),
        Shape::EventGrid => event_grid::read(object, draft, nesting),
        Shape::CloudEvents => cloudevents::read(object, draft, nesting),
        Shape::Manual => manual::read(object, draft),
        // Text is no object, and what has no shape is read by nobody.
        Shape::ManualText | Shape::None => Err(unexpected_object()),
    }
}

fn unexpected_object() -> Problem {
    Problem::new("text was expected; an object stands there")
}
