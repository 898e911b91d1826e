//! The workbook shows what the query files say.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;
use template::generated::queries;

use crate::support::{json, text};

fn items() -> Vec<Value> {
    json("infra/workbook.json")["items"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn every_query_is_shown_or_alerts() {
    let items = items();
    let tables = items.iter().filter(|item| item["type"] == 3);
    let shown: BTreeSet<_> = tables
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    let queries = queries().unwrap().into_keys();
    let (alerting, others): (BTreeSet<_>, BTreeSet<_>) =
        queries.partition(|name| name.starts_with("alert-"));
    assert_eq!(shown, others);
    let bicep = text("infra/modules/alerts.bicep");
    for name in &alerting {
        let loaded = format!("loadTextContent('../queries/{name}.kql')");
        assert_eq!(bicep.matches(&loaded).count(), 1, "{name}");
    }
    assert_eq!(bicep.matches("loadTextContent").count(), alerting.len());
}

#[test]
fn every_placeholder_of_the_workbook_is_put_in_by_its_module() {
    let placeholder = Regex::new("<[a-z]+(-[a-z]+)+>").unwrap();
    let (workbook, bicep) = (
        text("infra/workbook.json"),
        text("infra/modules/workbook.bicep"),
    );
    let found: BTreeSet<_> = placeholder
        .find_iter(&workbook)
        .map(|it| it.as_str())
        .collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for name in found {
        assert_eq!(bicep.matches(&format!("'{name}'")).count(), 1, "{name}");
    }
}

#[test]
fn every_part_follows_the_time_range_and_has_a_title_and_a_name_of_its_own() {
    let (items, mut names) = (items(), BTreeSet::new());
    for item in &items {
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
