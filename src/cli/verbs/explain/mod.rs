//! `evict explain`: what Evict sees in a payload. It asks no service and changes nothing.

mod document;
mod sentences;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;

pub(crate) use self::document::Document;
use crate::alert;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::{Escaped, write_json};
use crate::domain::Parsed;

/// Says what Evict would see in a payload; asks nobody and changes nothing.
///
/// It names whom the payload flags, with what flags each; whom it only names, and why that is no flag; and where nothing
/// would be done, what the payload was taken for and which shapes it comes near to.
///
/// Exit code 0 if the payload was understood, 65 if it is malformed, 66 if the file cannot be read, 74 if the standard
/// input cannot be read or the answer cannot be written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict explain incident.json\n  evict explain --json - < incident.json"
)]
pub(crate) struct Explain {
    /// Answer with one JSON document.
    #[arg(long)]
    json: bool,
    /// The payload; `-` is the standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

impl Explain {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let payload = self.payload(console.input)?;
        let parsed = alert::parse(&payload);
        let exit = match &parsed {
            Parsed::Alert(_) | Parsed::NothingToDo(_) => Exit::Success,
            Parsed::Malformed(_) => Exit::Data,
        };
        let document = Document::of(&parsed, alert::nearest(&payload));
        if self.json {
            write_json(console.output, &document)?;
        } else {
            document.write_plain(console.output)?;
        }
        Ok(exit)
    }

    fn payload(&self, input: &mut dyn Read) -> Result<Vec<u8>, Failure> {
        let mut payload = Vec::new();
        let (exit, read) = if self.file.as_os_str() == "-" {
            (Exit::Io, input.read_to_end(&mut payload))
        } else {
            let read = File::open(&self.file).and_then(|mut file| file.read_to_end(&mut payload));
            (Exit::NoInput, read)
        };
        read.map_err(|error| {
            let file = self.file.display().to_string();
            Failure::new(exit, format!("{}: {error}", Escaped(&file)))
        })?;
        Ok(payload)
    }
}
