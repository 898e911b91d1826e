//! Which callers the host admits to which function, by `function.json`.

use std::fs;
use std::path::Path;

use crate::host::{AuthLevel, http_functions};

fn function(root: &Path, name: &str, content: &str) {
    fs::create_dir(root.join(name)).unwrap();
    fs::write(root.join(name).join("function.json"), content).unwrap();
}

fn trigger(level: &str) -> String {
    format!(
        r#"{{"bindings": [{{"type": "httpTrigger", "name": "req"{level}}}, {{"type": "http"}}]}}"#
    )
}

#[test]
fn the_levels_of_all_http_functions_are_read_and_of_no_others() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fs::write(root.join("host.json"), "{}").unwrap();
    fs::create_dir(root.join("logs")).unwrap();
    function(root, "A", &trigger(r#", "authLevel": "anonymous""#));
    function(root, "B", &trigger(r#", "authLevel": "Function""#));
    function(root, "C", &trigger(""));
    function(root, "D", &trigger(r#", "authLevel": "admin""#));
    function(
        root,
        "Q",
        r#"{"bindings": [{"type": "serviceBusTrigger"}]}"#,
    );
    let levels: Vec<_> = http_functions(root)
        .unwrap()
        .unwrap()
        .into_iter()
        .map(|function| (function.name, function.auth_level))
        .collect();
    let expected = [
        ("A", AuthLevel::Anonymous),
        ("B", AuthLevel::Function),
        ("C", AuthLevel::Function),
        ("D", AuthLevel::Admin),
    ];
    assert_eq!(
        levels,
        expected.map(|(name, level)| (name.to_owned(), level))
    );
}

#[test]
fn a_folder_that_is_no_script_root_has_no_functions_and_one_that_cannot_be_read_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    assert!(http_functions(root).unwrap().is_none());
    fs::write(root.join("host.json"), "{}").unwrap();
    assert!(http_functions(root).unwrap().is_none());
    function(root, "A", &trigger(r#", "authLevel": "everybody""#));
    let problem = http_functions(root).unwrap_err().to_string();
    assert!(
        problem.starts_with("A/function.json cannot be read: "),
        "{problem}"
    );
}
