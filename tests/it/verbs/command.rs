//! The small verbs of the operator's command, as a person and as a script see them.

use std::ffi::OsString;

use evict::cli::{Console, Surroundings, run};
use evict::config::{REGISTRY, table};
use serde_json::Value;

fn evict(arguments: &[&str]) -> (u8, String) {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console {
        input: &mut &b""[..],
        output: &mut output,
        errors: &mut errors,
        surroundings: Surroundings::default(),
    };
    let arguments = ["evict"].iter().chain(arguments).map(OsString::from);
    let code = run(arguments, &mut console).code();
    (code, String::from_utf8(output).unwrap())
}

#[test]
fn the_settings_are_those_of_the_registry() {
    assert_eq!(evict(&["settings"]), (0, table()));
    let (code, json) = evict(&["settings", "--json"]);
    assert_eq!(code, 0);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    let registered: Vec<&str> = REGISTRY.iter().map(|setting| setting.name).collect();
    assert_eq!(names, registered);
    let cap = rows
        .iter()
        .find(|row| row["name"] == "EVICT_MAX_USERS_PER_ALERT")
        .unwrap();
    assert_eq!(cap["default"], "25");
    assert_eq!(cap["required"], false);
    assert_eq!(rows[0]["required"], true);
}

#[test]
fn every_shell_gets_a_script_that_knows_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script) = evict(&["completions", shell]);
        assert_eq!(code, 0);
        for verb in ["explain", "settings", "completions"] {
            assert!(script.contains(verb), "{shell} does not know {verb}");
        }
    }
    assert_eq!(evict(&["completions", "cmd"]).0, 64);
}

#[test]
fn every_verb_has_a_manual_page() {
    let (code, verbs) = evict(&["manual", "--list"]);
    assert_eq!(code, 0);
    let verbs: Vec<&str> = verbs.lines().collect();
    assert!(
        verbs.contains(&"explain") && !verbs.contains(&"manual"),
        "{verbs:?}"
    );
    for verb in verbs {
        let (code, page) = evict(&["manual", verb]);
        assert_eq!(code, 0);
        let name = verb.replace('-', "\\-");
        assert!(page.contains(&format!("evict\\-{name}")), "{page}");
    }
    let (_, page) = evict(&["manual"]);
    assert!(page.contains(".SH SYNOPSIS"), "{page}");
    assert_eq!(evict(&["manual", "nothing"]).0, 64);
}
