//! Texts that are kept in the repository and made anew by a test: it compares them, or, if told to, writes them.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A page may have blocks of several tests, which run at the same time.
static PAGES: Mutex<()> = Mutex::new(());

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

/// Compares what stands on a page between the line `<!-- name … -->` and `<!-- /name -->` with what should stand there.
pub(crate) fn hold_block(path: &str, name: &str, text: &str) {
    let _mine = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    hold(path, &with_block(&page, name, text));
}

/// The page with another block of this name.
fn with_block(page: &str, name: &str, text: &str) -> String {
    let end = format!("<!-- /{name} -->");
    let opening = [format!("<!-- {name} -->"), format!("<!-- {name}: ")];
    let begin = opening.iter().find_map(|opening| page.find(opening));
    let begin = begin.unwrap_or_else(|| panic!("there is no block {name}"));
    let head = page[begin..].find('\n').unwrap() + begin + 1;
    let tail = page[head..].find(&end).unwrap() + head;
    format!("{}{}\n{}", &page[..head], text.trim_end(), &page[tail..])
}

#[test]
fn a_block_is_exchanged_and_nothing_else() {
    let page = "a\n<!-- b: by a test -->\nold\n<!-- /b -->\nc\n";
    assert_eq!(
        with_block(page, "b", "new\n"),
        "a\n<!-- b: by a test -->\nnew\n<!-- /b -->\nc\n"
    );
    let empty = "<!-- b -->\n<!-- /b -->";
    assert_eq!(
        with_block(empty, "b", "new"),
        "<!-- b -->\nnew\n<!-- /b -->"
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
