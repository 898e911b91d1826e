//! Makes text from outside harmless in an incident comment, whose HTML and Markdown are both rendered ("Microsoft Sentinel
//! blog", 1747507). Everything that a comment shows goes through here, our own sentences too, so that no path leads
//! around it.

use std::fmt::Write as _;

use crate::domain::is_invisible;

/// A text for a comment: on one line, without markup in either language, without characters that are not seen, and with
/// links broken in the way that analysts know (`https[:]//`). What would take more than `most` characters is cut off.
///
/// Punctuation that means something to HTML or Markdown is written as a numeric character reference, which both show as
/// the character and neither takes for markup ("Entity and numeric character references", `CommonMark`).
pub(super) fn text(text: &str, most: usize) -> String {
    let shown = one_line(text, most).replace("://", "[:]//");
    let mut escaped = String::with_capacity(shown.len());
    let mut length = 0;
    let characters: Vec<char> = shown.chars().collect();
    for (index, c) in characters.iter().copied().enumerate() {
        let (before, after) = characters.split_at(index);
        let piece = if is_harmless(before, c, after.get(1).copied()) {
            c.to_string()
        } else {
            format!("&#{};", u32::from(c))
        };
        length += piece.encode_utf16().count();
        if length > most {
            escaped.push('…');
            break;
        }
        escaped.push_str(&piece);
    }
    escaped
}

/// JSON for a comment: the same value, but within its strings every character that could mean something to HTML or
/// Markdown is written as `\u` and its code, so that the text is still JSON when it is copied from the comment.
pub(super) fn json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut within = false;
    let mut characters = json.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                within = !within;
                escaped.push(c);
            }
            '\\' => match characters.next() {
                Some('u') => escaped.push_str("\\u"),
                Some('n') => code(&mut escaped, '\n'),
                Some('r') => code(&mut escaped, '\r'),
                Some('t') => code(&mut escaped, '\t'),
                Some('b') => code(&mut escaped, '\u{8}'),
                Some('f') => code(&mut escaped, '\u{c}'),
                Some(plain) => code(&mut escaped, plain),
                None => {}
            },
            c if !within || c.is_alphanumeric() || matches!(c, ' ' | '-' | '/') => escaped.push(c),
            c => code(&mut escaped, c),
        }
    }
    escaped
}

fn code(escaped: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(escaped, "\\u{unit:04x}");
    }
}

/// At most `most` characters on one line: white space and control characters become single spaces, and characters that
/// change what is seen without being seen become the replacement character.
fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            space = length > 0;
            continue;
        }
        if length >= most {
            line.push('…');
            break;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
            length += 1;
        }
        line.push(if is_invisible(c) { '\u{fffd}' } else { c });
        length += 1;
    }
    line
}

/// Whether a character means nothing to HTML and Markdown where it stands. The text stands inside an element, never at the
/// beginning of a line.
fn is_harmless(text: &[char], c: char, after: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let before = text.last().copied();
    match c {
        ' ' | ',' | ';' | '?' | '%' | '-' | '(' | ')' | '/' | '+' | '\'' => true,
        // Not within `www.example.com`, nor in `smile:` of an emoji.
        '.' => !ends_in_www(text),
        // Within an address and the name of a guest, and not before the name of a person who is called on.
        '@' => is_word(before) || before == Some('#'),
        '#' => is_word(before) && (is_word(after) || after == Some('@')),
        ':' => after.is_none_or(|after| after == ' ' || after.is_ascii_digit()),
        // Within a word, as in the names of settings, it is no emphasis.
        '_' => is_word(before) && is_word(after),
        c => c.is_alphanumeric() || !c.is_ascii(),
    }
}

/// Whether renderers would make a link of what follows a full stop ("Autolinks", GitHub Flavored Markdown).
fn ends_in_www(text: &[char]) -> bool {
    text.iter()
        .rev()
        .take(3)
        .filter(|c| c.eq_ignore_ascii_case(&'w'))
        .count()
        == 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        for (written, escaped) in [
            ("Alice Stone", "Alice Stone"),
            (
                "<img src=x onerror=alert(1)>",
                "&#60;img src&#61;x onerror&#61;alert(1)&#62;",
            ),
            (
                "**bold** _it_ `code`",
                "&#42;&#42;bold&#42;&#42; &#95;it&#95; &#96;code&#96;",
            ),
            (
                "[here](https://evil.example)",
                "&#91;here&#93;(https&#91;&#58;&#93;//evil.example)",
            ),
            ("www.evil.example", "www&#46;evil.example"),
            ("alice@contoso.com", "alice@contoso.com"),
            (
                "a_b.com#EXT#@c.onmicrosoft.com",
                "a_b.com#EXT#@c.onmicrosoft.com",
            ),
            ("o'neil+x@contoso.com", "o'neil+x@contoso.com"),
            ("@soc-team please", "&#64;soc-team please"),
            (
                "# title\n- item\r\n\r\n> quote",
                "&#35; title - item &#62; quote",
            ),
            ("&lt;b&gt; &#60;", "&#38;lt;b&#38;gt; &#38;&#35;60;"),
            ("a\u{202e}gpj.exe", "a\u{fffd}gpj.exe"),
            ("a\u{200b}b\u{0}c\u{7f}", "a\u{fffd}b c"),
            ("EVICT_MODE at 20:10:27.", "EVICT_MODE at 20:10:27."),
            (":smile: C:\\x", "&#58;smile: C&#58;&#92;x"),
        ] {
            assert_eq!(text(written, 99), escaped);
        }
        assert_eq!(text("abcdef", 3), "abc…");
        assert_eq!(text("  abc  ", 3), "abc");
    }

    proptest! {
        #[test]
        fn no_character_of_markup_comes_through(written in any::<String>()) {
            let escaped = text(&written, 200);
            let without = escaped.replace("&#", "");
            prop_assert!(!without.contains(['<', '>', '"', '`', '*', '[', ']', '\\', '!', '|', '~', '=', '\n', '\r']), "{}", escaped);
            prop_assert!(!escaped.contains("://") && !escaped.contains("www."));
            prop_assert!(!escaped.chars().any(|c| c.is_control() || is_invisible(c)));
        }

        #[test]
        fn json_stays_the_same_value(written in any::<String>()) {
            let value = serde_json::json!({ "users": [written], "expect": 1 });
            let escaped = json(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
            prop_assert!(!escaped.contains(['<', '>', '&', '`', '*', '@', '\n', '_', '(']), "{}", escaped);
        }
    }
}
