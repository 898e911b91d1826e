//! The file of grants that a machine made without the ledger. It names no user.
//!
//! It is in the machine's folder for temporary files, one file per ledger. Each write replaces the whole file, under a
//! temporary name first, so that a process that dies in the middle leaves the old one.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The largest file that is read. A real one has at most some KiB.
const LARGEST: u64 = 64 * 1024;

const WHAT: &str = "evict-alone";

#[derive(Debug)]
pub(super) struct FallbackFile(PathBuf);

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: String,
    /// The end of its validity.
    pub(super) until: Timestamp,
    pub(super) users: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    what: String,
    granted: Vec<Granted>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    id: String,
    until: Timestamp,
    users: usize,
}

impl FallbackFile {
    /// The file for the ledger at this address, in this folder.
    pub(super) fn in_folder(folder: &Path, ledger: &str) -> Self {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, ledger.as_bytes());
        Self(folder.join(format!("evict-alone-{id}.json")))
    }

    /// The content; empty if there is no file yet.
    pub(super) fn read(&self) -> Result<Vec<Line>, String> {
        let told = |reason: String| format!("{}: {reason}", self.0.display());
        match fs::metadata(&self.0) {
            Ok(file) if file.len() > LARGEST => return Err(told("it is too large".to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(told(error.to_string())),
        }
        let bytes = fs::read(&self.0).map_err(|error| told(error.to_string()))?;
        let wire: Wire = serde_json::from_slice(&bytes).map_err(|error| told(error.to_string()))?;
        if wire.what == WHAT {
            let lines = wire.granted.into_iter().map(|granted| Line {
                id: granted.id,
                until: granted.until,
                users: granted.users,
            });
            Ok(lines.collect())
        } else {
            Err(told("it says that it is something else".to_owned()))
        }
    }

    /// Replaces the content.
    pub(super) fn write(&self, granted: &[Line]) -> Result<(), String> {
        let wire = Wire {
            what: WHAT.to_owned(),
            granted: granted
                .iter()
                .map(|line| Granted {
                    id: line.id.clone(),
                    until: line.until,
                    users: line.users,
                })
                .collect(),
        };
        let written = serde_json::to_vec(&wire)
            .map_err(std::io::Error::from)
            .and_then(|bytes| self.replace(&bytes));
        written.map_err(|error| format!("{}: {error}", self.0.display()))
    }

    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let new = self.0.with_extension(format!("{}.new", std::process::id()));
        // A leftover of an earlier process with the same id.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // The write must not follow a link that another user has placed there.
        let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.write_all(bytes)?;
        fs::rename(&new, &self.0)
    }
}
