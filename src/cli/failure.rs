//! Why a verb could not do what it was asked. Everything below `cli` returns it; `cli` alone tells it.

use std::io::{self, ErrorKind};

use super::deployment::profiles::ProfileProblem;
use super::exit::Exit;
use super::terminal::Console;
use crate::config::Problems;
use crate::graph::{CallError, Disposition};
use crate::http::HttpSetupError;
use crate::service_bus::{QueueError, ServiceBusFailure};

/// Why a verb could not do what it was asked, and how the command ends because of it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// What happened and the next step, as sentences; empty where there is nothing to tell.
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
        }
    }

    /// A person could not be asked at the terminal.
    pub(super) fn asking(error: &io::Error) -> Self {
        Self::new(Exit::Io, format!("asking at the terminal: {error}"))
    }

    /// Writes the reason to the standard error and returns the exit code.
    pub(super) fn tell(&self, console: &mut Console<'_>) -> Exit {
        if self.text.is_empty() {
            return self.exit;
        }
        let told = console.tell(&self.text);
        told.map_or(Exit::Io, |()| self.exit)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let text = match error.kind() {
            // The reader has read enough, as `head` does.
            ErrorKind::BrokenPipe => String::new(),
            _ => format!("writing the answer: {error}"),
        };
        Self::new(Exit::Io, text)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let hint =
            "Next: correct the settings; --tenant ID or a profile stands in for EVICT_TENANT_ID.";
        Self::new(Exit::Usage, format!("{problems}\n{hint}"))
    }
}

impl From<ProfileProblem> for Failure {
    fn from(problem: ProfileProblem) -> Self {
        Self::new(Exit::Usage, problem.to_string())
    }
}

impl From<HttpSetupError> for Failure {
    fn from(error: HttpSetupError) -> Self {
        Self::new(Exit::Unable, error.to_string())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(exit_of(&error), error.to_string())
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let exit = match error.cause {
            ServiceBusFailure::TooLarge(_) => Exit::Data,
            _ if error.is_about_permission() => Exit::NoPermission,
            _ => Exit::Unable,
        };
        Self::new(exit, error.to_string())
    }
}

pub(super) fn exit_of(error: &CallError) -> Exit {
    match error.disposition() {
        Disposition::FixPermission => Exit::NoPermission,
        Disposition::RetryLater { .. } | Disposition::FixAlert | Disposition::GiveUp => {
            Exit::Unable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_read_enough_is_told_nothing_and_any_other_trouble_is() {
        let failure = |kind: ErrorKind| Failure::from(io::Error::from(kind));
        let (left, full) = (
            failure(ErrorKind::BrokenPipe),
            failure(ErrorKind::StorageFull),
        );
        assert_eq!((left.exit, left.text.as_str()), (Exit::Io, ""));
        assert_eq!(full.exit, Exit::Io);
        assert!(full.text.starts_with("writing the answer: "));
    }
}
