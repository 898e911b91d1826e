//! The queries of `infra/queries`.

use std::collections::BTreeMap;
use std::fs;

use template::kql::{check, shared_parts};

use crate::kql_vocabulary::{repository, vocabulary};

pub(crate) fn queries() -> BTreeMap<String, String> {
    let folder = repository().join("infra/queries");
    let found: BTreeMap<_, _> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(path.extension().unwrap(), "kql", "{}", path.display());
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(found.len() >= 10);
    found
}

#[test]
fn every_query_reads_only_columns_that_exist_and_fields_that_the_handler_writes() {
    let vocabulary = vocabulary();
    for (name, query) in queries() {
        let problems = check(&query, &vocabulary);
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
}

#[test]
fn what_queries_share_is_the_same_in_all_of_them() {
    let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for (name, query) in queries() {
        for (part, text) in shared_parts(&query).unwrap() {
            *times.entry(part.clone()).or_default() += 1;
            let (of, expected) = first
                .entry(part.clone())
                .or_insert_with(|| (name.clone(), text.clone()));
            assert_eq!(&text, expected, "{part} of {name} is not that of {of}");
        }
    }
    assert!(times["receipts"] > 1 && times["events"] > 1, "{times:?}");
}

#[test]
fn the_words_that_queries_look_for_in_plain_lines_are_in_the_sources() {
    // `rejected` reads this line of the invocation's `Logs`, which is no JSON.
    let queue = fs::read_to_string(repository().join("src/service/queue.rs")).unwrap();
    assert!(queue.contains(r#"format!("alert.read {}""#));
    assert!(queries()["rejected"].contains(r#"Message startswith "alert.read""#));
}
