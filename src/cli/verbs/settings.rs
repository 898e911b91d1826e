//! `evict settings`: the registry of settings, as `src/config/README.md` shows it.

use std::io::{self, Write};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::deployment::standing::{Chosen, Origin, Standing};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::{Escaped, write_json};
use crate::config::{Fallback, REGISTRY, Setting, table};

/// Lists every setting of the function app and of this command: what it holds, its default, and what it is for; and what counts at this shell, with where
/// it stands.
///
/// A flag wins over a variable, and a variable over the profile.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  evict settings\n  evict settings --json")]
pub(crate) struct Settings {
    /// Answer with one JSON document: an array of {"name", "holds", "required", "default", "meaning", "value", "from"}.
    #[arg(long)]
    json: bool,
}

/// A setting of the function app.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Setting")]
pub(crate) struct Row {
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
    /// What counts at this shell, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Where that stands: the variable, or `profile` and its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
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
            value: None,
            from: None,
        }
    }
}

impl Row {
    fn with_value(mut self, here: &[(&'static str, &Chosen)]) -> Self {
        let chosen = here.iter().find(|(name, _)| *name == self.name);
        if let Some((_, chosen)) = chosen {
            self.value = Some(chosen.text.clone());
            self.from = Some(from(chosen));
        }
        self
    }
}

fn from(chosen: &Chosen) -> String {
    match &chosen.origin {
        Origin::Variable(name) => (*name).to_owned(),
        Origin::Profile(name) => format!("profile {name}"),
    }
}

/// The values that apply at this shell, by variable.
fn values_here(standing: &Standing) -> Vec<(&'static str, &Chosen)> {
    [
        ("EVICT_TENANT_ID", &standing.tenant),
        ("EVICT_CLOUD", &standing.cloud),
        ("EVICT_NAMESPACE", &standing.namespace),
        ("EVICT_CHECK_URL", &standing.url),
        ("EVICT_HTTP_AUDIENCE", &standing.audience),
    ]
    .into_iter()
    .filter_map(|(name, chosen)| Some((name, chosen.as_ref()?)))
    .collect()
}

impl Settings {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let standing = console.surroundings.standing()?;
        let here = values_here(&standing);
        if self.json {
            let rows: Vec<Row> = REGISTRY
                .iter()
                .map(|setting| Row::from(setting).with_value(&here))
                .collect();
            write_json(console.output, &rows)?;
        } else {
            write(console.output, &here)?;
        }
        Ok(Exit::Success)
    }
}

fn write(output: &mut dyn Write, here: &[(&'static str, &Chosen)]) -> io::Result<()> {
    output.write_all(table().as_bytes())?;
    if here.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nAt this shell:")?;
    for (name, chosen) in here {
        let from = from(chosen);
        writeln!(
            output,
            "   {name:<19}  {}  ({})",
            Escaped(&chosen.text),
            Escaped(&from)
        )?;
    }
    Ok(())
}
