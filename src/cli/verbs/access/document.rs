//! The entry of `evict access` for a user that exists, as programs read it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{UserId, UserPrincipalName};
use crate::inquiry::access::reach::{Reach, Unread};

/// A user who was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Access")]
pub(crate) struct AccountAccess {
    /// The object id.
    pub(super) id: UserId,
    /// The user principal name.
    pub(super) user_principal_name: UserPrincipalName,
    /// What the account reaches, the riskiest first.
    pub(super) reaches: Vec<Reach>,
    /// What could not be read, so that there may be more.
    pub(super) unread: Vec<Unread>,
}
