//! Shows untrusted text as it is, without letting it act on the terminal.

use std::fmt::{self, Display, Formatter, Write};

use crate::domain::is_invisible;

/// A text whose control characters and whose marks that reorder or hide text are written as `\u{…}`.
pub(super) struct Escaped<'a>(pub(super) &'a str);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_shown_untrusted_text_and_does_not_obey_it() {
        let text = Escaped("a\u{1b}[2Jb\u{202e}c\r\n\u{200b}ü").to_string();
        assert_eq!(text, r"a\u{1b}[2Jb\u{202e}c\u{d}\u{a}\u{200b}ü");
    }
}
