//! The files that are made from others are as they would be made now, and nothing else lies beside them. What Azure/Azure-Sentinel's
//! own validators ask of a solution (`.script` there) is asked of this one, as far as no published schema does.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;
use template::generated::without_compiler;
use template::judge::files_below;

use crate::support::{assert_current, json, list, path, text, word};

const SOLUTION: &str = "infra/sentinel/solution";

#[test]
fn the_workbook_and_the_solution_are_as_their_sources_are() {
    assert_current(without_compiler().unwrap());
}

#[test]
fn the_solution_has_no_file_that_nothing_makes_and_no_word_of_one_deployment() {
    let made = without_compiler().unwrap();
    let resource =
        Regex::new("\\{ApplicationInsights\\}|<[a-z]+-[a-z-]+>|subscriptions/[0-9a-f]{8}-")
            .unwrap();
    for (path, text) in &made {
        let is_solutions = path.iter().any(|it| it == "solution");
        assert!(
            !is_solutions || !resource.is_match(text),
            "{}",
            path.display()
        );
    }
    let made: BTreeSet<_> = made.into_iter().map(|(path, _)| path).collect();
    for extension in ["json", "yaml", "md", "svg"] {
        for file in files_below(&path(SOLUTION), extension).unwrap() {
            assert!(made.contains(&file), "{}", file.display());
        }
    }
}

#[test]
fn every_playbook_can_be_deployed_by_itself() {
    let data = json(&format!("{SOLUTION}/Data/Solution_Evict.json"));
    for (part, count) in [
        ("Workbooks", 1),
        ("Hunting Queries", 9),
        ("Analytic Rules", 7),
    ] {
        let files = list(&data[part])
            .iter()
            .map(|it| format!("{SOLUTION}/{}", word(it)));
        assert_eq!(
            files.filter(|it| path(it).is_file()).count(),
            count,
            "{part}"
        );
    }
    assert_eq!(list(&data["Playbooks"]).len(), 3);
    for file in list(&data["Playbooks"]) {
        let template = json(&format!("{SOLUTION}/{}", word(file)));
        let [connection, workflow] = list(&template["resources"]) else {
            panic!("{file}: not two resources");
        };
        for resource in [connection, workflow] {
            assert_eq!(resource["location"], "[resourceGroup().location]");
        }
        assert_eq!(
            connection["name"],
            "[variables('MicrosoftSentinelConnectionName')]"
        );
        assert_eq!(workflow["name"], "[parameters('PlaybookName')]");
        let tags = &workflow["tags"];
        assert!(tags["hidden-SentinelTemplateName"].is_string(), "{file}");
        let metadata = template["metadata"].as_object().unwrap();
        for property in "title description lastUpdateTime support author".split(' ') {
            assert!(metadata.contains_key(property), "{file}: {property}");
        }
        let properties = &workflow["properties"];
        let of = |declared: &Value| declared.as_object().unwrap().keys().cloned().collect();
        let declared: Vec<_> = of(&properties["definition"]["parameters"]);
        assert_eq!(declared, of(&properties["parameters"]), "{file}");
    }
}

/// The logo is an SVG of at most 5 KB without ids, styles, titles and pictures; pictures of the workbook are named for both themes.
#[test]
fn the_logo_and_the_entry_of_the_workbook_are_as_the_validators_want_them() {
    let logo = text(&format!("{SOLUTION}/Workbooks/Images/Logos/Evict.svg"));
    assert!(logo.len() <= 5_000);
    let refused = Regex::new(" id=|style=|cls=|xlink|data-name|<title|<image").unwrap();
    assert!(!refused.is_match(&logo));
    let entry = json(&format!("{SOLUTION}/Workbooks/WorkbooksMetadata.json"))[0].take();
    let pictures = entry["previewImagesFileNames"].to_string();
    assert!(
        pictures.contains("Black.png") && pictures.contains("White.png"),
        "{pictures}"
    );
    let template = word(&entry["templateRelativePath"]);
    let workbook = json(&format!("{SOLUTION}/Workbooks/{template}"));
    assert_eq!(workbook["fromTemplateId"], "sentinel-EvictWorkbook");
    let metadata = json(&format!("{SOLUTION}/SolutionMetadata.json"));
    let id = format!("{}.{}", metadata["publisherId"], metadata["offerId"]).replace('"', "");
    let lower = Regex::new("^[a-z0-9-]+\\.[a-z0-9-]+$").unwrap();
    assert!(lower.is_match(&id), "{id}");
    // A support object needs a name, and a link or an address.
    assert!(metadata["support"]["name"].is_string() && metadata["support"]["link"].is_string());
}
