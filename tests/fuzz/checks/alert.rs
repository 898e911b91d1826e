//! Any bytes, read as an alert: the answer is one of three, and says nothing that cannot be.

use evict::alert::parse;
use evict::domain::{Parsed, State, SubjectKind, WrittenBy};

/// Reads the bytes as an alert.
///
/// # Panics
/// If the answer is none that an alert may have.
pub fn check(body: &[u8]) {
    hold(&parse(body));
}

/// What must hold of every answer.
///
/// # Panics
/// If it does not.
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
        // What a person asks for is never over.
        assert!(user.flag.state == State::Open || user.flag.written_by == WrittenBy::Machine);
    }
}
