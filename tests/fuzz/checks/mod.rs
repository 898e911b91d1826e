//! What must hold for any bytes at all, one function for each fuzz target. The targets feed them with what libFuzzer makes
//! up; the ordinary tests feed them with the corpus that is kept. Only the public side of `evict` is used.

pub mod alert;
pub mod invocation;
pub mod receipts;
pub mod settings;
pub mod token;
