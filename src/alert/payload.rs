//! Determines the shape of a payload and hands it to the file that reads it. Lists and envelopes return here.

use crate::domain::{NothingToDoReason, Shape, WrittenBy};

use super::builder::{AlertBuilder, Failure};
use super::comment_by::comment_by;
use super::json;
use super::json::{JsonProblem, Node, Object, snake_case, unexpected};
use super::shapes::{self, Inside, Reading, Row};

/// The deepest nesting of envelopes and lists. Three occur: a Logic App that passes on what it received around an Event
/// Grid event.
const MOST_ENVELOPES: usize = 6;

/// Names under which scripts and workflows wrap a payload. Such an object may contain nothing but that one payload. A
/// person's order does not count: `{"result": {"user": …}}` belongs to another system.
const WRAPPERS: &[&str] = &[
    "alert",
    "alerts",
    "content",
    "data",
    "detail",
    "event",
    "events",
    "incident",
    "incidents",
    "input",
    "items",
    "message",
    "messages",
    "payload",
    "triggerBody",
];

/// The form of an object.
enum Form {
    /// A payload of a shape.
    Of(&'static Row),
    /// A document that Evict itself has written.
    Own(Shape, &'static str),
    /// A list of payloads under this name, as Graph and event hubs write it.
    Wrapped(&'static str),
    /// One payload under this name, beside plain values only.
    Enclosed(&'static str),
    /// A row or a record of another kind, as streams carry them beside alerts.
    OtherRecord(&'static str),
    /// None of these.
    Unknown,
}

fn form(payload: &Object) -> Form {
    if let Some((shape, taken_for)) = shapes::own_output(payload) {
        return Form::Own(shape, taken_for);
    }
    if let Some(row) = shapes::row(payload) {
        return Form::Of(row);
    }
    let holds_payloads =
        |name: &&&str| matches!(payload.get(name), Some(Node::List(_) | Node::Object(_)));
    if let Some(name) = ["records", "value"].iter().find(holds_payloads) {
        return Form::Wrapped(name);
    }
    if let Some(taken_for) = shapes::other_record(payload) {
        return Form::OtherRecord(taken_for);
    }
    let holds_one = |name: &&&str| match payload.get(name) {
        Some(Node::List(items)) => !items.is_empty(),
        Some(Node::Object(_)) => true,
        Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_)) | None => false,
    };
    match WRAPPERS.iter().find(holds_one) {
        Some(name) if has_nothing_else(payload, name) => Form::Enclosed(name),
        Some(_) | None => Form::Unknown,
    }
}

fn has_nothing_else(payload: &Object, but: &str) -> bool {
    payload
        .properties()
        .filter(|(name, _)| !name.eq_ignore_ascii_case(but))
        .all(|(_, node)| !matches!(node, Node::List(_) | Node::Object(_)))
}

/// The shape of the readable part of a payload that is cut short.
fn shape_of(node: &Node, nesting: usize) -> Shape {
    match node {
        Node::List(items) if shapes::is_entity_list(items) => Shape::SentinelEntities,
        Node::List(items) if nesting < MOST_ENVELOPES => items
            .first()
            .map_or(Shape::None, |first| shape_of(first, nesting + 1)),
        Node::Object(object) => match form(object) {
            Form::Of(row) => row.shape,
            Form::Own(shape, _) => shape,
            Form::Wrapped(name) | Form::Enclosed(name) if nesting < MOST_ENVELOPES => object
                .get(name)
                .map_or(Shape::None, |inner| shape_of(inner, nesting + 1)),
            Form::Wrapped(_) | Form::Enclosed(_) | Form::OtherRecord(_) | Form::Unknown => {
                Shape::None
            }
        },
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => Shape::None,
    }
}

/// Reads a payload as text: as JSON if it begins like JSON, otherwise as text that a person wrote.
pub(crate) fn read_text(text: &str, nesting: usize) -> Result<AlertBuilder, Failure> {
    let text = json::bare(text);
    if text.is_empty() {
        return Err(AlertBuilder::new(Shape::None).fail(JsonProblem::new(
            "JSON or text was expected; the body is empty",
        )));
    }
    if !text.starts_with(['{', '[', '"']) {
        return read_into(Shape::ManualText, |builder| {
            shapes::read_manual_text(text, builder)
        });
    }
    match json::parse(text) {
        Ok(node) if snake_case::stands_in(&node) => {
            read_node(&snake_case::camel_case(node), nesting)
        }
        Ok(node) => read_node(&node, nesting),
        Err(broken) => {
            let shape = broken
                .rest
                .map_or(Shape::None, |rest| shape_of(&rest, nesting));
            Err(AlertBuilder::new(shape).fail(told_of(text).unwrap_or(broken.problem)))
        }
    }
}

/// What is known of broken JSON besides the position of the error.
fn told_of(text: &str) -> Option<JsonProblem> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_document = |line: &str| line.starts_with('{') && json::parse(line).is_ok();
    if lines.next().is_some_and(is_document)
        && lines.next().is_some_and(|line| line.starts_with('{'))
    {
        return Some(JsonProblem::new(
            "one JSON document was expected; several stand there, one in each line. Send them in a list: [{…}, {…}]"
                .replace('…', "..."),
        ));
    }
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))?;
    (inner.trim_start().starts_with(['{', '['])).then(|| {
        JsonProblem::new(
            "JSON was expected; JSON within quotes stands there, whose own quotes are not escaped. Send it without the outer \
             quotes",
        )
    })
}

