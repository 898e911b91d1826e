//! Where the judges are, and what happens where there is none.

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The value of an environment variable, if it is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test run itself, not of the program under test"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The judge, if it is there. If not, says on standard error that what it would have judged is left out.
///
/// # Panics
/// It is not, and the environment says `EVICT_JUDGES=required`.
#[must_use]
pub fn present<T>(judge: &str, found: Result<T, String>) -> Option<T> {
    match found {
        Ok(judge) => Some(judge),
        Err(why) => {
            let required = variable("EVICT_JUDGES").is_some_and(|value| value == "required");
            assert!(!required, "{judge} was required and not asked: {why}");
            #[expect(clippy::print_stderr, reason = "whoever runs the tests must see it")]
            {
                eprintln!("left out: {judge} was not asked: {why}");
            }
            None
        }
    }
}
