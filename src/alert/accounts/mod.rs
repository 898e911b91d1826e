//! Accounts in every dialect: what they are, what flags them, and which of them are one.
//!
//! This module knows no shape. A shape hands over the object that holds an account, and states its position in the
//! alert.

mod account;
mod built_in;
mod entities;
mod entity_kind;
mod evidence;
mod flat_evidence;
mod kind;
pub(crate) mod merge;
mod message;
mod role;

pub(crate) use account::{classified, identified, named, read as read_account};
pub(crate) use entities::{
    is_account, is_entity, read as read_entities, read_list as read_entity_list,
    read_one as read_entity,
};
pub(crate) use evidence::{odata_type, read as read_evidence};
pub(crate) use flat_evidence::{account_of as flat_account, read as read_flat_evidence, together};
pub(crate) use kind::Machines;
pub(crate) use role::of_evidence as role;
