//! Makes `tests/fixtures/bicep-types` from a full copy of the type definitions:
//!
//! `cargo run -p template --example trim_types -- <folder with <provider>/<version>.json>`
//!
//! It keeps the resource types that `infra/` declares, so it is to be run when a template begins to use another.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use template::bicep::{Folder, trim};

fn main() -> anyhow::Result<()> {
    let full = std::env::args()
        .nth(1)
        .context("the folder with the full type definitions is to be named")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("tests/fixtures/bicep-types");
    let infra = Folder::read(&root.join("infra"))?;
    let used: BTreeSet<_> = infra
        .documents()
        .flat_map(|(_, document)| &document.declarations.resources)
        .map(|resource| resource.kind.to_lowercase())
        .collect();
    for provider in fs::read_dir(&full).context(full.clone())? {
        let provider = provider?.path();
        if !provider.is_dir() {
            continue;
        }
        for file in fs::read_dir(&provider)? {
            let file = file?.path();
            if file.extension().is_none_or(|it| it != "json") {
                continue;
            }
            let text = fs::read_to_string(&file)?;
            let trimmed = trim(&text, |name| used.contains(&name.to_lowercase()))
                .with_context(|| file.display().to_string())?;
            let Some(trimmed) = trimmed else {
                continue;
            };
            let copy = target.join(file.strip_prefix(&full)?);
            fs::create_dir_all(copy.parent().context("a file without a folder")?)?;
            fs::write(&copy, trimmed)?;
        }
    }
    Ok(())
}
