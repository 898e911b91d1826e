//! The expression language: what is read, what is refused, and which values it gives.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use template::workflow::evaluate::{Ended, Scene, Status};
use template::workflow::expression::template;

fn scene() -> Scene {
    let answered = Ended {
        status: Status::Failed,
        outputs: json!({"statusCode": 503, "body": "not JSON"}),
    };
    let silent = Ended {
        status: Status::TimedOut,
        outputs: Value::Null,
    };
    Scene {
        trigger: json!({"object": {"id": "7", "tags": ["a", "b"], "it's": 1}, "count": 3}),
        parameters: BTreeMap::from([("host".to_owned(), "h".into())]),
        actions: BTreeMap::from([("Call".to_owned(), answered), ("Silent".to_owned(), silent)]),
    }
}

#[test]
fn an_expression_gives_its_value() {
    for (text, value) in [
        ("plain", json!("plain")),
        ("alice@contoso.com", json!("alice@contoso.com")),
        ("@@{not}", json!("@{not}")),
        ("@triggerBody()?['count']", json!(3)),
        ("{\"n\":@{triggerBody()?['count']}}", json!("{\"n\":3}")),
        ("@triggerBody()?.object?.tags[1]", json!("b")),
        ("@triggerBody()['object']?['it''s']", json!(1)),
        ("@triggerBody()?['nothing']?['below']", Value::Null),
        ("<@{triggerBody()?['nothing']}>", json!("<>")),
        ("https://@{parameters('host')}/x", json!("https://h/x")),
        ("@outputs('Call')?['statusCode']", json!(503)),
        ("@body('Call')", json!("not JSON")),
        ("@body('Silent')", Value::Null),
        ("@actions('Silent')?['status']", json!("TimedOut")),
        (
            "@coalesce(null, outputs('Silent')?['x'], 'none')",
            json!("none"),
        ),
        ("@if(greater(add(1, 2), -3), 'yes', 'no')", json!("yes")),
        (
            "@if(or(false, equals(503, outputs('Call')?['statusCode'])), 1, 2)",
            json!(1),
        ),
        ("@and(true, not(empty('x')))", json!(true)),
        ("@concat('a', string(1), '}')", json!("a1}")),
    ] {
        assert_eq!(scene().fill(&text.into()), Ok(value), "{text}");
    }
}

#[test]
fn an_expression_that_a_run_would_stumble_over_has_no_value() {
    for (text, problem) in [
        ("@triggerBody()['nothing']", "is not there"),
        ("@body('Call')?['comment']", "cannot be taken from"),
        ("@greater(null, 0)", "is not a whole number"),
        ("@if('yes', 1, 2)", "neither true nor false"),
        (
            "@if(true, 1, body('Call')?['comment'])",
            "cannot be taken from",
        ),
        ("@parameters('other')", "has no value"),
        ("@body('Later')", "has not ended"),
    ] {
        let error = scene().fill(&text.into()).unwrap_err();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

#[test]
fn an_expression_that_is_not_closed_is_refused() {
    for text in [
        "@",
        "@{}",
        "@{triggerBody()",
        "@{triggerBody(}",
        "@concat('a'",
        "@concat('a)",
        "@concat('a',)",
        "@concat(,'a')",
        "@body('x')?['y'",
        "@body('x')?'y'",
        "@body('x'))",
        "@body('x')?[]",
        "@triggerBody",
        "a @{body('x')']} b",
    ] {
        assert!(template(text).is_err(), "{text}");
    }
}
