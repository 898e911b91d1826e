//! The few things that are ever asked of Graph, each with the words for it and the permission that it needs. What the
//! operator's command asks beyond them is described beside the question itself, as an [`Inquiry`].
//!
//! An operation is a template: it holds no identifier, so that its name may stand in a log line.

use super::{Permission, permissions};

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
    /// What only the operator's command asks.
    Inquire(&'static Inquiry),
    /// What is asked of Azure Resource Manager, or done there.
    Manage(&'static Management),
}

/// What a call counts as, where Graph counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// It changes nothing, whatever its method is.
    Read,
    /// It changes something in the directory.
    Write,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager, Azure Resource Graph included.
    Azure,
}

impl Api {
    /// Its name, as the beginning of a sentence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "Graph",
            Self::Azure => "Azure",
        }
    }
}

/// A question that only the operator's command asks, and that changes nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Inquiry {
    /// The request as a template.
    pub template: &'static str,
    /// What is being done, as the beginning of a sentence.
    pub doing: &'static str,
    /// Who is asked.
    pub service: Api,
    /// The Graph permissions that it needs, all of them, delegated or application.
    pub permissions: &'static [&'static Permission],
    /// What a signed-in person needs beside them, as roles are named to people; for Azure, what anybody needs.
    pub role: &'static str,
}

/// A call to Azure Resource Manager.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Management {
    /// The request as a template.
    pub template: &'static str,
    /// What is being done, as the beginning of a sentence.
    pub doing: &'static str,
    /// Whether it changes something.
    pub changes: bool,
    /// Whether it says which version of a thing it changes, and is refused where that is not the newest: then the thing has to be read
    /// again first.
    pub changes_a_version: bool,
    /// The Azure role that it needs, and where, for the app's own identity.
    pub role: &'static str,
    /// What it is about, in the middle of a sentence.
    pub about: &'static str,
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
            Self::Inquire(inquiry) => inquiry.template,
            Self::Manage(management) => management.template,
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
            Self::Inquire(inquiry) => inquiry.doing,
            Self::Manage(management) => management.doing,
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
            | Self::Inquire(_) => true,
            Self::RevokeSessions => false,
            Self::Manage(management) => !management.changes,
        }
    }

    /// Whether a 409 says that a thing was changed since it was read, so that to ask again alone would change nothing.
    pub(super) fn changes_a_version(self) -> bool {
        match self {
            Self::Manage(management) => management.changes_a_version,
            Self::GetToken
            | Self::ReadUser
            | Self::FindUser
            | Self::CheckMemberGroups
            | Self::ReadGroup
            | Self::RevokeSessions
            | Self::Inquire(_) => false,
        }
    }

    /// Whether it is about one user or one group, so that Graph can say that there is none.
    pub(super) fn names_what_exists(self) -> bool {
        match self {
            Self::ReadUser | Self::CheckMemberGroups | Self::ReadGroup | Self::RevokeSessions => {
                true
            }
            Self::GetToken | Self::FindUser | Self::Inquire(_) | Self::Manage(_) => false,
        }
    }

    /// What Graph counts it as. Asking for groups is a POST and no write ("Microsoft Graph service-specific throttling
    /// limits").
    pub(super) fn access(self) -> CallKind {
        match self {
            Self::Manage(management) if management.changes => CallKind::Write,
            Self::GetToken
            | Self::ReadUser
            | Self::FindUser
            | Self::CheckMemberGroups
            | Self::ReadGroup
            | Self::Inquire(_)
            | Self::Manage(_) => CallKind::Read,
            Self::RevokeSessions => CallKind::Write,
        }
    }

    /// The application permissions that it needs, all of them, from the least set.
    #[must_use]
    pub fn permissions(self) -> &'static [&'static Permission] {
        match self {
            Self::GetToken | Self::Manage(_) => &[],
            Self::ReadUser | Self::FindUser => &[&permissions::USER_READ],
            Self::CheckMemberGroups => &[&permissions::USER_READ, &permissions::GROUP_MEMBER_READ],
            Self::ReadGroup => &[&permissions::GROUP_MEMBER_READ],
            Self::RevokeSessions => &[&permissions::USER_REVOKE_SESSIONS],
            Self::Inquire(inquiry) => inquiry.permissions,
        }
    }

    /// Who is asked.
    #[must_use]
    pub fn service(self) -> Api {
        match self {
            Self::GetToken
            | Self::ReadUser
            | Self::FindUser
            | Self::CheckMemberGroups
            | Self::ReadGroup
            | Self::RevokeSessions => Api::Graph,
            Self::Inquire(inquiry) => inquiry.service,
            Self::Manage(_) => Api::Azure,
        }
    }
}
