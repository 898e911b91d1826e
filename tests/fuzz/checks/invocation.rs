//! Any bytes, read as the Functions host's request for each function: an invocation, or an error that names its place.

use evict::host::{Function, Invocation, Trigger};

/// Reads the bytes as an invocation of each function.
///
/// # Panics
/// An error names no place, or an invocation is of another function.
pub fn check(body: &[u8]) {
    for function in Function::ALL {
        match Invocation::parse(function, "c9bf9e57-1685-4c89-bafb-ff5af830be8a", body) {
            Ok(invocation) => match (function, &invocation.trigger) {
                (Function::RevokeFromQueue, Trigger::Queue(_))
                | (Function::RevokeFromAlert, Trigger::Alert(_))
                | (Function::Check, Trigger::Check(_)) => {}
                other => panic!("{other:?}"),
            },
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
