//! Puts the queries of `infra/queries` into `infra/workbook.json`, each into the item that bears the file's name:
//! `cargo run -p template --bin workbook`. A test fails as long as they differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use template::kql::with_queries;

fn main() -> anyhow::Result<()> {
    let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(infra.join("queries"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.context("a query file without a name")?.to_owned();
        files.insert(name, fs::read_to_string(&path)?);
    }
    let path = infra.join("workbook.json");
    let workbook = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let text = serde_json::to_string_pretty(&with_queries(workbook, &files))?;
    fs::write(&path, text + "\n")?;
    Ok(())
}
