//! Keeps what was cut this hour. In memory: one process alone sees it, so the cap holds for one instance of the app.

mod memory;

pub use memory::MemoryLedger;
