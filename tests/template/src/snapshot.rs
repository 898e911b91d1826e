//! What deployments would make, as it is kept beside the tests: one file for each parameter file of `snapshots/`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bicep::Bicep;
use crate::judge::{files_below, root};

/// A resource that a deployment would make.
#[derive(Debug, Clone, Deserialize)]
pub struct Resource {
    /// Its id; an expression where it depends on what Azure answers.
    pub id: String,
    /// Its type, such as `Microsoft.Web/sites`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name; an expression where it depends on what Azure answers.
    pub name: String,
    /// All of it.
    #[serde(flatten)]
    pub body: Value,
}

impl Resource {
    /// The value at a JSON pointer.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The text at a JSON pointer; empty if there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// Its name without those of what it is within.
    #[must_use]
    pub fn own_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// What it belongs to, if it is an extension such as a role assignment: the first text in its id.
    #[must_use]
    pub fn scope(&self) -> &str {
        match self.id.strip_prefix("[extensionResourceId('") {
            Some(rest) => rest.split('\'').next().unwrap_or_default(),
            None => self
                .id
                .rsplit_once("/providers/")
                .map_or("", |(scope, _)| scope),
        }
    }
}

/// One deployment.
#[derive(Debug)]
pub struct Snapshot {
    /// The name of its parameter file.
    pub name: String,
    /// What it would make.
    pub resources: Vec<Resource>,
}

impl Snapshot {
    /// The resources of a type.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |it| it.kind == kind)
    }
}

fn folder() -> PathBuf {
    root().join("tests/template/snapshots")
}

/// The deployments as they are kept.
///
/// # Errors
/// A file is missing or cannot be read.
pub fn kept() -> anyhow::Result<Vec<Snapshot>> {
    let read = |parameters: PathBuf| {
        let path = parameters.with_extension("snapshot.json");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut value: Value = serde_json::from_str(&text)?;
        let resources = serde_json::from_value(value["predictedResources"].take())?;
        let name = parameters.file_stem().and_then(|it| it.to_str());
        let name = name.context("a file without a name")?.to_owned();
        Ok(Snapshot { name, resources })
    };
    let files = files_below(&folder(), "bicepparam")?;
    files.into_iter().map(read).collect()
}

/// The deployments as the compiler predicts them now: the path of the file that is kept, and its text.
///
/// # Errors
/// What the compiler says.
pub fn predicted(bicep: &mut Bicep) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let predict = |parameters: PathBuf| {
        let mut value = bicep.snapshot(&parameters)?;
        shorten(&mut value);
        let text = serde_json::to_string_pretty(&value)? + "\n";
        Ok((parameters.with_extension("snapshot.json"), text))
    };
    let files = files_below(&folder(), "bicepparam")?;
    files.into_iter().map(predict).collect()
}

/// Takes out what stands in files of its own: the workbook, the queries and the playbooks, which are judged there.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let is_long = inner.as_str().is_some_and(|text| text.lines().count() > 3);
                if name == "definition"
                    || (is_long && ["query", "serializedData"].contains(&name.as_str()))
                {
                    *inner = json!("(left out: it has a file of its own)");
                } else {
                    shorten(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}
