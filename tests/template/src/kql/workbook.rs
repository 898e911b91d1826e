//! The workbook: its structure, and that its queries are the files' own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The kinds of items that the workbook may have, and the version that the content of each bears.
const KINDS: [(u64, Option<&str>); 4] = [
    (1, None),
    (3, Some("KqlItem/1.0")),
    (9, Some("KqlParameterItem/1.0")),
    (10, Some("MetricsItem/2.0")),
];

/// The queries of a workbook by the name of their item.
#[must_use]
pub fn queries_of(workbook: &Value) -> BTreeMap<String, String> {
    let items = workbook["items"].as_array().into_iter().flatten();
    let queries = items.filter(|item| item["type"] == 3);
    queries
        .filter_map(|item| {
            let (name, query) = (item["name"].as_str()?, item["content"]["query"].as_str()?);
            Some((name.to_owned(), query.to_owned()))
        })
        .collect()
}

/// The same workbook with each query replaced by the file that bears the name of its item.
#[must_use]
pub fn with_queries(mut workbook: Value, files: &BTreeMap<String, String>) -> Value {
    let items = workbook["items"].as_array_mut().into_iter().flatten();
    for item in items.filter(|item| item["type"] == 3) {
        let file = item["name"].as_str().and_then(|name| files.get(name));
        if let Some(query) = file {
            item["content"]["query"] = query.clone().into();
        }
    }
    workbook
}

/// Everything that is wrong with a workbook, held against the query files by name.
#[must_use]
pub fn check_workbook(workbook: &Value, files: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    if workbook["version"] != "Notebook/1.0" {
        problems.push("the version is not Notebook/1.0".to_owned());
    }
    let items = workbook["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        problems.push("there are no items".to_owned());
    }
    let mut names = BTreeSet::new();
    for item in items {
        let name = item["name"].as_str().unwrap_or_default();
        if name.is_empty() || !names.insert(name) {
            problems.push(format!("the name {name:?} is empty or not unique"));
        }
        let found = check_item(item, files).map(|problem| format!("{name}: {problem}"));
        problems.extend(found);
    }
    let parameters = parameters(items);
    for (name, query) in queries_of(workbook) {
        for parameter in ["ApplicationInsights"] {
            if query.contains(&format!("{{{parameter}}}")) && !parameters.contains(parameter) {
                problems.push(format!("{name}: there is no parameter {parameter}"));
            }
        }
    }
    if !parameters.contains("TimeRange") {
        problems.push("there is no parameter TimeRange".to_owned());
    }
    problems
}

fn check_item<'a>(
    item: &'a Value,
    files: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = String> + 'a {
    let content = &item["content"];
    let name = item["name"].as_str().unwrap_or_default();
    let kind = KINDS.iter().find(|(kind, _)| item["type"] == *kind);
    let mut problems = Vec::new();
    match kind {
        None => problems.push(format!("{} is no type known here", item["type"])),
        Some((_, Some(version))) if content["version"] != *version => {
            problems.push(format!("its version is not {version}"));
        }
        Some((1, _)) if !content["json"].is_string() => problems.push("it has no text".to_owned()),
        Some(_) => {}
    }
    if item["type"] == 3 || item["type"] == 10 {
        if content["timeContextFromParameter"] != "TimeRange" {
            problems.push("it does not follow the parameter TimeRange".to_owned());
        }
        if content["title"].as_str().is_none_or(str::is_empty) {
            problems.push("it has no title".to_owned());
        }
    }
    if item["type"] == 3 {
        match files.get(name) {
            None => problems.push("no query file has this name".to_owned()),
            Some(file) if content["query"] != file.as_str() => {
                problems.push("its query is not the file's".to_owned());
            }
            Some(_) => {}
        }
    }
    problems.into_iter()
}

fn parameters(items: &[Value]) -> BTreeSet<&str> {
    let lists = items.iter().filter(|item| item["type"] == 9);
    lists
        .filter_map(|item| item["content"]["parameters"].as_array())
        .flatten()
        .filter_map(|parameter| parameter["name"].as_str())
        .collect()
}
