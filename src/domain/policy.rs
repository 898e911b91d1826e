//! What the guard decides by: the settings of the deployment, never the words of an alert.

use super::accounts::identifiers::{GroupId, TenantId, UserId, UserPrincipalName};
use super::severity::Severity;

/// Whether users are cut, or only reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Users are cut.
    Enforce,
    /// Receipts say what would be done, and nothing is changed.
    Observe,
}

impl Mode {
    /// The word for it in `EVICT_MODE`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// A user who is never cut, such as a break-glass account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectedUser {
    /// By object id.
    Id(UserId),
    /// By user principal name, in any case.
    Upn(UserPrincipalName),
}

/// The settings of the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The one tenant in which this app may act.
    pub tenant: TenantId,
    /// Users who are never cut.
    pub protected_users: Vec<ProtectedUser>,
    /// Groups whose members, also by nesting, are never cut.
    pub protected_groups: Vec<GroupId>,
    /// Whether users are cut, or only reported.
    pub mode: Mode,
    /// The most users that one alert may cut.
    pub max_users_per_alert: usize,
    /// The most users that may be cut within a rolling hour.
    pub max_users_per_hour: usize,
    /// The minimum severity of an automated alert that is acted on; `None` acts on all.
    pub min_severity: Option<Severity>,
}
