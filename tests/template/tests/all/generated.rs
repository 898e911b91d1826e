//! The files that are made from others are as they would be made now, and nothing else lies beside them.

use std::collections::BTreeSet;
use std::fs;

use template::bicep::files_below;
use template::generated::by_hand;

use crate::support::{json, path, text};

#[test]
fn the_workbook_and_the_solution_are_as_their_sources_are() {
    for (path, text) in by_hand().unwrap() {
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
fn the_solution_has_no_file_that_nothing_makes() {
    let made: BTreeSet<_> = by_hand()
        .unwrap()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let folder = path("infra/sentinel/solution");
    for extension in ["json", "yaml", "md", "svg"] {
        for file in files_below(&folder, extension).unwrap() {
            assert!(made.contains(&file), "{}", file.display());
        }
    }
}

#[test]
fn the_solution_lists_what_lies_in_it_and_every_playbook_can_be_deployed_by_itself() {
    let data = json("infra/sentinel/solution/Data/Solution_Evict.json");
    let mut listed = 0;
    for list in [
        "Playbooks",
        "Workbooks",
        "Hunting Queries",
        "Analytic Rules",
    ] {
        for file in data[list].as_array().unwrap() {
            let file = file.as_str().unwrap();
            assert!(
                path(&format!("infra/sentinel/solution/{file}")).is_file(),
                "{file}"
            );
            listed += 1;
        }
    }
    assert_eq!(listed, 3 + 1 + 9 + 7);
    for file in data["Playbooks"].as_array().unwrap() {
        let template = json(&format!(
            "infra/sentinel/solution/{}",
            file.as_str().unwrap()
        ));
        let [connection, workflow] = template["resources"].as_array().unwrap().as_slice() else {
            panic!("{file}: not two resources");
        };
        assert_eq!(connection["location"], "[resourceGroup().location]");
        assert_eq!(workflow["name"], "[parameters('PlaybookName')]");
        for property in [
            "title",
            "description",
            "prerequisites",
            "postDeployment",
            "lastUpdateTime",
            "entities",
        ] {
            assert!(
                !template["metadata"][property].is_null(),
                "{file}: {property}"
            );
        }
        let declared = workflow["properties"]["definition"]["parameters"]
            .as_object()
            .unwrap();
        let given = workflow["properties"]["parameters"].as_object().unwrap();
        assert!(declared.keys().eq(given.keys()), "{file}");
    }
}

#[test]
fn the_logo_is_small_enough() {
    let logo = text("infra/sentinel/solution/Workbooks/Images/Logos/Evict.svg");
    assert!(logo.len() <= 5 * 1024);
}

#[test]
fn nothing_of_one_deployment_stands_in_the_solution() {
    for (path, text) in by_hand().unwrap() {
        if path.components().any(|it| it.as_os_str() == "solution") {
            for placeholder in [
                "{ApplicationInsights}",
                "<workspace-id>",
                "<service-bus-namespace-id>",
            ] {
                assert!(
                    !text.contains(placeholder),
                    "{}: {placeholder}",
                    path.display()
                );
            }
        }
    }
}
