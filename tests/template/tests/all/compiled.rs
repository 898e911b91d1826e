//! What the Bicep compiler says of `infra/`.

use std::fs;

use template::bicep::Bicep;
use template::{generated, judge, snapshot};

fn bicep() -> Option<Bicep> {
    judge::present("the Bicep compiler", Bicep::find())
}

#[test]
fn the_templates_compile_without_a_word_of_the_linter_and_the_json_beside_them_is_theirs() {
    let Some(bicep) = bicep() else { return };
    for (path, text) in generated::templates(&bicep).unwrap() {
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let is_same = kept == text;
        assert!(
            is_same,
            "{}: `cargo run -p template` writes it",
            path.display()
        );
    }
    let grants = bicep.build("infra/graph-permissions.bicep").unwrap();
    assert!(grants["imports"].is_object() || grants["extensions"].is_object());
    bicep.build("infra/main.bicepparam").unwrap();
}

#[test]
fn every_file_is_as_the_compiler_formats_it() {
    let Some(bicep) = bicep() else { return };
    assert_eq!(bicep.unformatted("infra").unwrap(), Vec::<String>::new());
}

#[test]
fn what_a_deployment_makes_is_what_is_kept_beside_the_tests() {
    let Some(bicep) = bicep() else { return };
    for (path, text) in snapshot::predicted(&bicep).unwrap() {
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let is_same = kept == text;
        assert!(
            is_same,
            "{}: `cargo run -p template` writes it",
            path.display()
        );
    }
}

#[test]
fn what_azure_would_refuse_late_is_refused_at_once() {
    let Some(bicep) = bicep() else { return };
    let said = |name: &str, lines: &str| {
        let predicted = bicep.snapshot(
            name,
            &format!("using '../../../infra/main.bicep'\nparam protectedUsers = []\n{lines}\n"),
        );
        predicted.map(|_| ()).unwrap_err().to_string()
    };
    let types = said(
        "types",
        "param senderGroupIds = ['soc']\nparam minSeverity = 'High'\nparam allowedCallers = [1, true]\nparam unknown = 1",
    );
    for told in [
        "BCP333",
        "Expected a value of type \"'' | 'high'",
        "\"1\"",
        "\"unknown\"",
        "\"mode\"",
    ] {
        assert!(types.contains(told), "{told}: {types}");
    }
    for (name, line, told) in [
        ("prefix", "param namePrefix = '1ab'", "begin with a letter"),
        (
            "private",
            "param privateNetworking = true",
            "serviceBusSku=Premium",
        ),
    ] {
        let said = said(name, &format!("param mode = 'observe'\n{line}"));
        assert!(said.contains(told), "{line}: {said}");
    }
}
