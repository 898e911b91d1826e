//! Files that are made from others, for those who expect them in another form: the templates as the compiler writes them for the
//! button "Deploy to Azure", the workbook with its queries put in, and the solution for Microsoft Sentinel's content hub.
//!
//! `cargo run -p template` writes all of them; a test fails as long as one differs.

mod solution;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::bicep::Bicep;
use crate::judge::{files_below, root};
use crate::snapshot;

/// A file with the text that it has to have.
pub type File = (PathBuf, String);

/// The query files by name.
///
/// # Errors
/// A file cannot be read.
pub fn queries() -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for path in files_below(&root().join("infra/queries"), "kql")? {
        let name = path.file_stem().and_then(|it| it.to_str());
        let name = name.context("a query file without a name")?.to_owned();
        found.insert(name, fs::read_to_string(&path)?);
    }
    Ok(found)
}

/// What needs no compiler: the workbook and the solution.
///
/// # Errors
/// A source cannot be read.
pub fn without_compiler() -> anyhow::Result<Vec<File>> {
    let queries = queries()?;
    let path = root().join("infra/workbook.json");
    let workbook = with_queries(serde_json::from_str(&fs::read_to_string(&path)?)?, &queries);
    let mut files = vec![(path, pretty(&workbook)?)];
    files.extend(solution::files(&workbook, &queries)?);
    Ok(files)
}

/// What the compiler makes: the templates as JSON.
///
/// # Errors
/// What the compiler says.
pub fn templates(bicep: &mut Bicep) -> anyhow::Result<Vec<File>> {
    ["infra", "infra/sentinel"]
        .into_iter()
        .map(|folder| {
            let mut template = bicep.build(&format!("{folder}/main.bicep"))?;
            forget_version(&mut template);
            let made = root().join(folder).join("azuredeploy.json");
            Ok((made, pretty(&template)?))
        })
        .collect()
}

/// Everything.
///
/// # Errors
/// A source cannot be read, or what the compiler says.
pub fn all(bicep: &mut Bicep) -> anyhow::Result<Vec<File>> {
    let mut files = without_compiler()?;
    // The templates hold the workbook.
    write(&files)?;
    files.extend(templates(bicep)?);
    files.extend(snapshot::predicted(bicep)?);
    Ok(files)
}

/// Writes files where they belong.
///
/// # Errors
/// A file cannot be written.
pub fn write(files: &[File]) -> anyhow::Result<()> {
    for (path, text) in files {
        let folder = path.parent().context("a file without a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The compiler's version and its hash of the source: another compiler that makes the same template makes the same file.
fn forget_version(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(generator) = object.get_mut("_generator").and_then(Value::as_object_mut) {
                generator.retain(|name, _| name == "name");
            }
            object.values_mut().for_each(forget_version);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_version),
        _ => {}
    }
}

pub(crate) fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// The same workbook with each query replaced by the file that bears the name of its item.
fn with_queries(mut workbook: Value, files: &BTreeMap<String, String>) -> Value {
    let items = workbook["items"].as_array_mut().into_iter().flatten();
    for item in items.filter(|item| item["type"] == 3) {
        let file = item["name"].as_str().and_then(|name| files.get(name));
        if let Some(query) = file {
            item["content"]["query"] = query.clone().into();
        }
    }
    workbook
}
