//! Reads the users that an operator names: arguments, the standard input, a file with one user on each line.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::alert;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::domain::{Parsed, SubjectKind, SubjectRef};

/// The longest list that is read: some ten thousand users.
const MOST_BYTES: u64 = 1024 * 1024;

/// Whom the operator names.
#[derive(Debug, Args)]
pub(crate) struct Users {
    /// Object id, user principal name, mail address, SID or DOMAIN\name; `-` reads the standard input, one user on each line.
    #[arg(value_name = "USER", required_unless_present = "file")]
    users: Vec<String>,
    /// A file with one user on each line; empty lines and lines that begin with # are passed over.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

struct Entry {
    place: String,
    text: String,
}

impl Users {
    /// The subjects, each once, in the order of the arguments and lines.
    pub(crate) fn read(&self, input: &mut dyn Read) -> Result<Vec<SubjectRef>, Failure> {
        let mut entries = Vec::new();
        for (number, text) in (1..).zip(&self.users) {
            if text == "-" {
                let text = read_bounded(input)
                    .map_err(|reason| Failure::new(Exit::Io, format!("-: {reason}")))?;
                entries.extend(lines(&text, "the standard input"));
            } else {
                let place = format!("user {number} of the command line");
                let text = text.trim().to_owned();
                entries.push(Entry { place, text });
            }
        }
        if let Some(file) = &self.file {
            let name = file.display().to_string();
            let text = open(file)
                .map_err(|reason| Failure::new(Exit::NoInput, format!("{name}: {reason}")))?;
            entries.extend(lines(&text, &name));
        }
        parse(&entries).map_err(|problem| Failure::new(Exit::Data, problem))
    }
}

/// How many subjects are users.
pub(crate) fn count_users<'a>(subjects: impl IntoIterator<Item = &'a SubjectRef>) -> usize {
    let subjects = subjects.into_iter();
    subjects
        .filter(|subject| subject.kind == SubjectKind::User)
        .count()
}

fn open(file: &Path) -> Result<String, String> {
    let mut file = fs::File::open(file).map_err(|error| error.to_string())?;
    read_bounded(&mut file)
}

fn read_bounded(source: &mut dyn Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = source.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST_BYTES) {
        return Err(format!("it is longer than {MOST_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn lines(text: &str, name: &str) -> Vec<Entry> {
    (1..)
        .zip(text.lines())
        .map(|(number, line): (u32, &str)| Entry {
            place: format!("line {number} of {name}"),
            text: line.trim().to_owned(),
        })
        .filter(|entry| !entry.text.is_empty() && !entry.text.starts_with('#'))
        .collect()
}

/// Reads the texts by the rules of the manual message: a name means the same at a shell and in the queue.
fn parse(entries: &[Entry]) -> Result<Vec<SubjectRef>, String> {
    for Entry { place, text } in entries {
        if subjects(&[text]).is_none() {
            return Err(format!(
                "{place}: {text:?} is no object id, user principal name, mail address or SID. Nothing was changed.\nNext: \
                 correct it, then run the command again."
            ));
        }
    }
    let texts: Vec<&String> = entries.iter().map(|entry| &entry.text).collect();
    match subjects(&texts) {
        Some(subjects) if !subjects.is_empty() => Ok(subjects),
        Some(_) | None => Err("nobody is named. Nothing was changed.".to_owned()),
    }
}

fn subjects(texts: &[&String]) -> Option<Vec<SubjectRef>> {
    let message = json!({ "users": texts }).to_string();
    let parsed = alert::parse(message.as_bytes());
    match &parsed {
        Parsed::Alert(_) | Parsed::NothingToDo(_) => Some(parsed.accounts()),
        Parsed::Malformed(_) => None,
    }
}
