//! The queries of `infra/queries`.

use std::collections::BTreeMap;

use regex::Regex;
use template::generated::{queries, without_compiler};

use crate::kql_vocabulary::vocabulary;
use crate::kusto::judge;
use crate::support::text;

#[test]
fn the_language_service_finds_nothing_wrong_and_every_field_is_one_that_the_handler_writes() {
    let mut queries = queries().unwrap();
    // As they stand in the solution, where nothing is put in.
    let block = Regex::new(r"\nquery: \|\n((?:  .*\n|\n)+)").unwrap();
    for (path, text) in without_compiler().unwrap() {
        if let Some(found) = block.captures(&text) {
            queries.insert(path.display().to_string(), found[1].to_owned());
        }
    }
    assert!(queries.len() > 25, "{}", queries.len());
    let Some(verdicts) = judge(&queries) else {
        return;
    };
    assert_eq!(verdicts.len(), queries.len());
    let vocabulary = vocabulary();
    for (name, verdict) in verdicts {
        assert_eq!(
            vocabulary.problems(&verdict),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn planted_mistakes_in_queries_are_found() {
    let queries = queries().unwrap();
    let (events, receipts) = (&queries["throttling"], &queries["who-was-cut"]);
    let planted = BTreeMap::from([
        ("KS", events.replace("Line[\"time\"]", "Line.time")),
        ("KS205", events.replace("AppTraces", "AppTrace")),
        ("KS142", events.replace("Message has", "Messages has")),
        (
            "has no field opera",
            events.replace("Line.operation", "Line.opera"),
        ),
        (
            "is never a call",
            events.replace("graph.call.failed", "a call"),
        ),
        (
            "has no field rule",
            receipts.replace("Record.policy", "Record.rule"),
        ),
        (
            "is never already",
            receipts.replace("already_cut", "already"),
        ),
    ]);
    let planted = planted
        .into_iter()
        .map(|(what, query)| (what.to_owned(), query));
    let Some(verdicts) = judge(&planted.collect()) else {
        return;
    };
    let vocabulary = vocabulary();
    for (expected, verdict) in verdicts {
        let found = vocabulary.problems(&verdict);
        assert!(
            found.iter().any(|it| it.contains(&expected)),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn every_query_opens_with_a_comment_that_asks_what_is_answered() {
    for (name, query) in queries().unwrap() {
        let mut opening = query.lines().take_while(|line| line.starts_with("//"));
        assert!(opening.any(|line| line.contains('?')), "{name}");
    }
}

/// KQL has no include, so that what queries share stands in each of them: between `// shared: NAME` and `// end: NAME`.
#[test]
fn what_queries_share_is_the_same_in_all_of_them() {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, query) in queries().unwrap() {
        let marks = query.matches("// shared: ").count();
        for opened in query.split("// shared: ").skip(1) {
            let (part, rest) = opened.split_once('\n').unwrap();
            let (text, _) = rest.split_once(&format!("// end: {part}\n")).unwrap();
            parts
                .entry(part.to_owned())
                .or_default()
                .push(text.to_owned());
        }
        assert_eq!(query.matches("// end: ").count(), marks, "{name}");
    }
    assert_eq!(
        parts.keys().collect::<Vec<_>>(),
        ["events", "receipts", "traces"]
    );
    for (part, texts) in parts {
        assert!(
            texts.len() > 1 && texts.iter().all(|it| *it == texts[0]),
            "{part}"
        );
    }
}

#[test]
fn the_words_that_queries_look_for_in_plain_lines_are_in_the_sources() {
    // `rejected` reads this line of the invocation's `Logs`, which is no JSON.
    assert!(text("src/service/queue.rs").contains(r#"format!("alert.read {}""#));
    assert!(queries().unwrap()["rejected"].contains(r#"Message startswith "alert.read""#));
}
