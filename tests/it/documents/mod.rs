//! The pages are true, as far as a program can check: links lead somewhere, names of files, tests and settings exist,
//! and tables are generated from their sources.

mod fields;
mod links;
mod named;
mod rooms;
mod runbook;

use std::fs;
use std::path::Path;

/// A page of the repository.
fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Every page of the repository, by its path with `/`: every committed Markdown file.
fn pages() -> Vec<String> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    found.sort();
    found
}

/// Files that others wrote, or that a tool puts there.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "proptest-regressions"];

fn collect(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{below}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), found);
            }
        } else if is_page(&name) {
            found.push(path);
        }
    }
}

/// Whether a file is Markdown.
fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ext| ext == "md")
}

/// A line of a page, with the language of its code block.
struct Line<'a> {
    text: &'a str,
    block: Option<&'a str>,
}

/// The lines of a page, without those that open and close code blocks.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut block = None;
    let mut found = Vec::new();
    for text in text.lines() {
        if let Some(language) = text.trim_start().strip_prefix("```") {
            block = match block {
                None => Some(language),
                Some(_) => None,
            };
            continue;
        }
        found.push(Line { text, block });
    }
    found
}

/// The tests that a text names: `file::name` in backticks, in the last column of a table.
fn tests_named(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter_map(|name| name.rsplit_once("::"))
        .map(|(file, name)| (file.to_owned(), name.to_owned()))
        .collect()
}

/// Whether a source below the folder, in files and folders of these names, has a function of that name.
fn has_test(folder: &Path, modules: &str, name: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return path.file_name().is_none_or(|name| name != "target")
                && has_test(&path, modules, name);
        }
        let is_meant = path.extension().is_some_and(|extension| extension == "rs")
            && modules.split("::").all(|module| {
                path.components()
                    .any(|part| Path::new(part.as_os_str()).file_stem() == Some(module.as_ref()))
            });
        is_meant
            && fs::read_to_string(&path)
                .unwrap()
                .contains(&format!("fn {name}("))
    })
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let named = tests_named(&text);
    assert!(named.len() > 20, "{} tests", named.len());
    let missing: Vec<String> = named
        .iter()
        .filter(|(file, name)| {
            !has_test(&root.join("src"), file, name) && !has_test(&root.join("tests"), file, name)
        })
        .map(|(file, name)| format!("{file}::{name}"))
        .collect();
    assert!(
        missing.is_empty(),
        "SECURITY.md names tests that are not there: {missing:?}"
    );
}

/// The table of shapes is generated from the rows that recognise payloads, so it cannot list others.
#[test]
fn the_shapes_on_the_page_are_those_that_are_read() {
    crate::support::golden::hold_block("function/README.md", "shapes", &evict::alert::table());
}

/// The first page is read in one sitting; everything else is beside its code.
#[test]
fn the_readme_keeps_within_its_bounds() {
    const MOST_LINES: usize = 150;
    const MOST_BYTES: usize = 10_000;
    let text = page("README.md");
    let (lines, bytes) = (text.lines().count(), text.len());
    assert!(lines <= MOST_LINES, "{lines} lines");
    assert!(bytes <= MOST_BYTES, "{bytes} bytes");
    let begins: Vec<&str> = text.lines().take(12).collect();
    assert_eq!(begins.first(), Some(&"# Evict"));
    for (command, about) in [("cargo run ", "sandbox"), ("cargo test ", "--workspace")] {
        let is_there = |line: &&str| line.starts_with(command) && line.contains(about);
        assert!(begins.iter().any(is_there), "{command}");
    }
}
