//! Brackets, and where a list of tokens parts.

use super::Problem;
use super::lex::{Kind, Token};

/// A bracket that has no partner.
pub(super) fn unbalanced(tokens: &[Token<'_>]) -> Option<Problem> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    for token in tokens.iter().filter(|token| token.kind == Kind::Mark) {
        let expected = match token.text {
            "(" | "[" | "{" => {
                open.push((token.text, token.line));
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        if open.pop().is_none_or(|(opened, _)| opened != expected) {
            let what = format!("{} closes nothing", token.text);
            return Some(Problem::new(token.line, what));
        }
    }
    let (opened, line) = open.pop()?;
    Some(Problem::new(line, format!("{opened} is not closed")))
}

/// The parts between the tokens outside of brackets that `parts` accepts.
pub(super) fn split<'t, 'a>(
    tokens: &'t [Token<'a>],
    parts: impl Fn(&Token<'a>) -> bool,
) -> Vec<&'t [Token<'a>]> {
    let mut depth = 0_usize;
    let mut begun = 0;
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Mark {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth == 0 && parts(token) {
            found.push(&tokens[begun..at]);
            begun = at + 1;
        }
    }
    found.push(&tokens[begun..]);
    found
}

/// The parts between commas outside of brackets.
pub(super) fn items<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    split(tokens, |token| token.is_mark(","))
}

/// Statements, which `;` parts. The last one may have none after it.
pub(super) fn statements<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut found = split(tokens, |token| token.is_mark(";"));
    if found.len() > 1 && found.last().is_some_and(|last| last.is_empty()) {
        found.pop();
    }
    found
}

/// What stands within the brackets, if the tokens are one pair of round brackets.
pub(super) fn within<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    match tokens {
        [first, inner @ .., last] if first.is_mark("(") && last.is_mark(")") => Some(inner),
        _ => None,
    }
}
