//! Shows untrusted text without letting it act on the terminal.

use std::fmt::{self, Display, Formatter, Write};
use std::io;

use serde::Serialize;

use crate::domain::{is_invisible, json_without_controls};

/// A text with control characters, and marks that reorder or hide text, written as `\u{…}`.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() || is_invisible(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// A message of the command on the standard error. It is escaped line by line, because escaping turns a line break into
/// text.
pub(crate) struct Message<'a>(pub(crate) &'a str);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("evict: ")?;
        for (index, line) in self.0.lines().enumerate() {
            if index > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{}", Escaped(line))?;
        }
        Ok(())
    }
}

/// Writes a document as JSON: the same values, with escapes for characters that a terminal acts on.
pub(crate) fn write_json(output: &mut dyn io::Write, document: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_string_pretty(document)?;
    writeln!(output, "{}", json_without_controls(&json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_shown_untrusted_text_and_does_not_obey_it() {
        let text = Escaped("a\u{1b}[2Jb\u{202e}c\r\n\u{200b}ü").to_string();
        assert_eq!(text, r"a\u{1b}[2Jb\u{202e}c\u{d}\u{a}\u{200b}ü");
    }

    #[test]
    fn a_document_is_the_same_and_a_terminal_does_not_obey_it() {
        let text = "a\u{1b}[2J\u{9b}2Jb\u{202e}c\r\n\u{200b}\u{e0041}ü";
        let mut output = Vec::new();
        write_json(&mut output, &[text]).unwrap();
        let json = String::from_utf8(output).unwrap();
        assert!(
            json.lines()
                .all(|line| !line.contains(|c: char| c.is_control() || is_invisible(c)))
        );
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }
}
