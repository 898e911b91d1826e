//! A mistake and where it stands.

use std::fmt;

/// A mistake in a Bicep file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, as it was named when it was read.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What it is about: a declaration, or a property's path below a resource such as `app.properties.httpsOnly`.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            subject,
            problem,
        } = self;
        write!(out, "{file}:{line}: {subject}: {problem}")
    }
}
