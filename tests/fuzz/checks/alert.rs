//! Any bytes, read as an alert: the answer is one of three, and says nothing that cannot be.

use evict::alert::parse;
use evict::domain::{Parsed, SubjectKind, SubjectRef};

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
    let subjects: &[SubjectRef] = match parsed {
        Parsed::Alert(alert) => {
            assert!(alert.subjects.iter().any(|s| s.kind == SubjectKind::User));
            &alert.subjects
        }
        Parsed::NothingToDo(nothing) => {
            assert!(nothing.subjects.iter().all(|s| s.kind != SubjectKind::User));
            &nothing.subjects
        }
        Parsed::Malformed(malformed) => {
            assert!(malformed.path.starts_with('$') && malformed.path.is_ascii());
            assert!(!malformed.expected.is_empty() && malformed.expected.is_ascii());
            &[]
        }
    };
    for user in subjects.iter().filter(|s| s.kind == SubjectKind::User) {
        assert!(user.is_resolvable() && user.name.is_none());
    }
}
