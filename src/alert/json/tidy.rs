//! Cleans text of a payload: one line, no control characters, no characters that reorder or hide text, and a bounded
//! length. Identifiers need no cleaning: their types refuse such text.

use crate::domain::is_invisible;

/// The text on one line, without invisible characters, cut at `longest` characters. `None` when nothing is left.
pub(crate) fn tidy(text: &str, longest: usize) -> Option<String> {
    let mut tidied = String::new();
    let mut length = 0;
    let mut pending_space = false;
    for c in text.chars() {
        if is_invisible(c) {
            continue;
        }
        if c.is_whitespace() || c.is_control() {
            pending_space = length > 0;
            continue;
        }
        if length + 1 + usize::from(pending_space) > longest {
            tidied.push('…');
            break;
        }
        if std::mem::take(&mut pending_space) {
            tidied.push(' ');
            length += 1;
        }
        tidied.push(c);
        length += 1;
    }
    (!tidied.is_empty()).then_some(tidied)
}

/// A word in lower case without punctuation: senders write `NoThreatsFound`, `noThreatsFound` and `no threats found`.
pub(crate) fn folded(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_on_one_line_and_shows_all_it_holds() {
        let tidied = |text| tidy(text, 12).unwrap_or_default();
        assert_eq!(tidied(" High \r\n"), "High");
        assert_eq!(tidied("a\u{0}b\u{1b}[31m"), "a b [31m");
        assert_eq!(tidied("\u{202e}drowssap"), "drowssap");
        assert_eq!(tidied("twelve chars"), "twelve chars");
        assert_eq!(tidied("twelve chars and more"), "twelve chars…");
        assert_eq!(tidied("twelve charsX"), "twelve chars…");
        assert_eq!(tidied("a b c d e f g h"), "a b c d e f…");
        assert_eq!(tidy(" \u{200b}\n", 12), None);
    }
}
