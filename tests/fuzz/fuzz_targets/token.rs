//! Runs `checks::token`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| evict_fuzz::token::check(bytes));
