//! `evict manual`: the manual pages. The help does not list it, because packaging alone uses it.

use clap::{Args, Command};
use clap_mangen::Man;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Console;

/// Writes a manual page in roff: of the command, or of one of its verbs.
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// The verb; the whole command if there is none.
    verb: Option<String>,
    /// Writes the names of the verbs that have a page, one a line.
    #[arg(long, conflicts_with = "verb")]
    list: bool,
}

impl Manual {
    pub(crate) fn run(&self, command: Command, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let verbs: Vec<&Command> = command
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .collect();
        let text = if self.list {
            let names: Vec<String> = verbs
                .iter()
                .map(|verb| format!("{}\n", verb.get_name()))
                .collect();
            names.concat().into_bytes()
        } else if let Some(name) = &self.verb {
            let Some(verb) = verbs.iter().find(|verb| verb.get_name() == name) else {
                return Err(Failure::new(
                    Exit::Usage,
                    "there is no such verb; `evict manual --list` names them",
                ));
            };
            page((*verb).clone(), &format!("evict-{name}"))?
        } else {
            page(command, "evict")?
        };
        console.output.write_all(&text)?;
        Ok(Exit::Success)
    }
}

fn page(command: Command, name: &str) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let usage = name.replace('-', " ");
    let command = command.display_name(name.to_owned()).bin_name(usage);
    Man::new(command).render(&mut page)?;
    Ok(page)
}
