//! The queries of `infra/queries`.

use std::collections::BTreeMap;
use std::fs;

use template::judge;
use template::kql::Kusto;
use template::shared::shared_parts;

use crate::kql_vocabulary::{repository, vocabulary};

pub(crate) fn queries() -> BTreeMap<String, String> {
    let found = template::generated::queries().unwrap();
    assert!(found.len() >= 10);
    found
}

#[test]
fn the_language_service_finds_nothing_wrong_and_every_field_is_one_that_the_handler_writes() {
    let Some(kusto) = judge::present("the Kusto language service", Kusto::find()) else {
        return;
    };
    let vocabulary = vocabulary();
    let mut queries = queries();
    // As they stand in the solution, where nothing is put in.
    for (path, text) in template::generated::by_hand().unwrap() {
        if let Some((_, query)) = text.split_once("\nquery: |\n") {
            let lines = query
                .lines()
                .take_while(|line| line.starts_with("  ") || line.is_empty());
            let query = lines.collect::<Vec<_>>().join("\n");
            queries.insert(path.display().to_string(), query);
        }
    }
    assert!(queries.len() > 25, "{}", queries.len());
    let verdicts = kusto.judge(&queries).unwrap();
    assert_eq!(verdicts.len(), queries.len());
    for (name, verdict) in verdicts {
        assert_eq!(verdict.problems, Vec::<String>::new(), "{name}");
        assert_eq!(
            vocabulary.strangers(&verdict),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn planted_mistakes_in_queries_are_found() {
    let Some(kusto) = judge::present("the Kusto language service", Kusto::find()) else {
        return;
    };
    let vocabulary = vocabulary();
    let events = queries()["throttling"].clone();
    let receipts = queries()["who-was-cut"].clone();
    let planted: BTreeMap<String, String> = [
        (
            "a keyword",
            events.replace("Line[\"time\"]", "Line.time"),
            "KS",
        ),
        ("a table", events.replace("AppTraces", "AppTrace"), "KS204"),
        (
            "a column",
            events.replace("Message has", "Messages has"),
            "KS142",
        ),
        (
            "a function",
            events.replace("todatetime", "to_datetime"),
            "KS",
        ),
        (
            "a field of an event",
            events.replace("Line.operation", "Line.operator"),
            "Line has no field operator",
        ),
        (
            "an event",
            events.replace("a call to Graph failed", "a call failed"),
            "Event is never a call failed",
        ),
        (
            "a field of a receipt",
            receipts.replace("Record.policy", "Record.rule"),
            "Record has no field rule",
        ),
        (
            "an ending",
            receipts.replace("already_cut", "already"),
            "Outcome is never already",
        ),
    ]
    .into_iter()
    .map(|(what, query, told)| (format!("{what}: {told}"), query))
    .collect();
    for (what, verdict) in kusto.judge(&planted).unwrap() {
        let mut found = verdict.problems.clone();
        found.extend(vocabulary.strangers(&verdict));
        let (_, told) = what.split_once(": ").unwrap();
        assert!(
            found.iter().any(|it| it.contains(told)),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn every_query_opens_with_a_comment_that_asks_what_is_answered() {
    for (name, query) in queries() {
        let mut opening = query.lines().take_while(|line| line.starts_with("//"));
        assert!(opening.any(|line| line.contains('?')), "{name}");
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
