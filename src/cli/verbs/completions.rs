//! `evict completions`: a script with which a shell completes command lines of `evict`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Console;

/// Writes a script that completes `evict` in a shell, with the names of your profiles as they are now.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict completions bash > ~/.local/share/bash-completion/completions/evict\n  evict completions powershell >> $PROFILE"
)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(
        &self,
        mut command: Command,
        console: &mut Console<'_>,
    ) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        let file = console.surroundings.profiles.as_ref();
        // The verbs that need the file report that it cannot be read.
        let names = file.and_then(|file| file.names().ok()).unwrap_or_default();
        if !names.is_empty() {
            command = command.mut_arg("profile", |argument| {
                argument.value_parser(PossibleValuesParser::new(names))
            });
        }
        clap_complete::generate(self.shell, &mut command, "evict", &mut script);
        console.output.write_all(&script)?;
        Ok(Exit::Success)
    }
}
