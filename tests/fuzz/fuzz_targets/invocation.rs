//! Any bytes at all, read as what the Functions host posts, for each function.
#![no_main]

use evict::host::{Function, Invocation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for function in [
        Function::RevokeFromQueue,
        Function::RevokeFromAlert,
        Function::Check,
    ] {
        let _ = Invocation::parse(function, "c9bf9e57-1685-4c89-bafb-ff5af830be8a", body);
    }
});
