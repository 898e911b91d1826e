//! The operator's command: one file for each verb.
//!
//! Its arguments, streams and surroundings are handed in, so that a test can run it; it does not end the process. A verb
//! that signs in begins with `session`, which reads the same settings as the handler. Text of a payload is escaped, because
//! a terminal obeys control characters.

mod deployment;
mod exit;
mod failure;
mod session;
mod terminal;
mod verbs;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser, Subcommand};

use verbs::{
    access, check, completions, explain, letters, man_pages, profile, revoke, schema, send,
    settings, status,
};

use failure::Failure;

pub use exit::Exit;
pub use terminal::{Console, Surroundings};

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
    Manual(man_pages::Manual),
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

/// Runs the command. The first argument is the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console<'_>) -> Exit {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { profile, verb }) => {
            console.surroundings.profile = profile;
            verb.run(console)
                .unwrap_or_else(|failure| failure.tell(console))
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
    fn run(self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Explain(explain) => explain.run(console),
            Self::Settings(settings) => settings.run(console),
            Self::Completions(completions) => completions.run(Arguments::command(), console),
            Self::Manual(manual) => manual.run(Arguments::command(), console),
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
