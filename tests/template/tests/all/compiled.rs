//! What the Bicep compiler says of `infra/`.

use std::fs;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use template::bicep::Bicep;
use template::{generated, judge, snapshot};

use crate::support::path;

/// The compiler, which all tests here ask one after the other.
fn bicep() -> Option<MutexGuard<'static, Bicep>> {
    static BICEP: LazyLock<Result<Mutex<Bicep>, String>> =
        LazyLock::new(|| Bicep::find().map(Mutex::new));
    let found = BICEP.as_ref().map_err(Clone::clone);
    let bicep = judge::present("the Bicep compiler", found)?;
    Some(bicep.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
fn the_templates_compile_without_a_word_of_the_linter_and_the_json_beside_them_is_theirs() {
    let Some(mut bicep) = bicep() else { return };
    for (path, text) in generated::templates(&mut bicep).unwrap() {
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
    let Some(mut bicep) = bicep() else { return };
    assert_eq!(bicep.unformatted("infra").unwrap(), Vec::<String>::new());
}

#[test]
fn what_a_deployment_makes_is_what_is_kept_beside_the_tests() {
    let Some(mut bicep) = bicep() else { return };
    for (path, text) in snapshot::predicted(&mut bicep).unwrap() {
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
    let Some(mut bicep) = bicep() else { return };
    // As deep below the root as the snapshots, so that the same relative path leads to the template.
    let folder = path("target/template/refused");
    fs::create_dir_all(&folder).unwrap();
    let mut said = |name: &str, lines: &str| {
        let file = folder.join(format!("{name}.bicepparam"));
        let least = "using '../../../infra/main.bicep'\nparam protectedUsers = []\n";
        fs::write(&file, format!("{least}{lines}\n")).unwrap();
        let built = bicep.build(&format!("target/template/refused/{name}.bicepparam"));
        let predicted = built.and_then(|_| bicep.snapshot(&file));
        predicted.map(|_| ()).unwrap_err().to_string()
    };
    let types = said(
        "types",
        "param senderGroupIds = ['soc']\nparam minSeverity = 'High'\nparam allowedCallers = [1, true]\nparam unknown = 1",
    );
    for told in [
        "BCP333",
        "'' | 'high'",
        "the provided item was of type \\\"1\\\"",
        "\\\"unknown\\\"",
        "\\\"mode\\\"",
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
