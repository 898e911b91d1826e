//! The questions about an account's access, with the permission of Graph and the roles that each needs.
//!
//! Sources: the permissions tables of "List a user's memberships", "List transitiveRoleAssignment", "List roleDefinitions",
//! "List roleEligibilityScheduleInstances", "List ownedObjects", "List appRoleAssignments granted to a user", "Get
//! servicePrincipal" (Microsoft Graph); "List Azure role assignments using the REST API"; the ids of "Microsoft Graph
//! permissions reference".

use crate::graph::permissions::{GROUP_MEMBER_READ, USER_READ};
use crate::graph::{Api, Inquiry, Permission};

const READER: &str = "the Azure role Reader on the management groups or subscriptions that matter (it holds \
                      Microsoft.Authorization/roleAssignments/read)";

static ROLE_MANAGEMENT_READ: Permission = Permission {
    name: "RoleManagement.Read.Directory",
    app_role_id: "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    needed_for: "see who holds which directory role",
    accepted_instead: &[
        "Directory.Read.All",
        "RoleManagement.ReadWrite.Directory",
        "Directory.ReadWrite.All",
    ],
};

static ROLE_ELIGIBILITY_READ: Permission = Permission {
    name: "RoleEligibilitySchedule.Read.Directory",
    app_role_id: "ff278e11-4a33-4d0c-83d2-d01dc58929a5",
    needed_for: "see who may activate which directory role",
    accepted_instead: &[
        "RoleManagement.Read.Directory",
        "RoleEligibilitySchedule.ReadWrite.Directory",
        "RoleManagement.ReadWrite.Directory",
    ],
};

static DIRECTORY_READ: Permission = Permission {
    name: "Directory.Read.All",
    app_role_id: "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    needed_for: "see which roles of applications an account was given",
    accepted_instead: &["Directory.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"],
};

static APPLICATION_READ: Permission = Permission {
    name: "Application.Read.All",
    app_role_id: "9a5d68dd-52b0-4cc2-bd40-abcc3ac3f0b4",
    needed_for: "read the names of the roles that an application has",
    accepted_instead: &[
        "Application.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
};

pub(super) static GROUPS: Inquiry = Inquiry {
    template: "GET /users/{id}/transitiveMemberOf/microsoft.graph.group",
    doing: "Reading the user's groups",
    service: Api::Graph,
    permissions: &[&USER_READ, &GROUP_MEMBER_READ],
    role: "Directory Readers or Global Reader",
};

pub(super) static ROLE_DEFINITIONS: Inquiry = Inquiry {
    template: "GET /roleManagement/directory/roleDefinitions",
    doing: "Reading the names of the directory roles",
    service: Api::Graph,
    permissions: &[&ROLE_MANAGEMENT_READ],
    role: "Directory Readers or Global Reader",
};

pub(super) static ACTIVE_ROLES: Inquiry = Inquiry {
    template: "GET /roleManagement/directory/transitiveRoleAssignments",
    doing: "Reading the user's active directory roles",
    service: Api::Graph,
    permissions: &[&ROLE_MANAGEMENT_READ],
    role: "Directory Readers or Global Reader",
};

pub(super) static ELIGIBLE_ROLES: Inquiry = Inquiry {
    template: "GET /roleManagement/directory/roleEligibilityScheduleInstances",
    doing: "Reading the directory roles that the user may activate",
    service: Api::Graph,
    permissions: &[&ROLE_ELIGIBILITY_READ],
    role: "Global Reader or Security Reader",
};

pub(super) static OWNED: Inquiry = Inquiry {
    template: "GET /users/{id}/ownedObjects",
    doing: "Reading the applications that the user owns",
    service: Api::Graph,
    permissions: &[&USER_READ],
    role: "Directory Readers or Global Reader",
};

pub(super) static APP_ROLES: Inquiry = Inquiry {
    template: "GET /users/{id}/appRoleAssignments",
    doing: "Reading the user's roles in applications",
    service: Api::Graph,
    permissions: &[&DIRECTORY_READ],
    role: "Directory Readers or Global Reader",
};

pub(super) static APP_ROLE_NAMES: Inquiry = Inquiry {
    template: "GET /servicePrincipals/{id}",
    doing: "Reading the names of an application's roles",
    service: Api::Graph,
    permissions: &[&APPLICATION_READ],
    role: "Directory Readers or Global Reader",
};

pub(super) static SUBSCRIPTIONS: Inquiry = Inquiry {
    template: "GET /subscriptions",
    doing: "Reading which subscriptions there are",
    service: Api::Azure,
    permissions: &[],
    role: READER,
};

pub(super) static RESOURCE_GRAPH: Inquiry = Inquiry {
    template: "POST /providers/Microsoft.ResourceGraph/resources",
    doing: "Asking Azure Resource Graph for role assignments",
    service: Api::Azure,
    permissions: &[],
    role: READER,
};

pub(in crate::inquiry) static FUNCTION_APPS: Inquiry = Inquiry {
    template: "POST /providers/Microsoft.ResourceGraph/resources",
    doing: "Asking Azure Resource Graph for function apps",
    service: Api::Azure,
    permissions: &[],
    role: READER,
};

pub(super) static ASSIGNED_TO: Inquiry = Inquiry {
    template: "GET /subscriptions/{id}/providers/Microsoft.Authorization/roleAssignments",
    doing: "Reading the role assignments of a subscription",
    service: Api::Azure,
    permissions: &[],
    role: READER,
};

pub(super) static AZURE_ROLE: Inquiry = Inquiry {
    template: "GET /{scope}/providers/Microsoft.Authorization/roleDefinitions/{id}",
    doing: "Reading an Azure role",
    service: Api::Azure,
    permissions: &[],
    role: READER,
};
