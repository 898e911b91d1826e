//! What a query reads from JSON, and the words that it compares with, held against what the handler writes.
//!
//! By convention a query calls a line of the handler `Line`, a receipt `Record`, and the host's own properties keep the name
//! of their column, `Properties`.

use super::Problem;
use super::lex::{Kind, Token};
use super::syntax::statements;
use super::vocabulary::Vocabulary;
use super::words::HOST_PROPERTIES;

/// Every field that no record has, and every word that no field can hold.
pub(super) fn check(tokens: &[Token<'_>], vocabulary: &Vocabulary) -> Vec<Problem> {
    statements(tokens)
        .into_iter()
        .flat_map(|statement| {
            let mut problems = values(statement, vocabulary);
            problems.extend(fields(statement, vocabulary));
            problems
        })
        .collect()
}

fn fields(statement: &[Token<'_>], vocabulary: &Vocabulary) -> Vec<Problem> {
    let events: Vec<&str> = compared(statement)
        .into_iter()
        .filter(|(column, _)| column.text == "Event")
        .map(|(_, value)| value.text)
        .collect();
    let read = (0..statement.len()).filter_map(|at| read_at(statement, at));
    read.filter_map(|(record, field, name)| {
        let what = match record.text {
            "Line" if !vocabulary.line_has(&events, &name) => {
                format!("no line of {events:?} has the field {name:?}")
            }
            "Record" if !vocabulary.receipt_fields.contains(&name) => {
                format!("no receipt in the log has the field {name:?}")
            }
            "Properties" if !HOST_PROPERTIES.contains(&name.as_str()) => {
                format!("the host writes no property {name:?}")
            }
            "Line" | "Record" | "Properties" => return None,
            other => format!("{other} is read as JSON, and what it holds is not known here"),
        };
        Some(Problem::new(field.line, what))
    })
    .collect()
}

/// What is read here of a record: `Record.a`, `Record.a.b` or `Record["a"]`, with the token of the field.
fn read_at<'a>(statement: &[Token<'a>], at: usize) -> Option<(Token<'a>, Token<'a>, String)> {
    let record = statement.get(at)?;
    let is_inner = at
        .checked_sub(1)
        .is_some_and(|before| statement[before].is_mark("."));
    if record.kind != Kind::Word || is_inner {
        return None;
    }
    let (mark, field) = (statement.get(at + 1)?, statement.get(at + 2)?);
    if mark.is_mark("[") && field.kind == Kind::Text {
        return Some((*record, *field, field.text.to_owned()));
    }
    if !mark.is_mark(".") {
        return None;
    }
    let mut path = field.text.to_owned();
    for inner in statement.get(at + 3..)?.chunks(2) {
        match inner {
            [dot, name] if dot.is_mark(".") && name.kind == Kind::Word => {
                path = format!("{path}.{}", name.text);
            }
            _ => break,
        }
    }
    Some((*record, *field, path))
}

fn values(statement: &[Token<'_>], vocabulary: &Vocabulary) -> Vec<Problem> {
    compared(statement)
        .into_iter()
        .filter_map(|(column, value)| {
            let words = vocabulary.values.get(column.text)?;
            let is_known = words.contains(value.text);
            let what = format!("{} is never {:?}", column.text, value.text);
            (!is_known).then(|| Problem::new(value.line, what))
        })
        .collect()
}

/// Each column with each text that it is compared with: `A == "b"`, `A in ("b", "c")`.
fn compared<'t, 'a>(statement: &'t [Token<'a>]) -> Vec<(&'t Token<'a>, &'t Token<'a>)> {
    let mut found = Vec::new();
    for (at, pair) in statement.windows(2).enumerate() {
        let [column, operator] = pair else { continue };
        if column.kind != Kind::Word {
            continue;
        }
        let rest = statement.get(at + 2..).unwrap_or_default();
        if ["==", "!="].contains(&operator.text) {
            let value = rest.first().filter(|value| value.kind == Kind::Text);
            found.extend(value.map(|value| (column, value)));
        } else if operator.is(Kind::Word, "in") {
            let within = rest.iter().take_while(|token| !token.is_mark(")"));
            let texts = within.filter(|token| token.kind == Kind::Text);
            found.extend(texts.map(|value| (column, value)));
        }
    }
    found
}
