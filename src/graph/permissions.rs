//! The Graph application permissions that Evict needs: the least set, and what is as good.
//!
//! Sources: the permissions tables of "user: revokeSignInSessions", "Get a user" and "directoryObject:
//! checkMemberGroups" (Microsoft Graph), and the ids of "Microsoft Graph permissions reference".

/// One application permission (app role) of Microsoft Graph.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Permission {
    /// Its name, as it stands in a token's `roles`.
    pub name: &'static str,
    /// The id of the app role on Microsoft Graph, by which it is granted.
    pub app_role_id: &'static str,
    /// What Evict does with it.
    pub needed_for: &'static str,
    /// Stronger permissions that include it.
    pub accepted_instead: &'static [&'static str],
}

impl Permission {
    /// Whether a token with these roles may do what this permission allows.
    #[must_use]
    pub fn is_held(&self, roles: &[String]) -> bool {
        roles
            .iter()
            .any(|role| role == self.name || self.accepted_instead.contains(&role.as_str()))
    }
}

/// To revoke sessions.
pub(super) const USER_REVOKE_SESSIONS: Permission = Permission {
    name: "User.RevokeSessions.All",
    app_role_id: "77f3a031-c388-4f99-b373-dc68676a979e",
    needed_for: "revoke sessions",
    accepted_instead: &["User.ReadWrite.All", "Directory.ReadWrite.All"],
};

/// To read users. User.ReadBasic.All is not enough: `signInSessionsValidFromDateTime` is not in the basic profile.
pub(crate) const USER_READ: Permission = Permission {
    name: "User.Read.All",
    app_role_id: "df021288-bdef-4463-88db-98f22de89214",
    needed_for: "find users and read when their sessions were last cut",
    accepted_instead: &[
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
};

/// To see who is in a protected group.
pub(crate) const GROUP_MEMBER_READ: Permission = Permission {
    name: "GroupMember.Read.All",
    app_role_id: "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    needed_for: "see who is in a protected group",
    accepted_instead: &[
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
};

/// To see who is in a protected group that hides its members. Needed where there is such a group, and there alone.
pub const MEMBER_READ_HIDDEN: Permission = Permission {
    name: "Member.Read.Hidden",
    app_role_id: "658aa5d8-239f-45c4-aa12-864f4fc7e490",
    needed_for: "see who is in a protected group that hides its members",
    accepted_instead: &[],
};

/// The least set of application permissions with which every part of Evict works.
pub const REQUIRED_PERMISSIONS: [&Permission; 3] =
    [&USER_REVOKE_SESSIONS, &USER_READ, &GROUP_MEMBER_READ];

/// The permissions of the least set that a token with these `roles` lacks, counting stronger ones as good.
#[must_use]
pub fn missing_permissions(roles: &[String]) -> Vec<&'static Permission> {
    REQUIRED_PERMISSIONS
        .into_iter()
        .filter(|permission| !permission.is_held(roles))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(roles: &[&str]) -> Vec<&'static str> {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        missing_permissions(&roles)
            .into_iter()
            .map(|permission| permission.name)
            .collect()
    }

    #[test]
    fn the_least_set_is_enough() {
        assert!(
            missing(&[
                "User.RevokeSessions.All",
                "User.Read.All",
                "GroupMember.Read.All"
            ])
            .is_empty()
        );
    }

    #[test]
    fn a_stronger_permission_is_as_good() {
        assert!(missing(&["Directory.ReadWrite.All"]).is_empty());
        assert_eq!(missing(&["User.ReadWrite.All"]), ["GroupMember.Read.All"]);
    }

    #[test]
    fn the_basic_profile_is_not_enough() {
        assert_eq!(
            missing(&[
                "User.ReadBasic.All",
                "User.RevokeSessions.All",
                "GroupMember.Read.All"
            ]),
            ["User.Read.All"]
        );
    }

    #[test]
    fn without_roles_everything_is_missing() {
        assert_eq!(missing(&[]).len(), REQUIRED_PERMISSIONS.len());
    }
}
