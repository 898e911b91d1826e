//! Checks for arbitrary bytes, one function for each fuzz target. The targets run them on libFuzzer's inputs; the
//! ordinary tests run them on the kept corpus. They use only the public interface of `evict`.

pub mod alert;
pub mod invocation;
pub mod receipts;
pub mod settings;
pub mod token;
