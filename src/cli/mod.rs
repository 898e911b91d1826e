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
mod explained;
mod function;
mod letters;
mod look_up;
mod manual;
mod operator;
mod profile;
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
    /// The deployment that is meant, by the name of its profile; without it `EVICT_PROFILE` counts, then the usual one.
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
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
    #[command(about = letters::DEAD_LETTERS, after_help = letters::EXAMPLES_OF_DEAD_LETTERS)]
    DeadLetters(letters::Letters),
    #[command(about = letters::REJECTED, after_help = letters::EXAMPLES_OF_REJECTED)]
    Rejected(letters::Letters),
    Revoke(revoke::Revoke),
    Status(status::Status),
    Access(access::Access),
    Schema(schema::Schema),
    Check(Box<check::Check>),
    Profile(Box<profile::Profiles>),
}

/// Runs the command with these arguments, of which the first is the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console<'_>) -> Exit {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { profile, verb }) => {
            console.surroundings.profile = profile;
            verb.run(console)
        }
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

impl Verb {
    fn run(self, console: &mut Console<'_>) -> Exit {
        match self {
            Self::Explain(explain) => explain.run(console),
            Self::Settings(settings) => settings.run(console),
            Self::Completions(completions) => completions.run(console),
            Self::Manual(manual) => manual.run(console),
            Self::Send(send) => send.run(console),
            Self::DeadLetters(letters) => letters.run(letters::Kind::DeadLetters, console),
            Self::Rejected(letters) => letters.run(letters::Kind::Rejected, console),
            Self::Revoke(revoke) => revoke.run(console),
            Self::Status(status) => status.run(console),
            Self::Access(access) => access.run(console),
            Self::Schema(schema) => schema.run(console),
            Self::Check(check) => check.run(console),
            Self::Profile(profile) => profile.run(console),
        }
    }
}
