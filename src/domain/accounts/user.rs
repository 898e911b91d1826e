//! The user: what the directory answered for a subject.

use jiff::Timestamp;
use serde::Serialize;

use super::identifiers::{MailAddress, UserId, UserPrincipalName};

/// Where an external user signs in. A hint for people: the directory does not name it as a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HomeTenant {
    /// The domain of the home tenant.
    Domain(String),
    /// The user is external, but nothing tells where from.
    Unknown,
}

/// By what of a subject the directory knew the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The object id, given or told by a cloud SID.
    ObjectId,
    /// The user principal name.
    UserPrincipalName,
    /// The on-premises security identifier.
    SecurityIdentifier,
    /// The primary mail address, also one that the alert gives as a user principal name.
    Mail,
    /// The account name in its domain.
    AccountName,
}

/// A directory object of type user. Made in `directory` from Graph's answer and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The object id.
    pub id: UserId,
    /// By what of a subject the directory knew it.
    pub found_by: FoundBy,
    /// The user principal name.
    pub upn: UserPrincipalName,
    /// The primary mail address.
    pub mail: Option<MailAddress>,
    /// Whether the account may sign in; absent when Graph did not say.
    pub account_enabled: Option<bool>,
    /// Whether the account is mastered on premises.
    pub on_premises_synced: bool,
    /// Where the user signs in, if not in this tenant.
    pub home: Option<HomeTenant>,
    /// `signInSessionsValidFromDateTime`: sessions made before it are dead. Absent when Graph did not say.
    pub sessions_valid_from: Option<Timestamp>,
}
