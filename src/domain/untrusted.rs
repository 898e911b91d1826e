//! What untrusted text may contain besides visible characters. Each room that shows such text decides how to treat it.

use std::fmt::Write as _;

/// Whether a character reorders text, joins it or takes no room ("Bidirectional Algorithm", Unicode Standard Annex 9; the
/// property `Default_Ignorable_Code_Point` of the Unicode Character Database, but for the sixteen selectors that choose
/// between the forms of an emoji).
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Escapes every character that JSON permits but that a terminal or a log reader may act on. Only line feeds between
/// values stay; within a text they are escaped already.
#[must_use]
pub fn json_without_controls(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if c != '\n' && (c.is_control() || is_invisible(c)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text
}
