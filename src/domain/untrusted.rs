//! What untrusted text may hold besides what is seen of it. Each room that shows such text decides what becomes of it.

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
