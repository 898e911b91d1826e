//! What untrusted text may hold besides what is seen of it. Each room that shows such text decides what becomes of it.

/// Whether a character reorders text, joins it or takes no room ("Bidirectional Algorithm", Unicode Standard Annex 9; the
/// `Cf` category of the marks that are used to disguise names).
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
