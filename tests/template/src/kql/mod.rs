//! Checks of the KQL in `infra/queries`, which nothing here can run: that a query is well formed, that each name in it is a
//! column where it is used, and that each field it reads from the handler's JSON is one that the handler writes.
//!
//! Only the part of KQL is known that the queries use. What else they come to use is reported until it is added in
//! [`words`], which is the point: nothing is taken on trust.

mod columns;
mod events;
mod fields;
mod guide;
mod lex;
mod shared;
mod syntax;
mod vocabulary;
pub mod words;
mod workbook;

use std::fmt;

pub use events::{Events, events_in};
pub use guide::{Named, named_in};
pub use shared::shared_parts;
pub use vocabulary::Vocabulary;
pub use workbook::{check_workbook, queries_of, with_queries};

/// Something wrong in a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Problem {
    pub(crate) fn new(line: usize, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { line, what }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// Everything that is wrong with a query. What cannot be taken apart is not looked at any further.
#[must_use]
pub fn check(query: &str, vocabulary: &Vocabulary) -> Vec<Problem> {
    let mut problems = opening(query);
    let tokens = match lex::tokens(query) {
        Ok(tokens) => tokens,
        Err(problem) => return vec![problem],
    };
    if let Some(problem) = syntax::unbalanced(&tokens) {
        return vec![problem];
    }
    problems.extend(columns::check(&tokens));
    problems.extend(fields::check(&tokens, vocabulary));
    problems.sort();
    problems.dedup();
    problems
}

/// A query opens with a comment that says what it answers.
fn opening(query: &str) -> Vec<Problem> {
    let comment = query.lines().take_while(|line| line.starts_with("//"));
    if comment.into_iter().any(|line| line.contains('?')) {
        Vec::new()
    } else {
        vec![Problem::new(
            1,
            "does not open with a comment that asks what is answered",
        )]
    }
}
