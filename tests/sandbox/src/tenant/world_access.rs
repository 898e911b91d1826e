//! What accounts of a world can reach: directory roles, applications, and Azure. All of it is optional.

use std::collections::HashSet;

use anyhow::bail;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::azure;
use super::world::World;
use super::world_incident::WorldIncident;

/// Everything that accounts reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorldAccess {
    /// The most entries per page of a list, in Graph and in Azure; the services' own page size if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<usize>,
    /// Whether the tenant has no licence for Privileged Identity Management.
    pub without_pim: bool,
    /// The directory roles, built-in ones by the ids of their templates.
    pub directory_roles: Vec<WorldDirectoryRole>,
    /// The assignments of directory roles.
    pub role_assignments: Vec<WorldRoleAssignment>,
    /// Applications.
    pub applications: Vec<WorldApplication>,
    /// Azure.
    pub azure: WorldAzure,
}

/// A directory role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldDirectoryRole {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub display_name: String,
    /// Whether it is privileged.
    #[serde(default)]
    pub is_privileged: bool,
}

/// The assignment of a directory role to a user or a role-assignable group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldRoleAssignment {
    /// The role's id.
    pub role: Uuid,
    /// The user or the group.
    pub principal: Uuid,
    /// `/`, `/administrativeUnits/{id}` or `/{id of an object}`; `/` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether it is active or eligible; active if left out.
    #[serde(default)]
    pub state: WorldRoleState,
}

/// Whether a directory role is active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorldRoleState {
    /// In force.
    #[default]
    Active,
    /// After an activation.
    Eligible,
}

/// An application with its service principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldApplication {
    /// The object id of the registration.
    pub id: Uuid,
    /// The application (client) id.
    pub app_id: Uuid,
    /// The object id of the service principal.
    pub service_principal_id: Uuid,
    /// The name of both.
    pub display_name: String,
    /// The owners of the registration.
    #[serde(default)]
    pub owners: Vec<Uuid>,
    /// The owners of the service principal.
    #[serde(default)]
    pub service_principal_owners: Vec<Uuid>,
    /// The application's roles.
    #[serde(default)]
    pub app_roles: Vec<WorldAppRole>,
    /// The assignments to it.
    #[serde(default)]
    pub assigned: Vec<WorldAppAssignment>,
}

/// A role in an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldAppRole {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub display_name: String,
    /// Its value in tokens.
    pub value: String,
}

/// A user or a group that is assigned to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldAppAssignment {
    /// The user or the group.
    pub principal: Uuid,
    /// The role; the default access if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Uuid>,
}

/// The content of Azure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorldAzure {
    /// The management groups.
    pub management_groups: Vec<WorldManagementGroup>,
    /// The subscriptions.
    pub subscriptions: Vec<WorldSubscription>,
    /// Roles beside the built-in ones that the sandbox knows.
    pub custom_roles: Vec<WorldAzureRole>,
    /// The role assignments.
    pub role_assignments: Vec<WorldAzureAssignment>,
    /// The function apps.
    pub function_apps: Vec<WorldFunctionApp>,
    /// The incidents of Microsoft Sentinel.
    pub incidents: Vec<WorldIncident>,
}

/// A function app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldFunctionApp {
    /// Its name.
    pub name: String,
    /// The subscription in which it is.
    pub subscription: Uuid,
    /// Its host name.
    pub host: String,
    /// Its tags.
    #[serde(default)]
    pub tags: std::collections::BTreeMap<String, String>,
}

/// A management group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldManagementGroup {
    /// Its name, which is its id.
    pub name: String,
    /// The parent management group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldSubscription {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub display_name: String,
    /// Its management group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_group: Option<String>,
}

/// An Azure role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldAzureRole {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub role_name: String,
    /// The permitted actions.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The excluded actions.
    #[serde(default)]
    pub not_actions: Vec<String>,
    /// The permitted data actions.
    #[serde(default)]
    pub data_actions: Vec<String>,
}

/// The assignment of an Azure role to a user or a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldAzureAssignment {
    /// The role's id.
    pub role: Uuid,
    /// The user or the group.
    pub principal: Uuid,
    /// Its scope, as a path.
    pub scope: String,
    /// A condition that narrows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Checks what serde cannot: names without an object, and a group within a role-assignable group, which the directory
/// refuses ("Use Microsoft Entra groups to manage role assignments").
pub(super) fn check(world: &World, principals: &HashSet<Uuid>) -> anyhow::Result<()> {
    let groups: HashSet<Uuid> = world.groups.iter().map(|group| group.id).collect();
    for (index, group) in world.groups.iter().enumerate() {
        let nested = group
            .members
            .iter()
            .position(|member| groups.contains(member));
        if let (true, Some(position)) = (group.is_assignable_to_role, nested) {
            bail!(
                "at groups[{index}].members[{position}]: a group cannot be in a role-assignable group"
            );
        }
    }
    let access = &world.access;
    for (index, given) in access.role_assignments.iter().enumerate() {
        let place = format!("at access.roleAssignments[{index}]");
        let assignable = world
            .groups
            .iter()
            .all(|group| group.id != given.principal || group.is_assignable_to_role);
        if !principals.contains(&given.principal) || !assignable {
            bail!("{place}.principal: neither a user nor a role-assignable group of this world");
        }
        if access
            .directory_roles
            .iter()
            .all(|role| role.id != given.role)
        {
            bail!("{place}.role: not among access.directoryRoles");
        }
    }
    for (index, given) in access.azure.role_assignments.iter().enumerate() {
        let place = format!("at access.azure.roleAssignments[{index}]");
        if azure::role(&access.azure, given.role).is_none() {
            bail!(
                "{place}.role: neither a built-in role that the sandbox knows nor a custom one of this world"
            );
        }
        let mut known: Vec<String> = access
            .azure
            .subscriptions
            .iter()
            .map(|subscription| format!("/subscriptions/{}", subscription.id))
            .collect();
        known.extend(access.azure.management_groups.iter().map(azure::scope_of));
        let scope = &given.scope;
        if scope != "/"
            && !known
                .iter()
                .any(|above| azure::is_at_or_below(scope, above))
        {
            bail!(
                "{place}.scope: {scope:?} is below no subscription or management group of this world"
            );
        }
    }
    Ok(())
}
