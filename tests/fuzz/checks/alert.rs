//! Any bytes, read as an alert: the result is one of three, and consistent.

use evict::alert::parse;
use evict::domain::{Parsed, State, SubjectKind, WrittenBy};

/// Reads the bytes as an alert.
///
/// # Panics
/// The result is inconsistent.
pub fn check(body: &[u8]) {
    hold(&parse(body));
}

/// Checks the properties of every result.
///
/// # Panics
/// One does not hold.
pub fn hold(parsed: &Parsed) {
    let users = || {
        let subjects = parsed.subjects().iter();
        subjects.filter(|subject| subject.account.kind == SubjectKind::User)
    };
    match parsed {
        Parsed::Alert(_) => assert!(users().next().is_some()),
        Parsed::NothingToDo(_) => assert!(users().next().is_none()),
        Parsed::Malformed(malformed) => {
            assert!(malformed.path.starts_with('$') && malformed.path.is_ascii());
            assert!(!malformed.expected.is_empty() && malformed.expected.is_ascii());
        }
    }
    for user in users() {
        assert!(user.account.is_resolvable() && user.account.name.is_none());
        // A person's request is never over.
        assert!(user.flag.state == State::Open || user.flag.written_by == WrittenBy::Machine);
    }
}
