//! Evict cuts every Entra ID session of a flagged user and hands back a receipt that says what was proved.

pub mod domain;
pub mod entra;
pub mod guard;
