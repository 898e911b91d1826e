//! `evict completions`: what a shell needs to complete our command lines.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Arguments, Console, Exit};

/// Writes a script that completes `evict` in a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict completions bash > ~/.local/share/bash-completion/completions/evict\n  evict completions powershell >> $PROFILE"
)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Runs the verb.
    pub(super) fn run(&self, console: &mut Console<'_>) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "evict", &mut script);
        let written = console.output.write_all(&script);
        written.map_or(Exit::Io, |()| Exit::Success)
    }
}
