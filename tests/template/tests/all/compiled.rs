//! What the Bicep compiler says of `infra/`.

use std::fs;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use template::bicep::Bicep;
use template::{generated, judge, snapshot};

use crate::support::{assert_current, path};

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
    assert_current(generated::templates(&mut bicep).unwrap());
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
    assert_current(snapshot::predicted(&mut bicep).unwrap());
}

#[test]
fn what_azure_would_refuse_late_is_refused_at_once() {
    let Some(mut bicep) = bicep() else { return };
    // As deep below the root as the snapshots, so that the same relative path leads to the template.
    let folder = path("target/template/refused");
    fs::create_dir_all(&folder).unwrap();
    for (name, lines, expected) in [
        (
            "types",
            "param senderGroupIds = ['soc']\nparam minSeverity = 'High'\nparam allowedCallers = [1, true]\nparam unknown = 1",
            &[
                "BCP333",
                "'' | 'high'",
                "item was of type \\\"1\\\"",
                "\\\"unknown\\\"",
                "\\\"mode\\\"",
            ][..],
        ),
        (
            "prefix",
            "param mode = 'observe'\nparam namePrefix = '1ab'",
            &["begin with a letter"],
        ),
        (
            "private",
            "param mode = 'observe'\nparam privateNetworking = true",
            &["serviceBusSku=Premium"],
        ),
    ] {
        let file = folder.join(format!("{name}.bicepparam"));
        let least = "using '../../../infra/main.bicep'\nparam protectedUsers = []\n";
        fs::write(&file, format!("{least}{lines}\n")).unwrap();
        let built = bicep.build(&format!("target/template/refused/{name}.bicepparam"));
        let said = built
            .and_then(|_| bicep.snapshot(&file))
            .unwrap_err()
            .to_string();
        for expected in expected {
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }
}
