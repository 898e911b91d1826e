//! Any bytes at all, read as an alert: the answer is one of three, and says nothing that cannot be.
#![no_main]

use evict::alert::parse;
use evict::domain::{Parsed, SubjectKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    match parse(body) {
        Parsed::Alert(alert) => {
            let mut users = alert
                .subjects
                .iter()
                .filter(|s| s.kind == SubjectKind::User);
            assert!(users.clone().next().is_some());
            assert!(users.all(|user| user.is_resolvable() && user.name.is_none()));
        }
        Parsed::NothingToDo(nothing) => {
            assert!(nothing.subjects.iter().all(|s| s.kind != SubjectKind::User));
        }
        Parsed::Malformed(malformed) => {
            assert!(malformed.path.starts_with('$') && malformed.path.is_ascii());
            assert!(!malformed.expected.is_empty() && malformed.expected.is_ascii());
        }
    }
});
