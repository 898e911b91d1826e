//! Accounts: how a sender writes them, what is said of them, and the users that the directory names.

pub mod identifiers;
pub mod mention;
pub mod salted_hash;
pub mod security_identifier;
pub mod subject;
pub mod user;
