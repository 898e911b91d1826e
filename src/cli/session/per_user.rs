//! An answer with one entry for each named user: the document for programs, the text for people, and the exit code.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::look_up::Unfound;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::{Escaped, write_json};
use crate::cli::terminal::table::write_escaped;
use crate::domain::SubjectRef;

/// What a verb says of a user that exists.
pub(crate) trait Account: Serialize + JsonSchema {
    /// The description of the document in its schema.
    const DOCUMENT: &'static str;
    /// The description of an entry in its schema.
    const ENTRY: &'static str;

    /// Writes the account for a person, the user's name first.
    fn write(&self, output: &mut dyn Write, width: u16) -> io::Result<()>;

    /// Writes notes that concern all accounts, below them.
    fn write_notes(_accounts: &[&Self], _output: &mut dyn Write, _width: u16) -> io::Result<()> {
        Ok(())
    }
}

/// The whole answer. Its JSON is a contract; what is not known is left out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}", description = T::DOCUMENT)]
pub(crate) struct PerUser<T: Account> {
    /// One entry for each, in their order.
    pub(crate) users: Vec<Entry<T>>,
}

/// What is known of one user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}OfUser", description = T::ENTRY)]
pub(crate) struct Entry<T: Account> {
    /// As it was written.
    subject: String,
    /// `found`, `not_found`, `ambiguous`, `not_a_user` or `failed`.
    state: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<T>,
    /// What stands in the way of an answer, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

impl<T: Account> Entry<T> {
    /// An entry for a user that exists, with the exit code for it.
    pub(crate) fn found(subject: &SubjectRef, account: T, exit: Exit) -> Self {
        Self {
            subject: subject.written(),
            state: "found",
            account: Some(account),
            detail: None,
            exit,
        }
    }

    /// An entry for a subject that is not a single user.
    pub(crate) fn unfound(subject: &SubjectRef, unfound: Unfound) -> Self {
        Self {
            subject: subject.written(),
            state: unfound.state,
            account: None,
            detail: Some(unfound.detail),
            exit: unfound.exit,
        }
    }
}

impl<T: Account> PerUser<T> {
    /// Writes the answer and returns the worst exit code of its entries.
    pub(crate) fn answer(&self, as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
        if as_json {
            write_json(console.output, self)?;
        } else {
            self.write(console.output, console.surroundings.width)?;
        }
        let exits = self.users.iter().map(|entry| entry.exit);
        Ok(exits
            .max_by_key(|exit| exit.code())
            .unwrap_or(Exit::Success))
    }

    fn write(&self, output: &mut dyn Write, width: u16) -> io::Result<()> {
        for (index, entry) in self.users.iter().enumerate() {
            if index > 0 {
                writeln!(output)?;
            }
            match &entry.account {
                Some(account) => account.write(output, width)?,
                None => writeln!(output, "{}", Escaped(&entry.subject))?,
            }
            if let Some(detail) = &entry.detail {
                write_escaped(output, "   ", detail, width)?;
            }
        }
        let accounts: Vec<&T> = self
            .users
            .iter()
            .filter_map(|entry| entry.account.as_ref())
            .collect();
        T::write_notes(&accounts, output, width)
    }
}
