//! The terminal: the streams of a verb and what is around it, and how something is shown, asked and escaped there.

pub(crate) mod escape;
pub(crate) mod progress;
pub(crate) mod question;
mod surroundings;
pub(crate) mod table;

use std::io::{self, Read, Write};

use escape::Message;

pub use surroundings::Surroundings;

/// The streams that a verb reads and writes.
pub struct Console<'a> {
    /// What is piped in.
    pub input: &'a mut dyn Read,
    /// What the verb was asked for.
    pub output: &'a mut dyn Write,
    /// What went wrong.
    pub errors: &'a mut dyn Write,
    /// What is around it.
    pub surroundings: Surroundings,
}

impl Console<'_> {
    /// Tells something beside the answer, on the standard error.
    pub(crate) fn tell(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.errors, "{}", Message(text))
    }

    /// Tells something that changes nothing about the work, whether or not anybody can read it.
    pub(crate) fn warn(&mut self, text: &str) {
        let _told = self.tell(text);
    }
}
