//! The subject: an account as a sender wrote it. Nothing in it is trusted until the directory has answered.

use serde::Serialize;

use super::identifiers::{AccountName, MailAddress, TenantId, UserId, UserPrincipalName};
use super::security_identifier::SecurityIdentifier;

/// The kind of an account, as the payload states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A user, as far as the payload says.
    User,
    /// A computer account.
    Machine,
    /// A security group.
    Group,
    /// A built-in account of an operating system.
    System,
    /// A service principal of an application.
    ServicePrincipal,
    /// A managed identity.
    ManagedIdentity,
    /// An account without an identifier of Entra ID: of another cloud, of a single machine, or only a display name.
    Other,
}

impl SubjectKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Machine,
        Self::Group,
        Self::System,
        Self::ServicePrincipal,
        Self::ManagedIdentity,
        Self::Other,
    ];

    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Machine => "machine",
            Self::Group => "group",
            Self::System => "system",
            Self::ServicePrincipal => "service_principal",
            Self::ManagedIdentity => "managed_identity",
            Self::Other => "other",
        }
    }
}

/// An account as the sender wrote it, with everything that the payload states about it. `Debug` masks names.
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectRef {
    /// The kind that the payload states.
    pub kind: SubjectKind,
    /// The object id, given or derived from a cloud SID.
    pub id: Option<UserId>,
    /// The user principal name, whole or composed from a name and a suffix.
    pub upn: Option<UserPrincipalName>,
    /// The security identifier, of either kind.
    pub sid: Option<SecurityIdentifier>,
    /// A mail address.
    pub mail: Option<MailAddress>,
    /// The account's tenant, as the payload states it.
    pub tenant: Option<TenantId>,
    /// `DOMAIN\name`.
    pub account: Option<AccountName>,
    /// A name that cannot be looked up, kept if nothing stronger is known or if it describes the account.
    pub name: Option<String>,
}

impl SubjectRef {
    /// A subject with its kind alone.
    #[must_use]
    pub fn new(kind: SubjectKind) -> Self {
        Self {
            kind,
            id: None,
            upn: None,
            sid: None,
            mail: None,
            tenant: None,
            account: None,
            name: None,
        }
    }

    /// The text by which a person recognises the subject, as the sender wrote it: the first known of user principal
    /// name, mail, account name, object id, SID and name.
    #[must_use]
    pub fn written(&self) -> String {
        let texts = [
            self.upn.as_ref().map(|upn| upn.as_str().to_owned()),
            self.id.map(|id| id.to_string()),
            self.mail.as_ref().map(|mail| mail.as_str().to_owned()),
            self.account
                .as_ref()
                .map(|account| account.as_str().to_owned()),
            self.name.clone(),
            self.sid.as_ref().map(ToString::to_string),
        ];
        texts
            .into_iter()
            .flatten()
            .next()
            .unwrap_or_else(|| "an account without a name".to_owned())
    }

    /// Whether the directory can be asked for it.
    #[must_use]
    pub fn is_resolvable(&self) -> bool {
        self.id.is_some()
            || self.upn.is_some()
            || self.sid.is_some()
            || self.mail.is_some()
            || self.account.is_some()
    }
}

impl std::fmt::Debug for SubjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubjectRef")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("upn", &self.upn)
            .field("sid", &self.sid)
            .field("mail", &self.mail)
            .field("tenant", &self.tenant)
            .field("account", &self.account)
            .field("name", &self.name.as_ref().map(|_| "***"))
            .finish()
    }
}
