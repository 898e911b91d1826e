//! Converts the values under `Outputs`: to messages for Service Bus, and to the answer to an HTTP caller. It only
//! computes; `runner` sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::newtonsoft::indented;

/// The bodies of the messages that a Service Bus output becomes.
///
/// A string that is valid base64 is decoded and sent as bytes (`GetBindingValue`), unless the binding says that it is
/// binary; an array, or a string that parses as one, becomes one message for each element; an object, or a string that
/// parses as one, is serialised again with indentation (`FunctionBinding.ReadAsEnumerable`, `BindAsyncCollectorAsync`).
pub(super) fn message_bodies(value: &Value, binary: bool) -> Vec<Vec<u8>> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => match decoded(text) {
            Some(bytes) if !binary => vec![bytes],
            _ => match serde_json::from_str::<Value>(text) {
                Ok(parsed @ (Value::Array(_) | Value::Object(_))) => elements(&parsed),
                Ok(_) | Err(_) => vec![text.clone().into_bytes()],
            },
        },
        other => elements(other),
    }
}

fn elements(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::Array(items) => items.iter().map(element).collect(),
        single => vec![element(single)],
    }
}

fn element(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => indented(other).into_bytes(),
    }
}

/// The bytes of a base64 text. The host's decoder ignores white space in it.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let packed: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
        .collect();
    STANDARD.decode(packed).ok()
}

/// The answer to an HTTP caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpAnswer {
    /// The status.
    pub(super) status: u16,
    /// The headers, in the order of their names.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// The answer for the `http` output (seen with version 4.1037). A function that names none is answered with 200 and an
/// empty object. A status counts with and without a `body`; only `statusCode` names it.
pub(super) fn http_answer(value: Option<&Value>) -> HttpAnswer {
    let parsed;
    let value = match value {
        None | Some(Value::Null) => return with_body(200, Vec::new(), &Value::from("{}")),
        // A string that is a JSON object is read as one.
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => {
                parsed = object;
                &parsed
            }
            Ok(_) | Err(_) => return with_body(200, Vec::new(), &Value::from(text.as_str())),
        },
        Some(other) => other,
    };
    let Some(members) = value.as_object() else {
        return with_body(200, Vec::new(), value);
    };
    let status = property(members, "statusCode").and_then(status_code);
    let mut headers = Vec::new();
    if let Some(Value::Object(given)) = property(members, "headers") {
        for (name, value) in given {
            if matches!(value, Value::Array(_) | Value::Null) {
                return HttpAnswer {
                    status: 500,
                    headers: Vec::new(),
                    body: Vec::new(),
                };
            }
            headers.push((name.clone(), text_of(value)));
        }
    }
    let body = property(members, "body").unwrap_or(&Value::Null);
    with_body(status.unwrap_or(200), headers, body)
}

/// A string is sent unchanged; anything else is serialised again, and is text unless the output says otherwise.
fn with_body(status: u16, mut headers: Vec<(String, String)>, body: &Value) -> HttpAnswer {
    let (body, content_type) = match body {
        Value::Null => (String::new(), None),
        Value::String(text) => (text.clone(), Some("text/plain; charset=utf-8")),
        other => (indented(other), Some("text/plain; charset=utf-8")),
    };
    let told = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    if let (Some(content_type), false) = (content_type, told) {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    HttpAnswer {
        status,
        headers,
        body: body.into_bytes(),
    }
}

fn property<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn status_code(value: &Value) -> Option<u16> {
    let code = match value {
        Value::String(text) => text.parse().ok()?,
        other => u16::try_from(other.as_u64()?).ok()?,
    };
    (100..=599).contains(&code).then_some(code)
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(value: &Value) -> Vec<String> {
        message_bodies(value, false)
            .into_iter()
            .map(|body| String::from_utf8_lossy(&body).into_owned())
            .collect()
    }

    #[test]
    fn a_text_that_happens_to_be_base64_is_not_what_was_meant() {
        assert_eq!(texts(&json!("aGVsbG8=")), ["hello"]);
        assert_eq!(message_bodies(&json!("aGVsbG8="), true), [b"aGVsbG8="]);
        assert_eq!(texts(&json!("alice@contoso.com")), ["alice@contoso.com"]);
    }

    #[test]
    fn an_array_becomes_one_message_for_each_element() {
        assert_eq!(texts(&json!([{"a": 1}, "b"])), ["{\n  \"a\": 1\n}", "b"]);
        assert_eq!(texts(&json!("[{\"a\":1},\"b\"]")).len(), 2);
        assert_eq!(texts(&json!([])).len(), 0);
        assert_eq!(texts(&Value::Null).len(), 0);
    }

    #[test]
    fn an_object_is_written_anew_and_so_is_a_string_that_holds_one() {
        let written = "{\n  \"at\": \"2026-11-23T20:10:26.1Z\"\n}";
        assert_eq!(texts(&json!({"at": "2026-11-23T20:10:26.100Z"})), [written]);
        assert_eq!(
            texts(&json!("{\"at\":\"2026-11-23T20:10:26.100Z\"}")),
            [written]
        );
    }

    #[test]
    fn an_answer_with_a_body_has_its_status_and_headers_in_any_case() {
        let answer = http_answer(Some(&json!({
            "StatusCode": "202",
            "Headers": {"content-type": "application/json"},
            "Body": "{\"at\":\"2026-11-23T20:10:26.100Z\"}",
        })));
        assert_eq!(answer.status, 202);
        assert_eq!(
            answer.headers,
            [("content-type".to_owned(), "application/json".to_owned())]
        );
        assert_eq!(answer.body, b"{\"at\":\"2026-11-23T20:10:26.100Z\"}");
        let numbered = http_answer(Some(&json!({"statusCode": 404, "body": {"a": 1}})));
        assert_eq!(
            (numbered.status, &numbered.body[..]),
            (404, &b"{\n  \"a\": 1\n}"[..])
        );
        let kind = "text/plain; charset=utf-8".to_owned();
        assert_eq!(numbered.headers, [("Content-Type".to_owned(), kind)]);
    }

    #[test]
    fn a_status_counts_without_a_body_and_only_under_its_own_name() {
        let answer = http_answer(Some(&json!({"statusCode": 503})));
        assert_eq!((answer.status, answer.body.len()), (503, 0));
        let misnamed = http_answer(Some(&json!({"status": 503, "body": "x"})));
        assert_eq!(misnamed.status, 200);
    }

    #[test]
    fn a_function_that_names_no_answer_is_answered_for() {
        for nothing in [None, Some(&Value::Null)] {
            let answer = http_answer(nothing);
            assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
        }
    }

    #[test]
    fn a_header_that_is_a_list_or_nothing_fails_the_answer() {
        for value in [json!(["a", "b"]), Value::Null] {
            let output = json!({"statusCode": 200, "headers": {"x-own": value}, "body": "x"});
            assert_eq!(http_answer(Some(&output)).status, 500);
        }
    }
}
