//! The crates of the handler, as a committed list. The operator's command adds only what feature `operator` brings, and
//! no crate is built once for the sandbox and once more for the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::support::golden;

/// A line of `cargo tree`: its depth, and the crate with its version.
type Line = (usize, String);

/// The tree of one program, for the system that it is deployed to, from the lock file alone.
fn tree(features: &[&str]) -> Vec<Line> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "evict",
            "--edges",
            "normal",
            "--prefix",
            "depth",
        ])
        .args([
            "--target",
            "x86_64-unknown-linux-gnu",
            "--offline",
            "--locked",
        ])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(line).collect()
}

/// Parses `12serde v1.0.229 (proc-macro) (*)` into 12 and `serde 1.0.229`.
fn line(text: &str) -> Line {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mut words = text[digits..].split(' ');
    let name = words.next().unwrap();
    let version = words.next().unwrap().trim_start_matches('v');
    (text[..digits].parse().unwrap(), format!("{name} {version}"))
}

fn handler() -> Vec<Line> {
    tree(&["--no-default-features"])
}

fn crates(lines: &[Line]) -> BTreeSet<&str> {
    lines
        .iter()
        .filter(|(depth, _)| *depth > 0)
        .map(|(_, name)| name.as_str())
        .collect()
}

/// The dependencies that feature `operator` names, including those of which it only enables a feature.
fn operators() -> BTreeSet<String> {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let list = manifest.split("\noperator = [").nth(1).unwrap();
    let list = list.split(']').next().unwrap();
    let names = list
        .split('"')
        .filter(|piece| piece.contains(|c: char| c.is_ascii_alphabetic()));
    names
        .map(|name| {
            name.trim_start_matches("dep:")
                .split('/')
                .next()
                .unwrap()
                .to_owned()
        })
        // The manifest and the registry name it differently.
        .map(|name| {
            if name == "azure_core_legacy" {
                "azure_core".to_owned()
            } else {
                name
            }
        })
        .collect()
}

#[test]
fn the_handler_is_made_of_the_crates_that_are_kept() {
    let lines = handler();
    let names: Vec<&str> = crates(&lines).into_iter().collect();
    let text = format!(
        "{}
",
        names.join(
            "
"
        )
    );
    golden::hold("tests/fixtures/handler-crates.txt", &text);
}

#[test]
fn the_command_has_beyond_the_handler_only_what_its_feature_brings() {
    let (handler, command) = (handler(), tree(&[]));
    let (handler, all) = (crates(&handler), crates(&command));
    let lost: Vec<_> = handler.difference(&all).collect();
    assert!(
        lost.is_empty(),
        "the command has other versions of these: {lost:?}"
    );
    let beyond: BTreeSet<&str> = all.difference(&handler).copied().collect();
    assert!(!beyond.is_empty());
    // The direct dependencies above each of them. A tree lists what is below a crate only once, so the search starts
    // there.
    let brought = below(&command, &operators());
    let others: Vec<_> = beyond
        .iter()
        .filter(|name| !brought.contains(**name))
        .collect();
    assert!(
        others.is_empty(),
        "not brought by feature operator: {others:?}"
    );
}

/// Every crate in the tree below a direct dependency with one of these names, itself included.
fn below(lines: &[Line], names: &BTreeSet<String>) -> BTreeSet<String> {
    let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for (depth, name) in lines {
        path.truncate(*depth);
        if let Some(parent) = path.last() {
            children.entry(parent).or_default().insert(name);
        }
        path.push(name);
        let bare = name.split(' ').next().unwrap_or_default();
        if *depth == 1 && names.contains(bare) {
            open.push(name);
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name.to_owned()) {
            open.extend(children.get(name).into_iter().flatten());
        }
    }
    found
}

#[test]
fn a_tree_is_read_with_its_depths() {
    assert_eq!(line("0evict v0.1.0 (/somewhere)").0, 0);
    assert_eq!(
        line("12serde v1.0.229 (*)"),
        (12, "serde 1.0.229".to_owned())
    );
    let lines = [
        "0evict v0.1.0",
        "1clap v4.0.0",
        "2strsim v0.11.0",
        "1serde v1.0.0",
    ]
    .map(line);
    let found = below(&lines, &BTreeSet::from(["clap".to_owned()]));
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["clap 4.0.0", "strsim 0.11.0"]
    );
}

/// The crates of the whole workspace along these edges, each with its features.
fn with_features(edges: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--offline", "--locked"])
        .args(["--edges", edges, "--prefix", "none", "--format", "{p} {f}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

/// README shows `cargo run --bin sandbox` and `cargo test` side by side, and a reader who types both waits for one
/// build. Features of development dependencies count for the second command alone, so the sandbox's manifest has to
/// list them too.
#[test]
fn no_crate_is_built_once_for_the_sandbox_and_once_more_for_the_tests() {
    let (run, tested) = (with_features("normal"), with_features("normal,dev"));
    let of_the_tests_alone = |line: &String| line.starts_with("insta v");
    assert!(!run.iter().any(of_the_tests_alone) && tested.iter().any(of_the_tests_alone));
    let again: Vec<&String> = run.difference(&tested).collect();
    assert!(
        again.is_empty(),
        "the tests build these with more features; ask for those in tests/sandbox/Cargo.toml: {again:#?}"
    );
}
