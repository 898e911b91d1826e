//! Which application permissions a call needs ("Microsoft Graph permissions reference" and the tables of each call). It
//! reads only the roles in the token: later grants do not count.

/// Permissions that let an app read the whole profile of every user.
const READ_USERS: [&str; 4] = [
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
/// Permissions that let an app read memberships.
const READ_MEMBERS: [&str; 6] = [
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
/// Permissions that let an app revoke sessions.
const REVOKE: [&str; 3] = [
    "User.RevokeSessions.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/// Permissions that let an app read the holders of directory roles ("List transitiveRoleAssignment", "List
/// roleDefinitions").
const READ_ROLES: [&str; 4] = [
    "RoleManagement.Read.Directory",
    "Directory.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.ReadWrite.All",
];
/// Permissions that let an app read the eligible holders of directory roles: those that its refusal names.
const READ_ELIGIBLE: [&str; 4] = [
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
/// Permissions that let an app read roles in applications ("List appRoleAssignments granted to a user", application).
const READ_APP_ROLES: [&str; 3] = [
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
];
/// Permissions that let an app read applications ("Get servicePrincipal").
const READ_APPLICATIONS: [&str; 4] = [
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
/// Permissions that let an app read the sign-in log ("List signIns"). An older edition of that page also requires
/// Directory.Read.All, for a known issue with the check of the licence.
const READ_LOGS: [&str; 1] = ["AuditLog.Read.All"];
/// Permissions that let an app read which users are at risk ("Get riskyUser").
const READ_RISK: [&str; 2] = [
    "IdentityRiskyUser.Read.All",
    "IdentityRiskyUser.ReadWrite.All",
];

/// The permissions of a token's bearer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permitted<'a>(pub(crate) &'a [String]);

impl Permitted<'_> {
    fn any(self, wanted: &[&str]) -> bool {
        self.0.iter().any(|role| wanted.contains(&role.as_str()))
    }

    /// Users, but only their basic profile.
    pub(crate) fn read_basic(self) -> bool {
        self.read_users() || self.any(&["User.ReadBasic.All"])
    }

    /// Users with every property.
    pub(crate) fn read_users(self) -> bool {
        self.any(&READ_USERS)
    }

    /// Groups and their members.
    pub(crate) fn read_groups(self) -> bool {
        self.any(&READ_MEMBERS)
    }

    /// The groups of a user: users and memberships must both be readable.
    pub(crate) fn check_member_groups(self) -> bool {
        self.read_users() && self.read_groups()
    }

    /// The members of groups that hide them.
    pub(crate) fn read_hidden_members(self) -> bool {
        self.any(&["Member.Read.Hidden"])
    }

    /// Directory roles, and who holds them.
    pub(crate) fn read_roles(self) -> bool {
        self.any(&READ_ROLES)
    }

    /// Who may activate directory roles.
    pub(crate) fn read_eligible_roles(self) -> bool {
        self.any(&READ_ELIGIBLE)
    }

    /// Roles in applications.
    pub(crate) fn read_app_roles(self) -> bool {
        self.any(&READ_APP_ROLES)
    }

    /// Applications.
    pub(crate) fn read_applications(self) -> bool {
        self.any(&READ_APPLICATIONS)
    }

    /// The sign-in log.
    pub(crate) fn read_logs(self) -> bool {
        self.any(&READ_LOGS)
    }

    /// The risk that Identity Protection assigns to users.
    pub(crate) fn read_risk(self) -> bool {
        self.any(&READ_RISK)
    }

    /// Sign-in sessions.
    pub(crate) fn revoke(self) -> bool {
        self.any(&REVOKE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_permission_suffices_and_a_neighbour_does_not() {
        type Check = fn(Permitted<'_>) -> bool;
        let revoke: Check = |permitted| permitted.revoke();
        let members: Check = |permitted| permitted.check_member_groups();
        let read: Check = |permitted| permitted.read_users();
        for (may, roles, answer) in [
            (revoke, "User.RevokeSessions.All", true),
            (revoke, "User.ReadWrite.All", true),
            (revoke, "User.Read.All", false),
            (members, "User.Read.All GroupMember.Read.All", true),
            (members, "Directory.Read.All", true),
            (members, "GroupMember.Read.All", false),
            (members, "User.Read.All", false),
            (read, "User.ReadBasic.All", false),
            (read, "User.RevokeSessions.All", false),
        ] {
            let roles: Vec<String> = roles.split(' ').map(str::to_owned).collect();
            assert_eq!(may(Permitted(&roles)), answer, "{roles:?}");
        }
    }
}
