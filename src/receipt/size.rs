//! How large a message may become on its way, and how a text is cut to a size.
//!
//! Messages are handed to the Functions host as texts, which by its source it sends as they are. Objects it would write
//! again with indentation (Azure/azure-functions-host, `FunctionBinding`), which makes them larger. All limits here are
//! kept even in that larger form, *the host's form*, so that nothing is lost if a host should treat texts so too.

use std::borrow::Cow;

use serde::Serialize;

/// The most that one message to a queue may take in the host's form: a Service Bus message holds 256 KB with its
/// properties ("Service Bus quotas").
pub const QUEUE_MESSAGE_LIMIT: usize = 192 * 1024;

/// The most that one receipt's event may take in the host's form: intermediaries have to forward events up to this size
/// (CloudEvents 1.0, "Size limits").
pub const EVENT_LIMIT: usize = 64 * 1024;

/// The JSON text of a value.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| unwritable(&error))
}

/// The bytes of a value as the host writes it, when it stands `depth` levels deep in a message.
pub(super) fn as_sent(value: &impl Serialize, depth: usize) -> usize {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| unwritable(&error));
    let lines = text.lines().count();
    // Two spaces a level, a carriage return before each line feed, and a comma after the value.
    let around = lines * (2 * depth + 2) + 1;
    text.len() + around + rewritten(&text)
}

/// Cuts a text so that its JSON form takes at most `most` bytes and says so at its end.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().map(escaped).sum::<usize>() <= most {
        return Cow::Borrowed(text);
    }
    let mark = format!("… (cut, {} bytes)", text.len());
    let end = prefix(text, most.saturating_sub(mark.len()));
    Cow::Owned(format!("{}{mark}", text.get(..end).unwrap_or_default()))
}

/// The length in bytes of the longest beginning of a text whose JSON form takes at most `most` bytes.
pub(super) fn prefix(text: &str, most: usize) -> usize {
    let mut taken = 0;
    text.char_indices()
        .find(|(_, c)| {
            taken += escaped(*c);
            taken > most
        })
        .map_or(text.len(), |(index, _)| index)
}

/// The bytes of a character within a JSON string of the host's.
fn escaped(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => 6,
        c => c.len_utf8(),
    }
}

/// How much longer a text gets because the host writes three characters as escapes that we write as they are.
fn rewritten(text: &str) -> usize {
    text.chars()
        .filter(|c| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'))
        .map(|c| 6 - c.len_utf8())
        .sum()
}

/// Cannot happen for the values of this room, whose keys are texts and none of whose parts refuses to be written. Should
/// it ever, the text says so where the value was expected.
fn unwritable(error: &serde_json::Error) -> String {
    serde_json::json!({ "unwritable": error.to_string() }).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_size_is_that_of_the_indented_form_with_windows_line_ends() {
        let value = serde_json::json!({ "a": [1, 2] });
        let sent = "{\r\n  \"a\": [\r\n    1,\r\n    2\r\n  ]\r\n}";
        assert!(as_sent(&value, 0) >= sent.len());
        assert!(as_sent(&value, 0) <= sent.len() + 10);
    }

    proptest! {
        #[test]
        fn a_cut_text_keeps_to_its_size(text in any::<String>(), most in 40_usize..200) {
            let short = cut(&text, most);
            let quotes = 2;
            prop_assert!(json(&short).len() + rewritten(&short) <= most + quotes);
            prop_assert!(short == text || short.contains("… (cut, "));
        }
    }
}
