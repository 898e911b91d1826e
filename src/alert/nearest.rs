//! The shape that a payload was taken for, and the shapes that it nearly has: for a person who asks why nothing is
//! done.

use crate::domain::{NothingToDo, NothingToDoReason, Parsed, Shape};

use super::json::Object;
use super::shapes::{ROWS, Row};
use super::{json, payload};

/// The number of shapes that are named.
const MOST: usize = 2;

/// A shape that a payload nearly has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The shape.
    pub shape: Shape,
    /// The signs that the payload lacks, in words.
    pub lacks: Vec<&'static str>,
}

/// What a payload was taken for, in words.
#[must_use]
pub fn taken_for(parsed: &Parsed) -> String {
    if let Parsed::NothingToDo(NothingToDo {
        reason: NothingToDoReason::NotAnAlert { taken_for },
        ..
    }) = parsed
    {
        return (*taken_for).to_owned();
    }
    let shape = parsed.header().shape;
    match ROWS.iter().find(|row| row.shape == shape) {
        Some(row) => format!("what is sent by {}", row.sender),
        None if shape == Shape::ManualText => "text that a person wrote".to_owned(),
        None => "nothing that is known".to_owned(),
    }
}

/// The shapes of which a payload has most signs, but not all: at most two, the nearest first, without its own shape.
#[must_use]
pub fn nearest(body: &[u8]) -> Vec<Nearest> {
    let Some(node) = json::text(body)
        .ok()
        .and_then(|text| json::parse(text).ok())
    else {
        return Vec::new();
    };
    payload::told_by(&node).map_or_else(Vec::new, nearest_of)
}

fn nearest_of(object: &Object) -> Vec<Nearest> {
    let mut found: Vec<(&Row, Vec<&'static str>)> = ROWS
        .iter()
        .map(|row| (row, row.lacks(object)))
        .filter(|(row, lacks)| !lacks.is_empty() && lacks.len() < row.signs.len())
        .collect();
    // The first sign of a row is its surest. Of two rows that lack the same number of signs, the one with more signs
    // present is nearer.
    let has_first = |row: &Row| row.signs.first().is_some_and(|sign| (sign.holds)(object));
    found.sort_by_key(|(row, lacks)| {
        (
            !has_first(row),
            lacks.len(),
            std::cmp::Reverse(row.signs.len()),
        )
    });
    found.dedup_by_key(|(row, _)| row.shape);
    found
        .into_iter()
        .take(MOST)
        .map(|(row, lacks)| Nearest {
            shape: row.shape,
            lacks,
        })
        .collect()
}

/// The rows of the table of shapes in `function/README.md`, as Markdown.
#[must_use]
pub fn table() -> String {
    let mut text = "| shape | sender | known by | sample |\n| --- | --- | --- | --- |\n".to_owned();
    for row in ROWS {
        let line = format!(
            "| `{}` | {} | {} | `{}` |\n",
            row.shape.as_str(),
            row.sender,
            row.known_by(),
            row.sample
        );
        text.push_str(&line);
    }
    text.push_str(
        "| `manual-text` | people and scripts | text that is one user principal name or one object id | `inbound/manual-bare-upn.txt` |\n",
    );
    text
}
