//! The Graph permissions that are granted are those that the handler needs, by Bicep and by the script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use evict::graph::REQUIRED_PERMISSIONS;
use serde_json::json;

use crate::support::{json, path, text};

const IDENTITY: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
const GRAPH: &str = "1c5989f1-ba2d-4e83-858b-fed0a712755f";

#[test]
fn the_list_is_the_handlers_own() {
    let needed: Vec<_> = REQUIRED_PERMISSIONS
        .iter()
        .map(|it| json!({"name": it.name, "id": it.app_role_id, "for": it.needed_for}))
        .collect();
    assert_eq!(json("infra/graph-permissions.json"), json!(needed));
}

#[test]
fn the_template_grants_the_list_and_nothing_beside_it() {
    let template = text("infra/graph-permissions.bicep");
    assert!(template.contains("var permissions = loadJsonContent('graph-permissions.json')"));
    assert_eq!(
        template
            .matches("Microsoft.Graph/appRoleAssignedTo@")
            .count(),
        1
    );
    assert_eq!(template.matches("appRoleId: permission.id").count(), 1);
    // The template of everything else needs neither the extension nor the registry that it comes from.
    assert!(!text("infra/azuredeploy.json").contains("Microsoft.Graph"));
    assert!(!text("infra/main.bicep").contains("extension "));
}

/// Runs the script with an `az` that answers as if the identity had one permission of Graph, and a second one's id on
/// another service, on two pages. Returns what the script says and the bodies that it posts.
fn run(arguments: &[&str]) -> (Option<i32>, String, Vec<serde_json::Value>) {
    let held = REQUIRED_PERMISSIONS.first().unwrap().app_role_id;
    let folder = tempfile::tempdir().unwrap();
    let az = folder.path().join("az");
    let posted = folder.path().join("posted");
    let script = format!(
        r#"#!/usr/bin/env bash
case "$*" in
  "cloud show "*) echo https://graph.microsoft.com/ ;;
  *"--method post"*"/servicePrincipals/{GRAPH}/appRoleAssignedTo"*) echo "${{@: -1}}" >> '{posted}' ;;
  *"--method get"*"servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"*) echo {GRAPH} ;;
  *"--method get"*page=2*nextLink*) echo ;;
  *"--method get"*page=2*"resourceId=='{GRAPH}'"*) echo {held} ;;
  *"--method get"*"/servicePrincipals/{IDENTITY}/appRoleAssignments"*nextLink*) echo 'https://graph.microsoft.com/v1.0/x?page=2' ;;
  *"--method get"*"/servicePrincipals/{IDENTITY}/appRoleAssignments"*) ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"#,
        posted = posted.display()
    );
    fs::write(&az, script).unwrap();
    fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new("bash")
        .arg(path("infra/grant-graph-permissions"))
        .args(arguments)
        .env("PATH", with_first(folder.path()))
        .output()
        .unwrap();
    let said =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let posted = fs::read_to_string(&posted).unwrap_or_default();
    let bodies = posted
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    (output.status.code(), said, bodies)
}

fn with_first(folder: &Path) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display())
}

#[test]
fn the_script_grants_what_is_missing_and_leaves_alone_what_is_there() {
    let (code, said, bodies) = run(&[IDENTITY]);
    assert_eq!(code, Some(0), "{said}");
    let expected: Vec<_> = REQUIRED_PERMISSIONS
        .iter()
        .skip(1)
        .map(
            |it| json!({"principalId": IDENTITY, "resourceId": GRAPH, "appRoleId": it.app_role_id}),
        )
        .collect();
    assert_eq!(bodies, expected);
    let words: Vec<_> = said.lines().filter_map(|it| it.split(' ').next()).collect();
    assert_eq!(words, ["present", "granted", "granted"]);
}

#[test]
fn a_dry_run_grants_nothing() {
    let (code, said, bodies) = run(&["--dry-run", IDENTITY]);
    assert_eq!((code, bodies), (Some(0), Vec::new()), "{said}");
    assert_eq!(said.matches("missing").count(), 2);
}

#[test]
fn the_script_takes_nothing_but_an_object_id() {
    for arguments in [&[][..], &["evict-app"], &[IDENTITY, IDENTITY]] {
        let (code, said, bodies) = run(arguments);
        assert_eq!((code, bodies), (Some(64), Vec::new()), "{said}");
        assert!(said.starts_with("usage: "), "{said}");
    }
}
