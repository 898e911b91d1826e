//! Says who it is that lacks a permission, and how it comes by it. A person, an application that is signed in to the Azure CLI,
//! a managed identity and a workload identity are each helped in another way.
//!
//! Sources: "user: revokeSignInSessions" and "Get a user" (Microsoft Graph), "Microsoft Entra built-in roles", "Managed
//! identity best practice recommendations" (its token is kept for up to a day).

use std::fmt;

use crate::graph::Permission;
use crate::identity::{Credential, TokenFacts};

/// Who acts, as a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A person; an application acts for them with delegated permissions.
    Person,
    /// An application that is signed in to the Azure CLI: a service principal, or a managed identity.
    AzureCliApplication,
    /// The managed identity of the app, or of this machine.
    ManagedIdentity,
    /// An application whose federated token was exchanged.
    WorkloadIdentity,
}

impl Who {
    /// Whose token it is.
    #[must_use]
    pub fn of(token: &TokenFacts) -> Self {
        if token.is_delegated() {
            return Self::Person;
        }
        match token.given_by {
            Credential::AzureCli => Self::AzureCliApplication,
            Credential::ManagedIdentity => Self::ManagedIdentity,
            Credential::WorkloadIdentity => Self::WorkloadIdentity,
        }
    }

    /// Who it is, in the middle of a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "a person",
            Self::AzureCliApplication => "an application that is signed in to az",
            Self::ManagedIdentity => "a managed identity",
            Self::WorkloadIdentity => "a workload identity",
        }
    }

    /// Its token, in the middle of a sentence.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Person => "your token",
            Self::AzureCliApplication => "the token of the application that is signed in to az",
            Self::ManagedIdentity => "the managed identity's token",
            Self::WorkloadIdentity => "the workload identity's token",
        }
    }

    /// The same as the beginning of a sentence.
    fn its_token(self) -> &'static str {
        match self {
            Self::Person => "Your token",
            Self::AzureCliApplication => "The token of the application that is signed in to az",
            Self::ManagedIdentity => "The managed identity's token",
            Self::WorkloadIdentity => "The workload identity's token",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Person => "delegated Graph permission",
            Self::AzureCliApplication | Self::ManagedIdentity | Self::WorkloadIdentity => {
                "Graph application permission"
            }
        }
    }
}

/// What a token lacks, who can grant it, and when it shows. A whole account for a person.
#[derive(Debug)]
pub struct Lacking<'a> {
    /// What the token says of itself.
    pub token: &'a TokenFacts,
    /// What it lacks; one at least.
    pub missing: &'a [&'a Permission],
}

impl fmt::Display for Lacking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, missing } = self;
        let who = Who::of(token);
        write!(f, "{}", who.its_token())?;
        if who != Who::Person
            && let Some(at) = token.issued_at
        {
            write!(f, ", issued {at},")?;
        }
        if who == Who::Person {
            f.write_str(" acts for a signed-in person and")?;
        }
        write!(f, " lacks the {} {}. ", who.kind(), Names(missing))?;
        match who {
            Who::Person => f.write_str(
                "An administrator consents to it for the application that signed you in (for `az login` that is Microsoft \
                 Azure CLI), or sign in to az as a service principal that holds the application permission of the same \
                 name. Then run the command again.",
            ),
            Who::ManagedIdentity => {
                self.write_grant(
                    f,
                    "the app's identity (the module in infra/ does, or POST",
                )?;
                write!(
                    f,
                    "If it was granted after that token was issued: the platform keeps a managed identity's token for up to \
                     a day and nothing forces a new one, not even a restart, so the permission shows by {} at the latest.",
                    token.expires_at
                )
            }
            Who::AzureCliApplication => {
                self.write_grant(f, "that application's service principal (POST")?;
                write!(
                    f,
                    "If it was granted after that token was issued: a service principal shows it after another `az login`, a \
                     managed identity by {} at the latest.",
                    token.expires_at
                )
            }
            Who::WorkloadIdentity => {
                self.write_grant(f, "that application's service principal (POST")?;
                f.write_str("Then run the pipeline again: each run gets a token of its own.")
            }
        }
    }
}

