//! What the host does with a reply.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{HttpReply, OutputBinding, Reply};

fn written(reply: &Reply) -> Value {
    serde_json::from_str(&reply.to_json()).unwrap()
}

#[test]
fn a_reply_has_the_hosts_shape() {
    let reply = Reply::completed()
        .with_messages(OutputBinding::Receipts, vec![r#"{"a":1}"#.to_owned()])
        .with_messages(OutputBinding::Receipts, vec![r#"{"a":2}"#.to_owned()])
        .with_messages(OutputBinding::Rejected, vec![])
        .with_http(HttpReply {
            headers: vec![
                ("Retry-After".to_owned(), "30".to_owned()),
                ("content-type".to_owned(), "text/html".to_owned()),
            ],
            ..HttpReply::json(202, "{}".to_owned())
        })
        .with_log("a line".to_owned());
    insta::assert_snapshot!(reply.to_json(), @r#"{"Outputs":{"receipts":["{\"a\":1}","{\"a\":2}"],"res":{"body":"{}","headers":{"Content-Type":"application/json; charset=utf-8","Retry-After":"30"},"statusCode":"202"}},"Logs":["a line"],"ReturnValue":null}"#);
    assert_eq!(reply.messages(OutputBinding::Receipts).len(), 2);
    assert_eq!(reply.messages(OutputBinding::Handover), [""; 0]);
}

#[test]
fn a_reply_without_anything_is_an_object_still() {
    assert_eq!(
        written(&Reply::completed()),
        json!({ "Outputs": {}, "Logs": [], "ReturnValue": null })
    );
}

#[test]
fn an_abandoned_reply_carries_its_reason_and_no_outputs() {
    let reply = Reply::abandoned("Graph says wait")
        .with_messages(OutputBinding::Receipts, vec!["{}".to_owned()])
        .with_log("a line".to_owned());
    assert_eq!(written(&reply), json!({ "error": "Graph says wait" }));
    assert_eq!(reply.reason_abandoned(), Some("Graph says wait"));
    assert_eq!(reply.logs(), ["a line"]);
}

#[test]
fn debug_shows_no_message_and_no_body() {
    let reply = Reply::completed()
        .with_messages(
            OutputBinding::Handover,
            vec![r#"{"users":["alice@contoso.com"]}"#.to_owned()],
        )
        .with_http(HttpReply::json(
            200,
            r#"{"user":"alice@contoso.com"}"#.to_owned(),
        ));
    let shown = format!("{reply:?}");
    assert!(!shown.contains("alice"), "{shown}");
    assert!(shown.contains(r#""handover": 1"#), "{shown}");
    let shown = format!("{:?}", HttpReply::json(404, "alice".to_owned()));
    assert!(
        shown.contains("status: 404") && shown.contains("body_bytes: 5"),
        "{shown}"
    );
    assert!(!shown.contains("alice"), "{shown}");
}

/// Whether Newtonsoft.Json may convert a whole string to a date while it reads it.
fn looks_like_a_date(text: &str) -> bool {
    text.starts_with("/Date(") || (text.len() >= 19 && text.as_bytes()[0].is_ascii_digit())
}

/// The bodies that an array becomes: a string element is sent unchanged.
fn sent(output: &Value) -> Vec<String> {
    let elements = output.as_array().expect("messages are in an array");
    elements
        .iter()
        .map(|element| {
            let text = element.as_str().expect("each is a string");
            assert!(!looks_like_a_date(text), "the host would rewrite {text}");
            text.to_owned()
        })
        .collect()
}

proptest! {
    #[test]
    fn messages_arrive_byte_for_byte(
        texts in proptest::collection::vec(any::<String>(), 1..4),
        date in "20[0-9]{2}-1[0-2]-[0-2][1-8]T0[0-9]:00:00\\.[0-9]{1,7}00Z",
    ) {
        let messages: Vec<String> = texts
            .iter()
            .map(|text| json!({ "text": text, "at": date }).to_string())
            .collect();
        let reply = Reply::completed().with_messages(OutputBinding::Receipts, messages.clone());
        prop_assert_eq!(sent(&written(&reply)["Outputs"]["receipts"]), messages);
    }

    #[test]
    fn no_output_is_a_string_that_the_host_would_decode(
        text in "[A-Za-z0-9+/]{0,8}={0,2}",
        status in 100_u16..600,
    ) {
        let reply = Reply::completed()
            .with_messages(OutputBinding::Rejected, vec![json!({ "body": text }).to_string()])
            .with_http(HttpReply::json(status, text.clone()));
        let written = written(&reply);
        for output in written["Outputs"].as_object().unwrap().values() {
            prop_assert!(!output.is_string());
        }
        for message in sent(&written["Outputs"]["rejected"]) {
            prop_assert!(STANDARD.decode(message).is_err());
        }
        prop_assert_eq!(&written["Outputs"]["res"]["body"], &json!(text));
        prop_assert_eq!(&written["Outputs"]["res"]["statusCode"], &json!(status.to_string()));
    }
}
