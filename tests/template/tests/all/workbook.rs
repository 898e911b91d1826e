//! The workbook shows what the query files say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use template::kql::{check_workbook, queries_of, with_queries};

use crate::kql_queries::queries;
use crate::kql_vocabulary::repository;

fn file(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

fn workbook() -> Value {
    serde_json::from_str(&file("infra/workbook.json")).unwrap()
}

#[test]
fn the_workbook_is_whole_and_its_queries_are_the_files() {
    let problems = check_workbook(&workbook(), &queries());
    assert!(
        problems.is_empty(),
        "{problems:#?}\n`cargo run -p template --bin workbook` puts the files in"
    );
}

#[test]
fn the_workbook_is_written_as_its_program_writes_it() {
    let text = serde_json::to_string_pretty(&with_queries(workbook(), &queries())).unwrap();
    assert_eq!(text + "\n", file("infra/workbook.json"));
}

#[test]
fn every_query_is_shown_or_alerts() {
    let shown: BTreeSet<_> = queries_of(&workbook()).into_keys().collect();
    let (alerting, others): (BTreeSet<_>, BTreeSet<_>) = queries()
        .into_keys()
        .partition(|name| name.starts_with("alert-"));
    assert_eq!(shown, others);
    let bicep = file("infra/modules/alerts.bicep");
    for name in &alerting {
        let loaded = format!("loadTextContent('../queries/{name}.kql')");
        assert_eq!(bicep.matches(&loaded).count(), 1, "{name}");
    }
    assert_eq!(bicep.matches("loadTextContent").count(), alerting.len());
}

#[test]
fn every_placeholder_of_the_workbook_is_put_in_by_its_module() {
    let text = file("infra/workbook.json");
    let bicep = file("infra/modules/workbook.bicep");
    let found: BTreeSet<_> = text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect();
    assert_eq!(
        found.iter().copied().collect::<Vec<_>>(),
        [
            "application-insights-name",
            "service-bus-namespace-id",
            "workspace-id"
        ]
    );
    for name in found {
        assert_eq!(bicep.matches(&format!("'<{name}>'")).count(), 1, "{name}");
    }
}

#[test]
fn planted_mistakes_are_found() {
    let files = queries();
    let plant = |pointer: &str, value: Value| {
        let mut workbook = workbook();
        *workbook.pointer_mut(pointer).unwrap() = value;
        check_workbook(&workbook, &files)
    };
    let items = workbook()["items"].as_array().unwrap().clone();
    let query = items.iter().position(|item| item["type"] == 3).unwrap();
    let at = |rest: &str| format!("/items/{query}/{rest}");
    for (pointer, value) in [
        ("/version".to_owned(), json!("Notebook/2.0")),
        ("/items".to_owned(), json!([])),
        (at("content/query"), json!("AppTraces")),
        (at("content/timeContextFromParameter"), json!("Range")),
        (at("content/title"), json!("")),
        (at("content/version"), json!("KqlItem/2.0")),
        (at("name"), json!("introduction")),
        (at("type"), json!(12)),
        ("/items/1/content/parameters".to_owned(), json!([])),
        ("/items/0/content/json".to_owned(), Value::Null),
    ] {
        let problems = plant(&pointer, value);
        assert!(!problems.is_empty(), "{pointer}");
    }
}

#[test]
fn a_query_is_put_into_the_item_that_bears_its_name_and_nowhere_else() {
    let files = BTreeMap::from([("outcomes".to_owned(), "new".to_owned())]);
    let before = queries_of(&workbook());
    let after = queries_of(&with_queries(workbook(), &files));
    assert_eq!(after["outcomes"], "new");
    assert_eq!(after.len(), before.len());
    for (name, query) in before {
        assert!(name == "outcomes" || after[&name] == query, "{name}");
    }
}
