//! The workflows of the repository ask for no right that they do not need, and run nothing that can change unnoticed.

use std::fs;
use std::path::Path;

struct Workflow {
    name: String,
    text: String,
}

fn workflows() -> Vec<Workflow> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.github/workflows");
    fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            Workflow {
                name: path.file_name().unwrap().to_str().unwrap().to_owned(),
                text: fs::read_to_string(path).unwrap(),
            }
        })
        .collect()
}

/// What is wrong with a workflow.
fn problems(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.lines().any(|line| line == "permissions: {}") {
        found.push("it does not begin without permissions".to_owned());
    }
    for line in text.lines() {
        let Some((_, action)) = line.split_once("uses:") else {
            continue;
        };
        let action = action.split('#').next().unwrap_or_default().trim();
        let commit = action.split_once('@').map_or("", |(_, commit)| commit);
        let is_pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_pinned {
            found.push(format!("{action} is not pinned to a commit"));
        }
    }
    for word in ["secrets.", "pull_request_target", "write-all"] {
        if text.contains(word) {
            found.push(format!("it says {word}"));
        }
    }
    found
}

#[test]
fn every_workflow_begins_without_permissions_and_pins_what_it_uses() {
    let workflows = workflows();
    assert_eq!(workflows.len(), 2);
    for workflow in workflows {
        assert_eq!(
            problems(&workflow.text),
            Vec::<String>::new(),
            "{}",
            workflow.name
        );
    }
}

#[test]
fn planted_mistakes_are_found() {
    for (text, count) in [
        ("permissions: {}\n  - uses: actions/checkout@v7\n", 1),
        ("permissions: {}\n  - uses: actions/checkout\n", 1),
        ("permissions:\n  contents: write\n", 1),
        ("permissions: {}\n  env: ${{ secrets.KEY }}\n", 1),
        ("on: pull_request_target\n", 2),
    ] {
        assert_eq!(problems(text).len(), count, "{text}");
    }
}

#[test]
fn a_release_attests_where_it_was_built_and_what_it_is_made_of() {
    let workflows = workflows();
    let release = workflows
        .iter()
        .find(|it| it.name == "release.yml")
        .unwrap();
    for step in [
        "bash .ci/run",
        "infra/package --callers entra",
        "infra/package --callers key",
        "actions/attest-build-provenance@",
        "actions/attest-sbom@",
        "id-token: write",
    ] {
        assert!(release.text.contains(step), "{step}");
    }
}
