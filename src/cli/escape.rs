//! Shows untrusted text as it is, without letting it act on the terminal.

use std::fmt::{self, Display, Formatter, Write};

/// A text whose control characters and whose marks that reorder or hide text are written as `\u{…}`.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() || is_deceptive(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Marks of direction, joiners and other characters without a shape of their own (Unicode Standard Annex 9).
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
