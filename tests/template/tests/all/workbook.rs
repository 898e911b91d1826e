//! The workbook shows what the query files say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use template::generated::{queries_of, with_queries};

use crate::kql_queries::queries;
use crate::kql_vocabulary::repository;

fn file(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

fn workbook() -> Value {
    serde_json::from_str(&file("infra/workbook.json")).unwrap()
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
fn every_part_follows_the_time_range_and_has_a_title_and_a_name_of_its_own() {
    let workbook = workbook();
    let mut names = BTreeSet::new();
    for item in workbook["items"].as_array().unwrap() {
        let name = item["name"].as_str().unwrap();
        assert!(names.insert(name), "{name}");
        if item["type"] == 3 || item["type"] == 10 {
            let content = &item["content"];
            assert_eq!(content["timeContextFromParameter"], "TimeRange", "{name}");
            assert!(
                content["title"].as_str().is_some_and(|it| !it.is_empty()),
                "{name}"
            );
        }
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
