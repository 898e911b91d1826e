//! The files in the repository that are generated from figures: `measured.json`, the plot, the table of the page beside
//! them, and the three figures in README.md. Figures become outdated, but their forms must agree: a test compares all
//! of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sandbox::handler::repository_root;
use serde_json::Value;

use crate::figures::Measured;
use crate::plot::plot;
use crate::table::{short, table, three_figures};

/// The pages below the root of the repository, and the name of the block that each has.
const PAGE: (&str, &str) = ("tests/bench/README.md", "bench");
const README: (&str, &str) = ("README.md", "figures");

/// Ten to the power of the kept decimals.
const DECIMALS: f64 = 10_000.0;

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The figures that are kept in the repository.
///
/// # Errors
/// They are missing, or have another form than this program's.
pub fn kept() -> anyhow::Result<Measured> {
    let path = own("measured.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not what this program writes; run `cargo run --release -p bench -- --write`",
            path.display()
        )
    })
}

/// The figures rounded to the kept decimals, so that files written now and files generated later from `measured.json`
/// are the same.
///
/// # Errors
/// A figure is not a number.
pub fn rounded(measured: &Measured) -> anyhow::Result<Measured> {
    let mut value = serde_json::to_value(measured)?;
    round(&mut value);
    serde_json::from_value(value).context("a figure is no number")
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
                *value = ((float * DECIMALS).round() / DECIMALS).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(members) => members.values_mut().for_each(round),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Writes the figures and the plot into a folder.
///
/// # Errors
/// They cannot be written.
pub fn save(measured: &Measured, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    for (name, text) in [
        ("measured.json", json(measured)?),
        ("growth.svg", plot(measured)),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Keeps the figures in the repository: the file, the plot, and both blocks.
///
/// # Errors
/// A file cannot be read or written, or a page has no block.
pub fn keep(measured: &Measured) -> anyhow::Result<()> {
    save(measured, &own(""))?;
    for ((page, name), block) in [(PAGE, block(measured)), (README, three_figures(measured))] {
        let path = repository_root().join(page);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {page}"))?;
        let made = with_block(&text, name, &block).with_context(|| page.to_owned())?;
        fs::write(&path, made).with_context(|| format!("writing {page}"))?;
    }
    Ok(())
}

fn json(measured: &Measured) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(measured)? + "\n")
}

/// The block: the table, and where and when it was measured.
#[must_use]
pub fn block(measured: &Measured) -> String {
    let machine = &measured.machine;
    format!(
        "{}\nMeasured on {} on {} cores ({}), {} GiB, {}; {}; {}; load before: {}.\n",
        table(measured),
        measured.date,
        machine.cores,
        machine.processor,
        short(machine.memory),
        machine.kernel,
        machine.profile,
        machine.versions.join(", "),
        short(machine.load)
    )
}

/// The text with this block replaced.
fn with_block(text: &str, name: &str, block: &str) -> anyhow::Result<String> {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let Some((before, rest)) = text.split_once(&begin) else {
        bail!("there is no {begin}");
    };
    let Some((_, after)) = rest.split_once(&end) else {
        bail!("there is no {end} after {begin}");
    };
    Ok(format!("{before}{begin}\n{block}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::row_names;

    fn page(path: &str) -> String {
        fs::read_to_string(repository_root().join(path)).unwrap()
    }

    #[test]
    fn the_pages_show_the_figures_that_are_kept() {
        let measured = kept().unwrap();
        for ((path, name), block) in [(PAGE, block(&measured)), (README, three_figures(&measured))]
        {
            let text = page(path);
            assert_eq!(text, with_block(&text, name, &block).unwrap());
        }
    }

    #[test]
    fn the_page_has_the_rows_of_the_program_and_readme_three_of_them() {
        let rows = |text: String| -> Vec<String> {
            let lines = text
                .lines()
                .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
            lines
                .filter(|name| !name.starts_with(['|', '-']))
                .map(str::to_owned)
                .collect()
        };
        let measured = kept().unwrap();
        assert_eq!(rows(block(&measured)), row_names());
        let three = rows(three_figures(&measured));
        assert_eq!(three.len(), 3);
        assert!(three.iter().all(|name| row_names().contains(name)));
    }

    #[test]
    fn the_plot_and_the_file_are_what_the_program_makes_of_the_figures() {
        let measured = kept().unwrap();
        let read = |name| fs::read_to_string(own(name)).unwrap();
        assert_eq!(read("growth.svg"), plot(&measured));
        assert_eq!(read("measured.json"), json(&measured).unwrap());
        assert!(page(PAGE.0).contains("](growth.svg)"));
    }

    #[test]
    fn a_text_without_a_place_for_the_block_is_refused() {
        assert!(with_block("nothing", "bench", "x").is_err());
        assert!(with_block("<!-- bench -->", "bench", "x").is_err());
        let text = "a <!-- bench -->old<!-- /bench --> b";
        let text = with_block(text, "bench", "new\n").unwrap();
        assert_eq!(text, "a <!-- bench -->\nnew\n<!-- /bench --> b");
    }
}
