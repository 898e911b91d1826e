//! What an account reaches, and what could not be read. Its JSON is part of a contract; unknown values are left out.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// One thing that the account reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reach {
    /// How much is at stake.
    pub(crate) risk: Risk,
    /// What it is.
    pub(crate) kind: Kind,
    /// The name of the role, the group or the application; its id where the name is not known.
    pub(crate) name: String,
    /// The id of the role's definition, of the group, or of the owned object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// Where a role holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<Scope>,
    /// Whether a directory role is in force, or only after an activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) ends_at: Option<Timestamp>,
    /// The group through which the account has it; without one it was given to the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) through: Option<Through>,
    /// Whether a condition narrows an Azure role.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) conditional: bool,
    /// Whether the group is one of `EVICT_PROTECTED_GROUPS`.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) protected: bool,
    /// Whether directory roles can be given to the group.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) role_assignable: bool,
}

impl Reach {
    pub(super) fn new(risk: Risk, kind: Kind, name: String, scope: Option<Scope>) -> Self {
        Self {
            risk,
            kind,
            name,
            id: None,
            scope,
            state: None,
            ends_at: None,
            through: None,
            conditional: false,
            protected: false,
            role_assignable: false,
        }
    }
}

/// How much is at stake, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReachRisk")]
pub(crate) enum Risk {
    Critical,
    High,
    Medium,
    Low,
}

impl Risk {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    pub(super) fn one_less(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// What is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ReachKind")]
pub(crate) enum Kind {
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
pub(crate) enum State {
    /// It is.
    Active,
    /// After an activation in Privileged Identity Management.
    Eligible,
}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReachScope")]
pub(crate) struct Scope {
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
pub(crate) struct Through {
    /// Its object id.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub(crate) id: Uuid,
    /// Its name, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AccessUnread")]
pub(crate) struct Unread {
    /// What may be missing from the answer.
    pub(crate) what: What,
    /// `permission` if one is missing, `failed`, or `too_long` if only a part was read.
    #[schemars(with = "String")]
    pub(crate) reason: UnreadReason,
    /// The Graph permissions that it takes: delegated ones for a person, application permissions of the same names for an
    /// application.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) permissions: Vec<&'static str>,
    /// The role that a signed-in person needs beside a permission; in Azure, what anybody needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    /// What happened and what to do, as sentences.
    pub(crate) detail: String,
    /// What happened alone, for a table that says once what to do.
    #[serde(skip)]
    pub(crate) happened: Option<String>,
}

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnreadReason {
    Permission,
    Failed,
    TooLong,
}

/// What may not be readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccessWhat")]
pub(crate) enum What {
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
    pub(crate) fn as_str(self) -> &'static str {
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
