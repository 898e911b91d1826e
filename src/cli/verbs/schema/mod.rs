//! `evict schema`: one JSON Schema of every `--json` answer, made from the structs that are written.

mod words;

use clap::{Args, ValueEnum};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, transform_subschemas};
use schemars::{JsonSchema, Schema as Document, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::access::Document as Access;
use super::check::Document as Check;
use super::explain::Document as Explained;
use super::letters::Listed;
use super::send::Sent;
use super::settings::Row;
use super::status::Document as Status;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::write_json;
use crate::receipt::{EventDocument, ManualMessage, OperatorReply, ReplyDocument, Unreadable};
use crate::service::CheckAnswer;

/// Writes what every `--json` answer holds, as one JSON Schema: `properties` has an entry for each verb. With `--of function`,
/// what the function writes: its reply, its events, its messages and its self-check.
///
/// Nothing is read from this machine: the document is the same everywhere.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict schema > evict.schema.json\n  evict schema --of function > function.schema.json"
)]
pub(crate) struct Schema {
    /// Whose documents.
    #[arg(long, value_enum, value_name = "WHOSE", default_value_t = Of::Command)]
    of: Of,
}

/// Who writes the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// This command, with `--json`.
    Command,
    /// The function: `/api/revoke`, the topic and the queues, `/api/check`.
    Function,
}

impl Schema {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        write_json(console.output, &document(self.of))?;
        Ok(Exit::Success)
    }
}

/// The schema. Fields may be added; none is renamed, removed or given another meaning.
fn document(of: Of) -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .transforms
        .push(Box::new(RecursiveTransform(never_null)));
    let mut generator = settings.into_generator();
    let (title, description, named) = match of {
        Of::Command => (
            "The answers of evict --json",
            "Each verb answers what stands under its name in properties.",
            answers(&mut generator).to_vec(),
        ),
        Of::Function => (
            "What Evict's function writes",
            "reply answers POST /api/revoke, check answers /api/check; event stands on the topic evict-receipts, rejected on \
             the queue evict-rejected, handover on the queue evict.",
            written_by_the_function(&mut generator),
        ),
    };
    let mut properties = Map::new();
    for (name, answer) in named {
        properties.insert(name.to_owned(), answer.to_value());
    }
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": format!(
            "{description} What is not known is left out. Fields may be added; none is renamed, removed or given another \
             meaning."
        ),
        "type": "object",
        "properties": properties,
        "$defs": definitions,
    })
}

/// Every verb that answers in JSON. A test holds this list against the help of every verb.
fn answers(generator: &mut SchemaGenerator) -> [(&'static str, Document); 9] {
    [
        ("explain", generator.subschema_for::<Explained<'_>>()),
        ("settings", generator.subschema_for::<Vec<Row>>()),
        ("send", generator.subschema_for::<Sent<'_>>()),
        ("dead-letters list", generator.subschema_for::<Listed<'_>>()),
        ("rejected list", generator.subschema_for::<Listed<'_>>()),
        ("revoke", generator.subschema_for::<OperatorReply<'_>>()),
        ("status", generator.subschema_for::<Status>()),
        ("access", generator.subschema_for::<Access>()),
        ("check", generator.subschema_for::<Check>()),
    ]
}

fn written_by_the_function(generator: &mut SchemaGenerator) -> Vec<(&'static str, Document)> {
    let mut all = of_alerts(generator).to_vec();
    all.push(("check", generator.subschema_for::<CheckAnswer<'_>>()));
    all
}

/// Unknown values are left out, so nothing is ever null.
fn never_null(schema: &mut Document) {
    transform_subschemas(&mut never_null, schema);
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({"type": "null"}));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (name, value) in only {
                schema.insert(name, value);
            }
        }
    }
}

/// A message of the queue `evict-rejected`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "Only its schema is used: each kind of message is written by itself."
)]
enum Rejected<'a> {
    /// One that could not be read, or names nobody yet.
    Unreadable(Unreadable<'a>),
    /// Users who were not cut, as a manual message.
    Unfinished(Box<ManualMessage<'a>>),
}

/// Every document that the function writes about an alert, by its name.
fn of_alerts(generator: &mut SchemaGenerator) -> [(&'static str, Document); 4] {
    [
        ("reply", generator.subschema_for::<ReplyDocument<'_>>()),
        ("event", generator.subschema_for::<EventDocument<'_>>()),
        ("rejected", generator.subschema_for::<Rejected<'_>>()),
        ("handover", generator.subschema_for::<ManualMessage<'_>>()),
    ]
}
