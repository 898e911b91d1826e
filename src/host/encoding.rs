//! Undoes the layers of encoding in which the host writes values.
//!
//! The host writes a string as its JSON text inside a JSON string, a number as a JSON string, bytes as base64, a time
//! without its fractions and a `DateTime` without a zone. The documentation shows the plain forms. Each function here
//! reads both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A message's body, byte for byte as it was sent where the host kept it.
///
/// | what arrives | what it means |
/// | --- | --- |
/// | a string that holds the JSON text of a string | that string: how the host's source writes text |
/// | the string `null`, or null | no body |
/// | a string that holds a JSON object or array | the text itself: the documentation's form |
/// | a string that is base64 | the bytes: how the host writes a binary body |
/// | any other string | the text itself |
/// | an object, an array, a number | its JSON text: the documentation's form |
pub(super) fn message_body(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => string_body(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string().into_bytes()
        }
    }
}

fn string_body(text: &str) -> Vec<u8> {
    if text == "null" {
        return Vec::new();
    }
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        return inner.into_bytes();
    }
    match STANDARD.decode(text) {
        Ok(bytes) => bytes,
        Err(_) => text.as_bytes().to_vec(),
    }
}

/// The body of an HTTP request: text as sent, or base64 where the host takes the content type for binary.
pub(super) fn http_body(value: &Value, is_binary: bool) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) if is_binary => Some(
            STANDARD
                .decode(text)
                .unwrap_or_else(|_| text.as_bytes().to_vec()),
        ),
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string().into_bytes())
        }
    }
}

/// A metadata value as text: one layer undone where there is one.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => {
            serde_json::from_str::<String>(text).unwrap_or_else(|_| text.clone())
        }
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A metadata value as a whole number.
pub(super) fn number(value: &Value) -> Option<u32> {
    text(value)?.trim().parse().ok()
}

/// A metadata value as a time. Without a zone it is UTC, as the names of such values say.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    let text = text(value)?;
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// As the host's source writes a string: its JSON text, in a JSON string.
    fn as_the_host_writes(text: &str) -> Value {
        Value::String(serde_json::to_string(text).unwrap())
    }

    #[test]
    fn times_arrive_with_and_without_a_zone_and_plain() {
        let expected: Timestamp = "2026-11-23T20:10:26Z".parse().unwrap();
        for value in [
            json!("2026-11-23T20:10:26"),
            json!("2026-11-23T20:10:26+00:00"),
            json!("2026-11-23T21:10:26+01:00"),
            json!("\"2026-11-23T20:10:26Z\""),
        ] {
            assert_eq!(time(&value), Some(expected), "{value}");
        }
        assert_eq!(time(&json!("yesterday")), None);
    }

    #[test]
    fn numbers_arrive_as_strings_and_plain() {
        for value in [json!(3), json!("3"), json!("\"3\"")] {
            assert_eq!(number(&value), Some(3), "{value}");
        }
        for value in [json!(-1), json!("three"), json!(null), json!([3])] {
            assert_eq!(number(&value), None, "{value}");
        }
    }

    #[test]
    fn the_plain_forms_of_the_documentation_are_read_too() {
        assert_eq!(
            message_body(&json!("alice@contoso.com")),
            b"alice@contoso.com"
        );
        assert_eq!(
            message_body(&json!(r#"{"user":"a@b.c"}"#)),
            br#"{"user":"a@b.c"}"#
        );
        assert_eq!(
            message_body(&json!({"user": "a@b.c"})),
            br#"{"user":"a@b.c"}"#
        );
        assert_eq!(message_body(&json!("null")), b"");
        assert_eq!(message_body(&json!("aGVsbG8=")), b"hello");
    }

    proptest! {
        #[test]
        fn every_text_comes_out_as_it_was_sent(body in "\\PC*|[ -~]{0,40}|null|[0-9]{1,8}|\"[a-z]*\"|[A-Za-z0-9+/]{4}") {
            prop_assert_eq!(message_body(&as_the_host_writes(&body)), body.as_bytes());
        }

        #[test]
        fn bytes_come_out_as_they_were_sent(body in proptest::collection::vec(any::<u8>(), 1..64)) {
            let text = STANDARD.encode(&body);
            // Base64 that is itself a JSON value cannot be told from it; no alert is that short.
            prop_assume!(text != "null" && serde_json::from_str::<Value>(&text).is_err());
            prop_assert_eq!(message_body(&Value::String(text)), body);
        }
    }
}
