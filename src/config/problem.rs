//! Problems of the settings: all at once, one line each, with the repair.

use std::fmt;

/// The exit code for settings that cannot be used: `EX_USAGE` of sysexits.h, "the command was used incorrectly".
pub const EXIT_CODE: u8 = 64;

/// A problem of one variable. It never holds the value, which may be anything that was pasted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    variable: String,
    wrong: String,
    expected: String,
}

impl Problem {
    pub(super) fn new(
        variable: &str,
        wrong: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            variable: variable.to_owned(),
            wrong: wrong.into(),
            expected: expected.into(),
        }
    }

    /// The variable's name, as in the environment.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl fmt::Display for Problem {
    /// Writes one line. An unknown variable's name comes from outside, so it is escaped and truncated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.variable.chars().take(100) {
            write!(f, "{}", c.escape_debug())?;
        }
        write!(f, ": {}; {}", self.wrong, self.expected)
    }
}

/// All problems of the settings, at least one: first in the registry's order, then the unknown names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// The problems, in the order in which they are reported.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    /// Writes one line for each problem, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
