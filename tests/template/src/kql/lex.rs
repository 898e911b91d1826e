//! From the text of a query to its tokens. Comments are left out.

use super::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or an operator in letters.
    Word,
    /// A text, without its quotes.
    Text,
    /// A number, or a time span such as `15m`.
    Number,
    /// Anything else, such as `|` or `==`.
    Mark,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
}

impl Token<'_> {
    pub(super) fn is(&self, kind: Kind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }

    pub(super) fn is_mark(&self, text: &str) -> bool {
        self.is(Kind::Mark, text)
    }
}

const PAIRS: [&str; 7] = ["==", "!=", ">=", "<=", "=~", "!~", ".."];

/// The tokens, or the text that is not closed.
pub(super) fn tokens(query: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = query;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            let (kind, text, length) = token(rest, first, line)?;
            tokens.push(Token { kind, text, line });
            length
        };
        let (taken, after) = rest.split_at(length);
        line += taken.matches('\n').count();
        rest = after;
    }
    Ok(tokens)
}

fn token(rest: &str, first: char, line: usize) -> Result<(Kind, &str, usize), Problem> {
    if let Some(text) = rest.strip_prefix("@\"") {
        let length = closed(text, '"', false, line)?;
        return Ok((Kind::Text, &text[..length], length + 3));
    }
    if first == '"' || first == '\'' {
        let text = &rest[1..];
        let length = closed(text, first, true, line)?;
        return Ok((Kind::Text, &text[..length], length + 2));
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if first.is_ascii_alphanumeric() || first == '_' {
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let kind = if first.is_ascii_digit() {
            Kind::Number
        } else {
            Kind::Word
        };
        return Ok((kind, &rest[..length], length));
    }
    let length = PAIRS
        .iter()
        .find(|pair| rest.starts_with(**pair))
        .map_or(first.len_utf8(), |pair| pair.len());
    Ok((Kind::Mark, &rest[..length], length))
}

/// The bytes up to the closing quote, which has to be on the same line.
fn closed(text: &str, quote: char, has_escapes: bool, line: usize) -> Result<usize, Problem> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => break,
            _ if is_escaped => is_escaped = false,
            '\\' if has_escapes => is_escaped = true,
            c if c == quote => return Ok(at),
            _ => {}
        }
    }
    Err(Problem::new(line, "a text is not closed"))
}
