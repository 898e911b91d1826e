//! Why a payload cannot be understood: the place, and what was expected there.
//!
//! A path is built while the problem travels outwards. Its names come from this source code alone, so the payload's own
//! text cannot get into it.

use std::fmt::Write;

/// One step of a JSON path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Name(&'static str),
    Item(usize),
}

/// A place in a payload and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonProblem {
    /// The steps from the innermost to the outermost.
    steps: Vec<Step>,
    expected: String,
}

impl JsonProblem {
    /// A problem at the current place.
    pub(crate) fn new(expected: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            expected: expected.into(),
        }
    }

    /// What was expected and what stands there instead.
    pub(crate) fn expected(&self) -> &str {
        &self.expected
    }

    /// The JSON path, such as `$.users[3]`.
    pub(crate) fn path(&self) -> String {
        let mut path = "$".to_owned();
        for step in self.steps.iter().rev() {
            match step {
                Step::Name(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Item(index) => {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "[{index}]");
                }
            }
        }
        path
    }

    /// The same problem within a JSON string: lines and columns count from the beginning of the string.
    pub(crate) fn of_string(mut self) -> Self {
        self.expected.push_str(" (counted within the string)");
        self
    }

    /// The same problem, seen from the object whose property `name` contains it.
    pub(crate) fn within(mut self, name: &'static str) -> Self {
        self.steps.push(Step::Name(name));
        self
    }

    /// The same problem, seen from the list whose element `index` contains it.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.steps.push(Step::Item(index));
        self
    }
}

/// The steps of [`JsonProblem`] on a result.
pub(crate) trait Within {
    /// As [`JsonProblem::within`].
    fn within(self, name: &'static str) -> Self;
    /// As [`JsonProblem::at`].
    fn at(self, index: usize) -> Self;
}

impl<T> Within for Result<T, JsonProblem> {
    fn within(self, name: &'static str) -> Self {
        self.map_err(|problem| problem.within(name))
    }

    fn at(self, index: usize) -> Self {
        self.map_err(|problem| problem.at(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_from_the_outside_in() {
        let problem = JsonProblem::new("a list was expected")
            .within("properties")
            .at(2)
            .within("value");
        assert_eq!(problem.path(), "$.value[2].properties");
        assert_eq!(JsonProblem::new("").path(), "$");
    }
}
