//! The requests to Entra ID and the ledger, on the wire.

pub(crate) mod ledger;
pub(crate) mod lost_answers;
pub(crate) mod urgent;
pub(crate) mod users_and_groups;
pub(crate) mod wire;