impl Lacking<'_> {
    fn write_grant(&self, f: &mut fmt::Formatter<'_>, to: &str) -> fmt::Result {
        write!(
            f,
            "A Privileged Role Administrator grants it to {to} /servicePrincipals/{{Microsoft Graph}}/appRoleAssignedTo with \
             app role "
        )?;
        for (index, permission) in self.missing.iter().enumerate() {
            let comma = if index == 0 { "" } else { " and " };
            write!(f, "{comma}{}", permission.app_role_id)?;
        }
        f.write_str("). ")
    }
}

/// Why a token that carries what is needed is denied all the same.
pub(super) struct Denied<'a> {
    pub(super) token: &'a TokenFacts,
    pub(super) needed: &'a [&'a Permission],
    /// The directory roles that allow a person what was asked, where it is not about changing a user.
    pub(super) role: Option<&'static str>,
}

impl fmt::Display for Denied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = Who::of(self.token);
        let names = Names(self.needed);
        if let (Who::Person, Some(role)) = (who, self.role) {
            return write!(
                f,
                "Your token does carry the delegated Graph permission {names} or a stronger one, so your own directory role \
                 does not allow it: activate one that does ({role}). Then run the command again.",
            );
        }
        if who == Who::Person {
            return write!(
                f,
                "Your token does carry the delegated Graph permission {names} or a stronger one, so your own directory role \
                 does not allow it for this user: activate one that does (User Administrator; Privileged Authentication \
                 Administrator for a user who holds an administrator's role), and see whether the user is in a restricted \
                 management administrative unit. Then run the command again.",
            );
        }
        f.write_str(who.its_token())?;
        if let Some(at) = self.token.issued_at {
            write!(f, ", issued {at},")?;
        }
        write!(
            f,
            " does carry {names}, so something else denies it: see whether the user is in a restricted management \
             administrative unit, whether a Conditional Access policy applies to {}, and whether the user holds an \
             administrator's role, for which the application may need the role Privileged Authentication Administrator besides.",
            match who {
                Who::Person | Who::ManagedIdentity => "this app's identity",
                Who::AzureCliApplication | Who::WorkloadIdentity => "that application",
            }
        )
    }
}

/// The names of permissions.
pub(super) struct Names<'a>(pub(crate) &'a [&'a Permission]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { " and " };
            write!(f, "{comma}{}", permission.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::permissions::{USER_READ, USER_REVOKE_SESSIONS};

    fn everybody() -> [TokenFacts; 4] {
        let facts = |given_by, scopes: &[&str]| TokenFacts {
            tenant: "f6fadfa7-e5c1-4b62-9362-da5cc13da58a".parse().unwrap(),
            roles: Vec::new(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            issued_at: Some("2026-11-25T09:00:00Z".parse().unwrap()),
            expires_at: "2026-11-25T10:15:00Z".parse().unwrap(),
            app_id: None,
            object_id: None,
            given_by,
        };
        [
            facts(Credential::AzureCli, &["User.ReadBasic.All"]),
            facts(Credential::AzureCli, &[]),
            facts(Credential::ManagedIdentity, &[]),
            facts(Credential::WorkloadIdentity, &[]),
        ]
    }

    #[test]
    fn each_is_told_by_its_name_what_it_lacks_and_who_grants_it() {
        let missing = [&USER_REVOKE_SESSIONS, &USER_READ];
        let told = everybody().map(|token| {
            let lacking = Lacking {
                token: &token,
                missing: &missing,
            };
            format!("{}: {lacking}", Who::of(&token).name())
        });
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn each_is_told_by_its_name_what_else_may_deny_it() {
        let needed = [&USER_REVOKE_SESSIONS];
        let told = everybody().map(|token| {
            Denied {
                token: &token,
                needed: &needed,
                role: None,
            }
            .to_string()
        });
        insta::assert_snapshot!(told.join("\n"));
    }
}
