//! The few things that are ever asked of Graph, each with the words for it and the permission that it needs.
//!
//! An operation is a template: it holds no identifier, so that its name may stand in a log line.

use super::permissions::{self, Permission};
use super::throttle::Access;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A token of the managed identity, from the platform's identity endpoint.
    GetToken,
    /// One user by object id or user principal name.
    ReadUser,
    /// Users by a property.
    FindUser,
    /// Which of some groups a user is in, also through nesting.
    CheckMemberGroups,
    /// Whether a group exists.
    ReadGroup,
    /// End every session of a user.
    RevokeSessions,
    /// What Identity Protection says of a user.
    ReadRisk,
    /// When a user last signed in.
    ReadSignInActivity,
    /// A user's entries in the sign-in log.
    ReadSignInLog,
}

impl Operation {
    /// The request as a template, such as `POST /users/{id}/revokeSignInSessions`.
    #[must_use]
    pub fn template(self) -> &'static str {
        match self {
            Self::GetToken => "GET identity endpoint",
            Self::ReadUser => "GET /users/{id}",
            Self::FindUser => "GET /users?$filter",
            Self::CheckMemberGroups => "POST /users/{id}/checkMemberGroups",
            Self::ReadGroup => "GET /groups/{id}",
            Self::RevokeSessions => "POST /users/{id}/revokeSignInSessions",
            Self::ReadRisk => "GET /identityProtection/riskyUsers/{id}",
            Self::ReadSignInActivity => "GET /users/{id}?$select=signInActivity",
            Self::ReadSignInLog => "GET /auditLogs/signIns",
        }
    }

    /// What is being done, as the beginning of a sentence.
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Self::GetToken => "Getting a token for the managed identity",
            Self::ReadUser => "Reading the user",
            Self::FindUser => "Looking for the user",
            Self::CheckMemberGroups => "Asking whether the user is in a protected group",
            Self::ReadGroup => "Reading a protected group",
            Self::RevokeSessions => "Revoking the user's sessions",
            Self::ReadRisk => "Reading the user's risk",
            Self::ReadSignInActivity => "Reading when the user last signed in",
            Self::ReadSignInLog => "Reading the sign-in log",
        }
    }

    /// Whether a success says something beyond that it is one. A revocation's does not: it was documented with and
    /// without a body, and a body that breaks off does not undo it.
    pub(super) fn answers_with_content(self) -> bool {
        match self {
            Self::GetToken
            | Self::ReadUser
            | Self::FindUser
            | Self::CheckMemberGroups
            | Self::ReadGroup
            | Self::ReadRisk
            | Self::ReadSignInActivity
            | Self::ReadSignInLog => true,
            Self::RevokeSessions => false,
        }
    }

    /// What Graph counts it as. Asking for groups is a POST and no write ("Microsoft Graph service-specific throttling
    /// limits").
    pub(super) fn access(self) -> Access {
        match self {
            Self::GetToken
            | Self::ReadUser
            | Self::FindUser
            | Self::CheckMemberGroups
            | Self::ReadGroup
            | Self::ReadRisk
            | Self::ReadSignInActivity
            | Self::ReadSignInLog => Access::Read,
            Self::RevokeSessions => Access::Write,
        }
    }

    /// The application permissions that it needs, all of them, from the least set.
    #[must_use]
    pub fn permissions(self) -> &'static [&'static Permission] {
        match self {
            Self::GetToken => &[],
            Self::ReadUser | Self::FindUser => &[&permissions::USER_READ],
            Self::CheckMemberGroups => &[&permissions::USER_READ, &permissions::GROUP_MEMBER_READ],
            Self::ReadGroup => &[&permissions::GROUP_MEMBER_READ],
            Self::RevokeSessions => &[&permissions::USER_REVOKE_SESSIONS],
            Self::ReadRisk => &[&permissions::IDENTITY_RISKY_USER_READ],
            Self::ReadSignInActivity | Self::ReadSignInLog => &[&permissions::AUDIT_LOG_READ],
        }
    }
}
