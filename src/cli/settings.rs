//! `evict settings`: the registry of settings, as README shows it.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::escape::write_json;
use super::{Console, Exit};
use crate::config::{Fallback, REGISTRY, Setting, table};

/// Lists every setting of the function app: what it holds, its default, and what it is for.
///
/// Nothing is read from this machine: the list is the same everywhere.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  evict settings\n  evict settings --json")]
pub(super) struct Settings {
    /// Answer with one JSON document: an array of {"name", "holds", "required", "default", "meaning"}.
    #[arg(long)]
    json: bool,
}

/// A setting of the function app.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Setting")]
pub(super) struct Row {
    /// The variable.
    name: &'static str,
    /// What it may hold, in words.
    holds: String,
    /// Whether it has to be set.
    required: bool,
    /// What counts if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'static str>,
    /// What it is for.
    meaning: &'static str,
}

impl From<&Setting> for Row {
    fn from(setting: &Setting) -> Self {
        let (required, default) = match setting.fallback {
            Fallback::Required { .. } => (true, None),
            Fallback::Absent { .. } => (false, None),
            Fallback::Text(text) => (false, Some(text)),
        };
        Self {
            name: setting.name,
            holds: setting.kind.describe(),
            required,
            default,
            meaning: setting.doc,
        }
    }
}

impl Settings {
    /// Runs the verb.
    pub(super) fn run(&self, console: &mut Console<'_>) -> Exit {
        let written = if self.json {
            let rows: Vec<Row> = REGISTRY.iter().map(Row::from).collect();
            write_json(console.output, &rows)
        } else {
            console.output.write_all(table().as_bytes())
        };
        written.map_or(Exit::Io, |()| Exit::Success)
    }
}
