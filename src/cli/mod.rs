//! The operator's command: one file for each verb.
//!
//! It gets its arguments, its streams and its surroundings handed in, so that a test can run it; it does not end the
//! process. A verb that signs in begins with `operator`, which reads the same settings as the handler. Whatever it prints of
//! a payload is escaped, because a terminal obeys what it is shown.

mod access;
mod bus;
mod check;
mod completions;
mod confirm;
mod escape;
mod explain;
mod letters;
mod look_up;
mod manual;
mod operator;
mod progress;
mod question;
mod receipts;
mod revoke;
mod schema;
mod send;
mod settings;
mod status;
mod surroundings;
mod users;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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

/// How a command ended, in the numbers of `sysexits.h`, so that a script can tell the cases apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Success,
    /// 1: not all that was asked for is done: withheld, not found, not effective, not confirmed.
    Partly,
    /// 2: the work could not be done.
    Unable,
    /// 64: the command line or a setting is wrong.
    Usage,
    /// 65: what was given to read cannot be understood.
    Data,
    /// 66: the file cannot be read.
    NoInput,
    /// 74: reading the standard input or writing the answer failed.
    Io,
    /// 77: a permission is missing.
    NoPermission,
    /// 130: broken off by a second Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Partly => 1,
            Self::Unable => 2,
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::Io => 74,
            Self::NoPermission => 77,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Cuts every Entra ID session of a flagged user and hands back a receipt.
#[derive(Debug, Parser)]
#[command(name = "evict", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Explain(explain::Explain),
    Settings(settings::Settings),
    Completions(completions::Completions),
    #[command(hide = true)]
    Manual(manual::Manual),
    Send(Box<send::Send>),
    #[command(after_help = letters::EXAMPLES_OF_DEAD_LETTERS)]
    DeadLetters(letters::Letters),
    #[command(after_help = letters::EXAMPLES_OF_REJECTED)]
    Rejected(letters::Letters),
    Revoke(revoke::Revoke),
    Status(status::Status),
    Access(access::Access),
    Schema(schema::Schema),
    Check(Box<check::Check>),
}

/// Runs the command with these arguments, of which the first is the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console<'_>) -> Exit {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { verb }) => match verb {
            Verb::Explain(explain) => explain.run(console),
            Verb::Settings(settings) => settings.run(console),
            Verb::Completions(completions) => completions.run(console),
            Verb::Manual(manual) => manual.run(console),
            Verb::Send(send) => send.run(console),
            Verb::DeadLetters(letters) => letters.run(letters::Kind::DeadLetters, console),
            Verb::Rejected(letters) => letters.run(letters::Kind::Rejected, console),
            Verb::Revoke(revoke) => revoke.run(console),
            Verb::Status(status) => status.run(console),
            Verb::Access(access) => access.run(console),
            Verb::Schema(schema) => schema.run(console),
            Verb::Check(check) => check.run(console),
        },
        Err(refusal) => {
            let (stream, exit) = if refusal.use_stderr() {
                (&mut *console.errors, Exit::Usage)
            } else {
                (&mut *console.output, Exit::Success)
            };
            match write!(stream, "{}", refusal.render()) {
                Ok(()) => exit,
                Err(_) => Exit::Io,
            }
        }
    }
}
