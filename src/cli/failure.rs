//! Why a verb could not do what it was asked, and how that is told.

use super::exit::Exit;
use super::terminal::Console;
use super::terminal::escape::Escaped;
use crate::graph::{CallError, Disposition};
use crate::service_bus::{QueueError, ServiceBusFailure};

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
        }
    }

    /// Tells it, unless that was done, and says how the command ends.
    pub(crate) fn tell(&self, console: &mut Console<'_>) -> Exit {
        if self.text.is_empty() {
            return self.exit;
        }
        // Each line by itself, since an escaped line break is none.
        let lines: Vec<String> = self
            .text
            .lines()
            .map(|line| Escaped(line).to_string())
            .collect();
        let told = writeln!(console.errors, "evict: {}", lines.join("\n"));
        told.map_or(Exit::Io, |()| self.exit)
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

impl From<Exit> for Failure {
    /// For what is told already.
    fn from(exit: Exit) -> Self {
        Self::new(exit, "")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Io, format!("writing the answer: {error}"))
    }
}

/// The exit code of an error that ended the work.
pub(crate) fn exit_of(error: &CallError) -> Exit {
    match error.disposition() {
        Disposition::FixPermission => Exit::NoPermission,
        Disposition::RetryLater { .. } | Disposition::FixAlert | Disposition::GiveUp => {
            Exit::Unable
        }
    }
}

/// Tells what went wrong, and gives the exit code on.
pub(crate) fn complain(console: &mut Console<'_>, exit: Exit, text: &str) -> Exit {
    for (index, line) in text.lines().enumerate() {
        let head = if index == 0 { "evict: " } else { "" };
        if writeln!(console.errors, "{head}{}", Escaped(line)).is_err() {
            return Exit::Io;
        }
    }
    exit
}
