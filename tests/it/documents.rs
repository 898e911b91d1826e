//! What the documents say of tests is true: each test that they name exists.

use std::fs;
use std::path::Path;

/// The tests that a text names: `file::name` in backticks, in the last column of a table.
fn tests_named(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter_map(|name| name.rsplit_once("::"))
        .map(|(file, name)| (file.to_owned(), name.to_owned()))
        .collect()
}

/// Whether a source below the folder, in a file or a folder of this name, has a function of that name.
fn has_test(folder: &Path, file: &str, name: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return path.file_name().is_none_or(|name| name != "target")
                && has_test(&path, file, name);
        }
        let is_meant = path.extension().is_some_and(|extension| extension == "rs")
            && path
                .components()
                .any(|part| Path::new(part.as_os_str()).file_stem() == Some(file.as_ref()));
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

/// README's table of shapes is made of the rows by which payloads are known, so that it cannot tell of others.
#[test]
fn the_shapes_in_the_readme_are_those_that_are_read() {
    const BEGIN: &str = "<!-- shapes: made of src/alert/shapes by a test -->\n";
    const END: &str = "<!-- /shapes -->";
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let made = format!("{before}{BEGIN}{}{END}{after}", evict::alert::table());
    crate::golden::hold("README.md", &made);
}
