//! The ledger over a simulated blob: every order of its calls, every lost answer.

mod account;
mod schedules;
mod waiting;
