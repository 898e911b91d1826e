//! Requests that are not invocations.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Function, Invocation};
use super::{ID, parse};

fn problem(function: Function, body: &str) -> String {
    Invocation::parse(function, ID, body.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn the_error_names_the_place_and_what_belongs_there() {
    use Function::{RevokeFromAlert as Alert, RevokeFromQueue as Queue};
    let problems: Vec<_> = [
        (Queue, ""),
        (Queue, "nonsense"),
        (Queue, "4711"),
        (Queue, "{}"),
        (Queue, r#"{"Data": 1}"#),
        (Queue, r#"{"Data": {"req": {}}}"#),
        (Queue, r#"{"Data": {"message": "a"}, "Metadata": 1}"#),
        (Queue, r#"{"Data": {"message": "a"}} and more"#),
        (Queue, r#"{"Data": {"message": "a", "message": "b"}}"#),
        (Queue, "{\"Data\": {\"message\": \"\u{1}\"}}"),
        (Queue, r#"{"Data": {"message": "\ud800"}}"#),
        (Alert, r#"{"Data": {"message": "a"}}"#),
        (Alert, r#"{"Data": {"req": "a"}}"#),
        (Alert, r#"{"Data": {"req": {"Body": "a"}}}"#),
        (Alert, r#"{"Data": {"req": {"Method": 1}}}"#),
        (
            Alert,
            r#"{"Data": {"req": {"Method": "POST", "Headers": {"x-secret": 1}}}}"#,
        ),
    ]
    .into_iter()
    .map(|(function, body)| problem(function, body))
    .collect();
    insta::assert_snapshot!(problems.join("
"), @r"
    $ (line 1, column 0): expected JSON in UTF-8, a plain value in it of at most 127 levels, as the Functions host writes it
    $ (line 1, column 2): expected JSON in UTF-8, a plain value in it of at most 127 levels, as the Functions host writes it
    $ (line 1, column 4): expected an object with `Data` and `Metadata`
    Data.message: expected the message; the trigger's binding has to be named `message` in function.json
    Data (line 1, column 10): expected an object that holds the trigger's value
    Data.message: expected the message; the trigger's binding has to be named `message` in function.json
    Metadata (line 1, column 40): expected an object
    $: expected one JSON object and nothing after it
    Data (line 1, column 35): expected an object that holds the trigger's value
    Data.message (line 1, column 23): expected JSON in UTF-8, a plain value in it of at most 127 levels, as the Functions host writes it
    Data.message (line 1, column 29): expected JSON in UTF-8, a plain value in it of at most 127 levels, as the Functions host writes it
    Data.req: expected the HTTP request; the trigger's binding has to be named `req` in function.json
    Data.req (line 1, column 20): expected the HTTP request as an object with `Method`; the trigger's binding has to be named `req`
    Data.req (line 1, column 30): expected the HTTP request as an object with `Method`; the trigger's binding has to be named `req`
    Data.req.Method (line 1, column 29): expected the HTTP method
    Data.req.Headers (line 1, column 62): expected an object with a list of texts for each name
    ");
}

#[test]
fn an_id_that_could_not_stand_in_a_log_is_refused() {
    let body = json!({ "Data": { "message": "\"a\"" } }).to_string();
    for id in ["", "a b", "a\nb", "ä", &"a".repeat(129)] {
        let error = Invocation::parse(Function::RevokeFromQueue, id, body.as_bytes()).unwrap_err();
        assert_eq!(error.path(), "X-Azure-Functions-InvocationId");
    }
    assert!(
        Invocation::parse(Function::RevokeFromQueue, &"a".repeat(128), body.as_bytes()).is_ok()
    );
}

#[test]
fn a_problem_repeats_nothing_of_what_was_read() {
    for body in [
        r#"{"Data": {"message": "a"}, "Metadata": {"alice@contoso.com": }}"#,
        r#"{"Data": {"req": {"Method": {"alice@contoso.com": 1}, "Headers": {"alice@contoso.com": 1}}}}"#,
        r#"{"Data": {"req": {"Method": ["alice@contoso.com"]}}}"#,
        r#"{"Data": "alice@contoso.com"}"#,
        r#""alice@contoso.com""#,
    ] {
        for function in Function::ALL {
            let problem = problem(function, body);
            assert!(!problem.contains("alice"), "{problem}");
        }
    }
}

#[test]
fn a_plain_value_deeper_than_can_be_read_is_refused_and_not_a_stack_overflow() {
    let deep = format!(
        r#"{{"Data": {{"message": {}1{}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(problem(Function::RevokeFromQueue, &deep).starts_with("Data.message"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        proptest::sample::select(
            &[
                "Data",
                "Metadata",
                "message",
                "req",
                "Headers",
                "Method",
                "Body",
                "MessageId"
            ][..]
        )
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for function in Function::ALL {
            assert!(Invocation::parse(function, ID, &bytes).is_err());
        }
    }

    #[test]
    fn no_json_makes_it_panic(body in any_json()) {
        for function in Function::ALL {
            if let Ok(invocation) = parse(function, &body) {
                assert_eq!(invocation.function(), function);
            }
            let nested = json!({ "Data": { "req": body, "message": body }, "Metadata": body });
            if let Ok(invocation) = parse(function, &nested) {
                assert_eq!(invocation.function(), function);
            }
        }
    }
}
