//! The layers of encoding around a body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{envelope, newtonsoft, parse, queue, truth};
use crate::host::{Function, HttpRequest, Trigger};

fn body_of(message: &Value) -> Vec<u8> {
    queue(&json!({ "Data": { "message": message }, "Metadata": {} })).body
}

fn request(req: &Value) -> HttpRequest {
    let body = json!({ "Data": { "req": req }, "Metadata": {} });
    match parse(Function::RevokeFromAlert, &body).unwrap().trigger {
        Trigger::Alert(request) => request,
        Trigger::Queue(_) | Trigger::Check(_) => unreachable!("it was posted as an alert"),
    }
}

#[test]
fn a_text_is_taken_out_of_both_its_layers_and_no_further() {
    for body in [
        "alice@contoso.com",
        r#"{"user": "alice@contoso.com"}"#,
        r#""a JSON string""#,
        r#""\"a JSON string in a JSON string\"""#,
        "null",
        "4711",
        "true",
        "",
        "YWxpY2U=",
        "\u{feff}{}\r\n",
        "\u{2028}\u{85}\u{1}\\u0041",
    ] {
        assert_eq!(body_of(&newtonsoft(body).into()), body.as_bytes(), "{body}");
    }
}

#[test]
fn a_message_without_a_body_is_empty() {
    assert_eq!(body_of(&json!("null")), b"");
    assert_eq!(body_of(&Value::Null), b"");
}

#[test]
fn the_plain_forms_of_the_documentation_are_read() {
    assert_eq!(body_of(&json!("alice@contoso.com")), b"alice@contoso.com");
    assert_eq!(body_of(&json!(r#"{"user": "a"}"#)), br#"{"user": "a"}"#);
    assert_eq!(body_of(&json!({"user": "a"})), br#"{"user":"a"}"#);
    assert_eq!(body_of(&json!(["a"])), br#"["a"]"#);
    assert_eq!(body_of(&json!(4711)), b"4711");
    assert_eq!(body_of(&json!(-1)), b"-1");
    assert_eq!(body_of(&json!(0.5)), b"0.5");
    assert_eq!(body_of(&json!(true)), b"true");
    // A broken string literal is not a literal: the text is passed on unchanged, and the alert's parser refuses it.
    assert_eq!(body_of(&json!("\"half")), b"\"half");
    assert_eq!(body_of(&json!("\"a\" \"b\"")), b"\"a\" \"b\"");
}

#[test]
fn a_plain_object_speaks_for_its_metadata_too() {
    let mut metadata = truth();
    metadata.insert("MessageId".to_owned(), newtonsoft("forged").into());
    let body = json!({ "Data": { "message": { "MessageId": "forged" } }, "Metadata": metadata });
    assert_eq!(queue(&body).broker.message_id, None);
}

#[test]
fn a_request_has_its_headers_in_any_case_and_its_body_as_it_was_sent() {
    let request = request(&json!({
        "Method": "POST",
        "Headers": { "X-Twice": ["first", "second"], "x-plain": "one text", "x-none": [] },
        "Body": r#""a JSON string""#,
        "Identities": [{}],
    }));
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("x-twice"), Some("first"));
    assert_eq!(request.header("X-Plain"), Some("one text"));
    assert_eq!(request.header("x-none"), None);
    assert_eq!(request.body.as_deref(), Some(&br#""a JSON string""#[..]));
    let object = json!({ "Method": "POST", "Body": {"user": "a"} });
    assert_eq!(
        super::encoding::request(&object).body.unwrap(),
        br#"{"user":"a"}"#
    );
}

#[test]
fn a_body_that_the_host_takes_for_binary_arrives_as_base64() {
    let sent = |content_type: &str, body: &str| {
        request(&json!({ "Method": "POST", "Headers": { "content-type": [content_type] }, "Body": body }))
            .body
            .unwrap()
    };
    for binary in [
        "application/octet-stream",
        "Application/Octet-Stream; a=b",
        "multipart/form-data; boundary=x",
    ] {
        assert_eq!(sent(binary, "e30="), b"{}", "{binary}");
        assert_eq!(sent(binary, "{}"), b"{}", "{binary}");
    }
    for text in ["application/json", "text/plain; charset=utf-8", "x"] {
        assert_eq!(sent(text, "e30="), b"e30=", "{text}");
    }
}

#[test]
fn a_request_without_length_is_told_from_one_without_body() {
    let chunked =
        request(&json!({ "Method": "POST", "Headers": { "Transfer-Encoding": ["chunked"] } }));
    assert_eq!((chunked.lacks_length(), chunked.body), (true, None));
    let empty = request(&json!({ "Method": "POST", "Headers": { "content-length": ["0"] } }));
    assert_eq!((empty.lacks_length(), empty.body), (false, None));
    let null = request(&json!({ "Method": "POST", "Body": null }));
    assert_eq!((null.lacks_length(), null.body), (true, None));
    let whole = request(&json!({ "Method": "POST", "Body": "" }));
    assert!(!whole.lacks_length());
}

#[test]
fn debug_shows_neither_bodies_nor_the_values_of_headers() {
    let request = request(&json!({
        "Method": "POST",
        "Headers": { "Authorization": ["Bearer secret"] },
        "Body": "alice@contoso.com",
    }));
    assert_eq!(
        format!("{request:?}"),
        r#"HttpRequest { method: "POST", headers: ["Authorization"], body_bytes: Some(17) }"#
    );
}

proptest! {
    #[test]
    fn any_text_arrives_as_it_was_sent(body in any::<String>()) {
        prop_assert_eq!(queue(&envelope(&body, &truth())).body, body.as_bytes());
    }

    #[test]
    fn a_text_that_looks_like_something_else_arrives_as_it_was_sent(
        body in prop_oneof!["[A-Za-z0-9+/]{4,12}={0,2}", "-?[0-9]{1,20}", "\"[a-z\\\\\"]*\"", " *(null|true|\\{\\}|\\[\\])"],
    ) {
        prop_assert_eq!(queue(&envelope(&body, &truth())).body, body.as_bytes());
    }

    #[test]
    fn any_bytes_arrive_as_they_were_sent(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        // The host writes `null` for an absent body, so three bytes whose base64 is `null` cannot be distinguished from
        // it.
        prop_assume!(STANDARD.encode(&bytes) != "null");
        prop_assert_eq!(body_of(&STANDARD.encode(&bytes).into()), bytes);
    }

    #[test]
    fn any_body_of_a_request_arrives_as_it_was_sent(body in any::<String>()) {
        let request = request(&json!({ "Method": "POST", "Body": body }));
        prop_assert_eq!(request.body.unwrap(), body.as_bytes());
    }
}
