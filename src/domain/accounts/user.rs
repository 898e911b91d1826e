//! The user: the directory's answer for a subject.

use jiff::Timestamp;
use serde::Serialize;

use super::identifiers::{MailAddress, UserId, UserPrincipalName};

/// Where an external user signs in. A hint for people: the directory has no property for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HomeTenant {
    /// The domain of the home tenant.
    Domain(String),
    /// The user is external, and the origin is unknown.
    Unknown,
}

/// The identifier of a subject by which the directory found the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The object id, given or encoded in a cloud SID.
    ObjectId,
    /// The user principal name.
    UserPrincipalName,
    /// The on-premises security identifier.
    SecurityIdentifier,
    /// The primary mail address, also if the alert gives it as a user principal name.
    Mail,
    /// The account name in its domain.
    AccountName,
}

/// A directory object of type user. Only `directory` creates it, from Graph's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The object id.
    pub id: UserId,
    /// The identifier by which the directory found it.
    pub found_by: FoundBy,
    /// The user principal name.
    pub upn: UserPrincipalName,
    /// The primary mail address.
    pub mail: Option<MailAddress>,
    /// Whether the account may sign in; absent if Graph did not say.
    pub account_enabled: Option<bool>,
    /// Whether the account is mastered on premises.
    pub on_premises_synced: bool,
    /// Where the user signs in, if not in this tenant.
    pub home: Option<HomeTenant>,
    /// `signInSessionsValidFromDateTime`: sessions from before it are invalid. Absent if Graph did not say.
    pub sessions_valid_from: Option<Timestamp>,
}
