//! Where the repository and the judges are, and what happens where a judge is missing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder with this extension, in order.
///
/// # Errors
/// A folder cannot be read.
pub fn files_below(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path, extension)?);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The value of an environment variable that is not empty.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test run itself, not of the program under test"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The judge. Where there is none, standard error says that its checks are left out.
///
/// # Panics
/// There is none, and the environment says `EVICT_JUDGES=required`.
#[must_use]
pub fn present<T>(judge: &str, found: Result<T, String>) -> Option<T> {
    let why = match found {
        Ok(judge) => return Some(judge),
        Err(why) => why,
    };
    let required = variable("EVICT_JUDGES").is_some_and(|value| value == "required");
    assert!(!required, "{judge} was required and not asked: {why}");
    #[expect(
        clippy::print_stderr,
        reason = "a person who runs the tests must see it"
    )]
    {
        eprintln!("left out: {judge} was not asked: {why}");
    }
    None
}
