//! The answer of `evict access` as programs read it: `{"users": [...]}`. Its JSON is a contract; what is not known is left out.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::rank::Risk;
use crate::cli::Exit;
use crate::domain::{UserId, UserPrincipalName};

/// The whole answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Access")]
pub(in crate::cli) struct Document {
    /// One entry for each, in their order.
    pub(super) users: Vec<Entry>,
}

/// What is known of one user, in the order in which users were named.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AccessOfUser")]
pub(super) struct Entry {
    /// As it was written.
    pub(super) subject: String,
    /// `found`, `not_found`, `ambiguous`, `not_a_user` or `failed`.
    pub(super) state: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<Account>,
    /// What stands in the way of an answer, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
    #[serde(skip)]
    pub(super) exit: Exit,
}

/// A user who was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AccessOfAccount")]
pub(super) struct Account {
    /// The object id.
    pub(super) id: UserId,
    /// The user principal name.
    pub(super) user_principal_name: UserPrincipalName,
    /// What the account reaches, the riskiest first.
    pub(super) reaches: Vec<Reach>,
    /// What could not be read, so that there may be more.
    pub(super) unread: Vec<Unread>,
}

/// One thing that the account reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reach {
    /// How much is at stake.
    pub(super) risk: Risk,
    /// What it is.
    pub(super) kind: Kind,
    /// The name of the role, the group or the application; its id where the name is not known.
    pub(super) name: String,
    /// The id of the role's definition, of the group, or of the owned object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// Where a role holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Scope>,
    /// Whether a directory role is in force, or only after an activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<State>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) ends_at: Option<Timestamp>,
    /// The group through which the account has it; without one it was given to the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) through: Option<Through>,
    /// Whether a condition narrows an Azure role.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) conditional: bool,
    /// Whether the group is one of `EVICT_PROTECTED_GROUPS`.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) protected: bool,
    /// Whether directory roles can be given to the group.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) role_assignable: bool,
}

/// What is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReachKind")]
pub(super) enum Kind {
    /// A role of Entra ID.
    DirectoryRole,
    /// A role of Azure.
    AzureRole,
    /// The registration of an application, which the account owns.
    OwnedApplication,
    /// An application's service principal, which the account owns.
    OwnedServicePrincipal,
    /// A group that is protected, or to which directory roles can be given.
    Group,
    /// A role in an application, or the mere assignment to it.
    ApplicationRole,
}

/// Whether a directory role is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReachState")]
pub(super) enum State {
    /// It is.
    Active,
    /// After an activation in Privileged Identity Management.
    Eligible,
}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReachScope")]
pub(super) struct Scope {
    /// What it is.
    pub(super) kind: ScopeKind,
    /// The object id, or the path of a resource; left out for what there is but once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// Its name, where it has one that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

/// The kinds of places where a role holds, the widest of each service first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReachScopeKind")]
pub(super) enum ScopeKind {
    /// The directory of the tenant.
    Tenant,
    /// An administrative unit of it.
    AdministrativeUnit,
    /// One object of it, such as an application.
    Object,
    /// A part of an application of Microsoft.
    ApplicationPart,
    /// All of Azure that the tenant has.
    AzureRoot,
    /// A management group.
    ManagementGroup,
    /// A subscription.
    Subscription,
    /// A resource group.
    ResourceGroup,
    /// A single resource.
    Resource,
    /// An application.
    Application,
}

/// A group through which an account has something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "ReachThrough")]
pub(super) struct Through {
    /// Its object id.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub(super) id: Uuid,
    /// Its name, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AccessUnread")]
pub(super) struct Unread {
    /// What may be missing from the answer.
    pub(super) what: What,
    /// `permission` if one is missing, `failed`, or `too_long` if only a part was read.
    pub(super) reason: &'static str,
    /// The Graph permissions that it takes: delegated ones for a person, application permissions of the same names for an
    /// application.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) permissions: Vec<&'static str>,
    /// The role that a signed-in person needs beside a permission; in Azure, what anybody needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    /// What happened and what to do, as sentences.
    pub(super) detail: String,
    /// What happened alone, for a table that says once what to do.
    #[serde(skip)]
    pub(super) happened: Option<String>,
}

/// What may not be readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccessWhat")]
pub(super) enum What {
    /// Directory roles in force.
    ActiveDirectoryRoles,
    /// Directory roles after an activation.
    EligibleDirectoryRoles,
    /// The names of directory roles, and which are privileged.
    DirectoryRoleNames,
    /// Groups, and what is had through them.
    Groups,
    /// Owned registrations of applications.
    OwnedApplications,
    /// Owned service principals.
    OwnedServicePrincipals,
    /// Roles in applications.
    ApplicationRoles,
    /// Their names.
    ApplicationRoleNames,
    /// Roles of Azure.
    AzureRoles,
    /// Their names, and what they allow.
    AzureRoleNames,
}

impl What {
    /// For a person.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ActiveDirectoryRoles => "active directory roles",
            Self::EligibleDirectoryRoles => "eligible directory roles",
            Self::DirectoryRoleNames => "names of directory roles",
            Self::Groups => "groups",
            Self::OwnedApplications => "owned applications",
            Self::OwnedServicePrincipals => "owned service principals",
            Self::ApplicationRoles => "roles in applications",
            Self::ApplicationRoleNames => "names of roles in applications",
            Self::AzureRoles => "Azure roles",
            Self::AzureRoleNames => "names of Azure roles",
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(answer: &bool) -> bool {
    !answer
}
