//! The checker of queries finds each planted mistake, and is silent where there is none.

use template::kql::{check, shared_parts};

use crate::kql_queries::queries;
use crate::kql_vocabulary::vocabulary;

const RIGHT: &str = r#"// Who was cut?
let Lines = AppTraces
    | where _ResourceId endswith "/components/{ApplicationInsights}"
    | extend Line = parse_json(extract(@"\{.*\}", 0, Message))
    | extend Record = parse_json(tostring(Line.receipt)), Event = tostring(Line.message);
let Ended = Lines
    | where Event == "invocation.ended" // not "invocation.abandoned"
    | project InvocationId = tostring(Line["faas.invocation_id"]), Rejected = toint(Line["messages.rejected"]);
Lines
| extend Outcome = tostring(Record.receipt), At = todatetime(Record.at), InvocationId = tostring(Properties.InvocationId)
| where Outcome in ("revoked", "already_cut") and At > ago(1h)
| join kind=leftouter Ended on InvocationId
| summarize Times = count(), arg_max(At, Rejected) by Outcome, bin(TimeGenerated, 1d)
| order by Times desc
"#;

fn problems(query: &str) -> Vec<String> {
    let problems = check(query, &vocabulary());
    problems.iter().map(ToString::to_string).collect()
}

/// What is found in the right query with one place changed.
fn planted(right: &str, wrong: &str) -> String {
    assert_eq!(RIGHT.matches(right).count(), 1, "{right}");
    let problems = problems(&RIGHT.replace(right, wrong));
    assert!(!problems.is_empty(), "{wrong}");
    problems.join("\n")
}

#[test]
fn a_right_query_has_no_problem() {
    assert_eq!(problems(RIGHT), [""; 0]);
}

#[test]
fn a_field_that_no_record_has_is_found() {
    assert_eq!(
        planted("Record.at", "Record.time"),
        "line 10: no receipt in the log has the field \"time\""
    );
    assert_eq!(
        planted("Line[\"messages.rejected\"]", "Line[\"messages.refused\"]"),
        "line 8: no line of [\"invocation.ended\"] has the field \"messages.refused\""
    );
    // A field within another.
    assert!(planted("Record.at", "Record.requestedBy.name").contains("\"requestedBy.name\""));
    // A field that another event has, but not the one that is asked for.
    assert!(planted("Line[\"messages.rejected\"]", "Line.variable").contains("\"variable\""));
    assert!(planted("Properties.InvocationId", "Properties.Invocation").contains("property"));
    assert!(
        planted(
            "parse_json(tostring(Line.receipt))",
            "parse_json(tostring(Message.receipt))"
        )
        .contains("Message")
    );
}

#[test]
fn every_field_of_every_query_is_needed_to_be_right() {
    // Each field that a query reads is misspelt in turn, and each time that is found.
    let vocabulary = vocabulary();
    let mut planted = 0;
    for (name, query) in queries() {
        for record in ["Record.", "Line."] {
            for (at, _) in query.match_indices(record) {
                let wrong = format!(
                    "{}zz{}",
                    &query[..at + record.len()],
                    &query[at + record.len()..]
                );
                assert!(!check(&wrong, &vocabulary).is_empty(), "{name}: {at}");
                planted += 1;
            }
        }
    }
    assert!(planted > 100, "{planted}");
}

#[test]
fn a_word_that_the_handler_never_writes_is_found() {
    assert_eq!(
        planted("\"already_cut\"", "\"cut_already\""),
        "line 11: Outcome is never \"cut_already\""
    );
    assert!(planted("\"invocation.ended\" //", "\"invocation.end\" //").contains("never"));
}

#[test]
fn a_name_that_is_no_column_at_its_place_is_found() {
    assert_eq!(
        planted("0, Message", "0, Text"),
        "line 4: Text is no column at this place"
    );
    assert!(planted("by Times", "by At2").contains("At2 is no column"));
    // A column that an operator before has dropped.
    assert!(planted("by Times", "by InvocationId").contains("InvocationId is no column"));
    // One side of a join lacks the key.
    assert!(
        planted("project InvocationId =", "project Id =").contains("InvocationId is no column")
    );
}

#[test]
fn a_table_an_operator_or_a_function_that_is_not_known_is_found() {
    assert!(planted("AppTraces", "traces").contains("no table"));
    assert!(planted("| order by Times", "| sort by Times").contains("no operator"));
    assert!(planted("count()", "cont()").contains("no function"));
    assert!(planted("kind=leftouter", "kind=outerleft").contains("no kind of join"));
    assert!(planted("toint(", "parse_int(").contains("no function"));
}

#[test]
fn rows_of_another_app_are_not_read() {
    let found = planted("/components/{ApplicationInsights}", "/components/");
    assert!(found.contains("_ResourceId"), "{found}");
}

#[test]
fn what_is_not_closed_or_leads_nowhere_is_found() {
    assert!(planted("count()", "count(").contains("is not closed"));
    assert!(planted("count()", "count())").contains("closes nothing"));
    assert!(planted("\"revoked\"", "\"revoked").contains("a text is not closed"));
    assert!(planted("| order by Times desc\n", "| order by Times desc |\n").contains("pipe"));
    assert!(planted("| order by Times", "|| order by Times").contains("pipe"));
    assert!(planted("Outcome, bin", "Outcome,, bin").contains("comma"));
}

#[test]
fn a_query_says_what_it_answers_and_has_a_result() {
    assert!(planted("// Who was cut?", "// The cuts").contains("asks"));
    let without = problems(
        "// What?\nlet A = AppTraces | where _ResourceId endswith \"/components/{ApplicationInsights}\";\n",
    );
    assert_eq!(without, ["line 2: the query ends without a result"]);
}

#[test]
fn a_shared_part_has_a_beginning_and_an_end_of_the_same_name() {
    let parts = shared_parts("// shared: a\nx\ny\n// end: a\nz").unwrap();
    assert_eq!(parts["a"], "x\ny\n");
    for wrong in [
        "// shared: a\nx",
        "// end: a",
        "// shared: a\n// end: b",
        "// shared: a\n// shared: b",
    ] {
        shared_parts(wrong).unwrap_err();
    }
}