/// Reads the contents of an envelope.
fn read_inside(
    envelope: &Object,
    builder: &mut AlertBuilder,
    inside: Inside,
    sent_at: Option<&'static str>,
    nesting: usize,
) -> Result<(), JsonProblem> {
    match inside {
        Inside::Nothing => return Ok(()),
        Inside::Payload(name) => builder.enclose(read_inner(envelope, name, nesting), name)?,
        Inside::Text(name, text) => builder.enclose(read_inner_text(&text, nesting), name)?,
    }
    if let Some(name) = sent_at
        && builder.lacks_time()
    {
        builder.flagged(envelope.time(name));
    }
    Ok(())
}

/// Reads the payload under a property of an envelope.
fn read_inner(envelope: &Object, name: &str, nesting: usize) -> Result<AlertBuilder, Failure> {
    match envelope.get(name) {
        Some(node) => read_node(node, nesting + 1),
        None => Err(AlertBuilder::new(Shape::None).fail(JsonProblem::new(
            "a payload was expected; nothing stands there",
        ))),
    }
}

/// Reads the text in an envelope.
fn read_inner_text(text: &str, nesting: usize) -> Result<AlertBuilder, Failure> {
    // Text that contains a payload counts as an envelope, so that nested texts are bounded too.
    if nesting >= MOST_ENVELOPES {
        return Err(too_deep());
    }
    read_text(text, nesting + 1)
}

fn too_deep() -> Failure {
    AlertBuilder::new(Shape::None).fail(JsonProblem::new(format!(
        "at most {MOST_ENVELOPES} envelopes and lists in one another were expected; there are more"
    )))
}

fn read_node(node: &Node, nesting: usize) -> Result<AlertBuilder, Failure> {
    if nesting > MOST_ENVELOPES {
        return Err(too_deep());
    }
    match node {
        Node::Object(object) => read_object(object, nesting),
        Node::List(items) => read_list(items, nesting),
        // A body written as a JSON string, JSON or not: a step on the way encoded it once more.
        Node::Text(text) => read_inner_text(text, nesting),
        other @ (Node::Null | Node::Bool(_) | Node::Number(_)) => {
            Err(AlertBuilder::new(Shape::None).fail(unexpected("an object", other)))
        }
    }
}

fn read_object(object: &Object, nesting: usize) -> Result<AlertBuilder, Failure> {
    let mut builder = read_form(object, nesting)?;
    builder.comment_by = comment_by(object).or(builder.comment_by);
    Ok(builder)
}

