//! The effects of the host's JSON library, Newtonsoft.Json, that ours does not have: escapes, indentation, and strings
//! that look like dates. It must not know what the text is for.

use jiff::civil;
use jiff::tz::Offset;
use serde_json::Value;

/// The JSON text of a string. Beyond what JSON requires, the three line separators of Unicode are escaped.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text)
        .to_string()
        .replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The JSON text of a value in an output: indented, with rewritten dates. The order of properties is not kept, because
/// JSON does not promise any.
pub(super) fn indented(value: &Value) -> String {
    format!("{:#}", with_dates_rewritten(value.clone()))
}

/// The value with every date-like string in Newtonsoft's form.
pub(super) fn with_dates_rewritten(value: Value) -> Value {
    match value {
        Value::String(text) => Value::from(rewritten_date(&text).unwrap_or(text)),
        Value::Array(items) => items.into_iter().map(with_dates_rewritten).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, with_dates_rewritten(value)))
            .collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// A date-like string in .NET's form: in the invariant culture, without a fraction and without a zone. `None` for other
/// strings.
pub(super) fn as_shown_date(text: &str) -> Option<String> {
    let read: civil::DateTime = rewritten_date(text)?.get(..19)?.parse().ok()?;
    Some(read.strftime("%m/%d/%Y %H:%M:%S").to_string())
}

/// The rewritten form of a date; `None` for text that is not read as a date. Only texts of 19 to 40 characters with a
/// `T` at the eleventh place qualify (`DateTimeUtils.TryParseDateTime`). A fraction loses its trailing zeros and its
/// digits after the seventh, and a zone other than `Z` becomes the machine's own, which is UTC in Azure.
fn rewritten_date(text: &str) -> Option<String> {
    if !(19..=40).contains(&text.len()) || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (clock, zone) = match text.get(19..)?.find(['Z', '+', '-']) {
        Some(position) => text.split_at(19 + position),
        None => (text, ""),
    };
    if !clock
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-T:.".contains(&byte))
    {
        return None;
    }
    let read: civil::DateTime = clock.parse().ok()?;
    let (time, suffix) = match zone {
        "" => (read, ""),
        "Z" => (read, "Z"),
        offset => (utc(read, offset)?, "+00:00"),
    };
    let whole = time.strftime("%Y-%m-%dT%H:%M:%S");
    let ticks = format!("{:07}", time.subsec_nanosecond() / 100);
    let fraction = ticks.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{whole}{point}{fraction}{suffix}"))
}

/// A time of day at an offset such as `+02:00`, in UTC.
fn utc(time: civil::DateTime, offset: &str) -> Option<civil::DateTime> {
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let minutes = match digits.len() {
        2 => 60 * digits.parse::<i32>().ok()?,
        4 => 60 * digits.get(..2)?.parse::<i32>().ok()? + digits.get(2..)?.parse::<i32>().ok()?,
        _ => return None,
    };
    let seconds = if offset.starts_with('-') { -60 } else { 60 } * minutes;
    let stamp = Offset::from_seconds(seconds)
        .ok()?
        .to_timestamp(time)
        .ok()?;
    Some(Offset::UTC.to_datetime(stamp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_date_inside_an_object_is_rewritten() {
        for (written, comes_out) in [
            ("2026-11-23T20:10:26.100Z", "2026-11-23T20:10:26.1Z"),
            ("2026-11-23T20:10:26.000Z", "2026-11-23T20:10:26Z"),
            ("2026-11-23T20:10:26Z", "2026-11-23T20:10:26Z"),
            ("2026-11-23T20:10:26", "2026-11-23T20:10:26"),
            ("2026-11-23T20:10:26+02:00", "2026-11-23T18:10:26+00:00"),
            (
                "2026-11-23T20:10:26.123456789Z",
                "2026-11-23T20:10:26.1234567Z",
            ),
            ("2026-11-23 20:10:26Z", "2026-11-23 20:10:26Z"),
            ("2026-11-23", "2026-11-23"),
            ("2026-99-23T20:10:26Z", "2026-99-23T20:10:26Z"),
            ("not a date T at all", "not a date T at all"),
        ] {
            assert_eq!(
                with_dates_rewritten(json!({"a": [written]})),
                json!({"a": [comes_out]})
            );
        }
    }

    #[test]
    fn an_object_is_written_with_two_spaces_of_indentation() {
        assert_eq!(
            indented(&json!({"a": {"b": []}})),
            "{\n  \"a\": {\n    \"b\": []\n  }\n}"
        );
    }

    #[test]
    fn unicode_line_separators_are_escaped() {
        assert_eq!(quoted("a\u{2028}\"b\""), "\"a\\u2028\\\"b\\\"\"");
    }
}
