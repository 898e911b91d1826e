//! The answer of `evict access` as programs read it: `{"users": [...]}`. Its JSON is a contract; what is not known is left out.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::domain::{UserId, UserPrincipalName};
use crate::inquiry::access::reach::{Reach, Unread};

/// The whole answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Access")]
pub(crate) struct Document {
    /// One entry for each, in their order.
    pub(crate) users: Vec<Entry>,
}

/// What is known of one user, in the order in which users were named.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AccessOfUser")]
pub(crate) struct Entry {
    /// As it was written.
    pub(crate) subject: String,
    /// `found`, `not_found`, `ambiguous`, `not_a_user` or `failed`.
    pub(crate) state: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<Account>,
    /// What stands in the way of an answer, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// A user who was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AccessOfAccount")]
pub(crate) struct Account {
    /// The object id.
    pub(crate) id: UserId,
    /// The user principal name.
    pub(crate) user_principal_name: UserPrincipalName,
    /// What the account reaches, the riskiest first.
    pub(crate) reaches: Vec<Reach>,
    /// What could not be read, so that there may be more.
    pub(crate) unread: Vec<Unread>,
}