fn read_form(object: &Object, nesting: usize) -> Result<AlertBuilder, Failure> {
    match form(object) {
        Form::Of(row) => read_into(row.shape, |builder| match row.reading {
            Reading::Payload(read) => read(object, builder),
            Reading::Envelope { open, sent_at } => {
                let inside = open(object, builder)?;
                read_inside(object, builder, inside, sent_at, nesting)
            }
        })
        .map(AlertBuilder::ended),
        Form::Own(shape, taken_for) => Err(AlertBuilder::new(shape).fail(JsonProblem::new(format!(
            "an alert, an incident, an entity or a manual message was expected; {taken_for} stands there, and nothing acts \
             on it. See who sends it here, such as a subscription that forwards receipts to the input queue"
        )))),
        Form::Wrapped(name) => read_wrapped(object, name, nesting),
        Form::Enclosed(name) => {
            let inner = read_wrapped(object, name, nesting)?;
            if inner.shape().written_by() == WrittenBy::Person {
                return Err(unknown(object));
            }
            Ok(inner)
        }
        Form::OtherRecord(taken_for) => read_into(Shape::None, |builder| {
            builder.otherwise = NothingToDoReason::NotAnAlert { taken_for };
            Ok(())
        }),
        Form::Unknown => Err(unknown(object)),
    }
}

fn unknown(object: &Object) -> Failure {
    AlertBuilder::new(Shape::None).fail(JsonProblem::new(shapes::foreign_sentence(object)))
}

fn read_wrapped(
    object: &Object,
    name: &'static str,
    nesting: usize,
) -> Result<AlertBuilder, Failure> {
    let Some(inner) = object.get(name) else {
        return Ok(AlertBuilder::new(Shape::None));
    };
    match read_node(inner, nesting + 1) {
        Ok(mut builder) => {
            builder.stands_within(name);
            Ok(builder)
        }
        Err(failure) => Err(Failure {
            problem: failure.problem.within(name),
            ..failure
        }),
    }
}

/// Merges several payloads into one alert with all their subjects. If one of them cannot be understood, all are
/// refused, so that no subject is lost in silence.
fn read_list(items: &[Node], nesting: usize) -> Result<AlertBuilder, Failure> {
    if shapes::is_entity_list(items) {
        return read_into(Shape::SentinelEntities, |builder| {
            shapes::read_entity_list(items, builder)
        });
    }
    let is_name = |item: &Node| matches!(item, Node::Text(text) if !is_json(text));
    if !items.is_empty() && items.iter().all(is_name) {
        return Err(AlertBuilder::new(Shape::None).fail(JsonProblem::new(
            "a list of alerts was expected; a list of strings stands there. To name users, send \
             {\"users\": [\"alice@contoso.com\", \"bob@contoso.com\"]}",
        )));
    }
    let mut all: Option<AlertBuilder> = None;
    for (index, item) in items.iter().enumerate() {
        let read = match item {
            Node::Object(_) | Node::List(_) if nesting >= MOST_ENVELOPES => Err(too_deep()),
            Node::Object(object) => read_object(object, nesting + 1),
            Node::List(items) => read_list(items, nesting + 1),
            // A trigger that takes a batch of events passes each one on as text.
            Node::Text(text) if is_json(text) => read_inner_text(text, nesting),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {
                Err(AlertBuilder::new(Shape::None).fail(unexpected("an object", item)))
            }
        };
        let builder = read.map_err(|failure| Failure {
            problem: failure.problem.at(index),
            ..failure
        })?;
        all.get_or_insert_with(|| AlertBuilder::new(builder.shape()))
            .absorb(builder, |problem| problem.at(index));
    }
    Ok(all.unwrap_or_else(|| AlertBuilder::new(Shape::None)))
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn read_into(
    shape: Shape,
    read: impl FnOnce(&mut AlertBuilder) -> Result<(), JsonProblem>,
) -> Result<AlertBuilder, Failure> {
    let mut builder = AlertBuilder::new(shape);
    match read(&mut builder) {
        Ok(()) => Ok(builder),
        Err(problem) => Err(builder.fail(problem)),
    }
}

/// The object whose properties determine the shape: the payload itself, or the first object in its lists.
pub(crate) fn told_by<'n, 'a>(node: &'n Node<'a>) -> Option<&'n Object<'a>> {
    let mut node = node;
    for _ in 0..MOST_ENVELOPES {
        match node {
            Node::List(items) => node = items.first()?,
            Node::Object(object) => match form(object) {
                Form::Wrapped(name) | Form::Enclosed(name) => node = object.get(name)?,
                Form::Of(_) | Form::Own(..) | Form::OtherRecord(_) | Form::Unknown => {
                    return Some(object);
                }
            },
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => return None,
        }
    }
    None
}
