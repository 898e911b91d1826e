//! Texts that are kept in the repository and made anew by a test: it compares them, or, if told to, writes them.

use std::fs;
use std::path::Path;

/// Compares a file of the repository with what it should hold. With `EVICT_GOLDEN=renew` it is written instead, to be read
/// and committed.
pub(crate) fn hold(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept == text {
        return;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the test run itself, not of the program under test"
    )]
    if std::env::var("EVICT_GOLDEN").is_ok_and(|value| value == "renew") {
        fs::write(&file, text).unwrap();
        return;
    }
    panic!(
        "{path} is not what it should be now:\n{}\nIf that is meant: EVICT_GOLDEN=renew cargo test --test it, and read the \
         change.",
        changes(&kept, text)
    );
}

/// The lines that only one of both has.
pub(crate) fn changes(kept: &str, now: &str) -> String {
    let only = |one: &str, other: &str, mark: &str| -> String {
        let other: Vec<&str> = other.lines().collect();
        let lines = one.lines().filter(|line| !other.contains(line));
        lines.flat_map(|line| [mark, line, "\n"]).collect()
    };
    format!("{}{}", only(kept, now, "- "), only(now, kept, "+ "))
}
