//! The terminal: a verb's streams and surroundings, tables, questions, progress and escaping.

pub(super) mod escape;
pub(super) mod progress;
pub(super) mod question;
mod surroundings;
pub(super) mod table;

use std::io::{self, Read, Write};

use escape::Message;

pub use surroundings::Surroundings;

/// The streams that a verb reads and writes.
pub struct Console<'a> {
    /// The standard input.
    pub input: &'a mut dyn Read,
    /// The standard output, for the answer.
    pub output: &'a mut dyn Write,
    /// The standard error, for everything else.
    pub errors: &'a mut dyn Write,
    /// Variables, profiles, and what the terminal can do.
    pub surroundings: Surroundings,
}

impl Console<'_> {
    /// Writes a message to the standard error.
    pub(super) fn tell(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.errors, "{}", Message(text))
    }

    /// Writes a message to the standard error; the work goes on even if nobody can read it.
    pub(super) fn warn(&mut self, text: &str) {
        let _written = self.tell(text);
    }
}
