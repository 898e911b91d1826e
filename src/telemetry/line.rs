//! One event as one line.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use tracing::Level;

use crate::domain::json_without_controls;

/// A field's name and value.
pub(super) type Field = (&'static str, Value);

/// The longest text in a line, in bytes. Application Insights truncates a whole message at 32 KiB.
const TEXT_LIMIT: usize = 8 * 1024;

/// The line of an event, with its line end. Of fields with the same name the first counts; `time` and `level` are
/// reserved.
pub(super) fn line(time: Timestamp, level: Level, fields: &[Field]) -> String {
    let mut line = format!(r#"{{"time":"{time}","level":"{level}""#);
    let mut seen = vec!["time", "level"];
    let message = fields.iter().filter(|(name, _)| *name == "message");
    let others = fields.iter().filter(|(name, _)| *name != "message");
    for (name, value) in message.chain(others) {
        if seen.contains(name) {
            continue;
        }
        seen.push(name);
        // Writing to a text cannot fail.
        let _ = write!(line, ",{}:{}", Value::from(*name), short(value));
    }
    line.push('}');
    let mut line = json_without_controls(&line);
    if level == Level::ERROR {
        line = without_warn(&line);
    }
    line.push('\n');
    line
}

fn short(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::String(text) if text.len() > TEXT_LIMIT => {
            let end = text.floor_char_boundary(TEXT_LIMIT);
            let kept = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{kept}… (cut, {} bytes)", text.len()).into())
        }
        Value::String(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_) => Cow::Borrowed(value),
    }
}

/// The same JSON without the letters "warn", in any case: the first of them becomes an escape.
fn without_warn(json: &str) -> String {
    let lower = json.to_ascii_lowercase();
    let mut line = String::with_capacity(json.len());
    let mut rest = 0;
    for (at, _) in lower.match_indices("warn") {
        line.push_str(json.get(rest..at).unwrap_or_default());
        line.push_str(if json.as_bytes().get(at) == Some(&b'W') {
            "\\u0057"
        } else {
            "\\u0077"
        });
        rest = at + 1;
    }
    line.push_str(json.get(rest..).unwrap_or_default());
    line
}
