//! Directory roles: their definitions, their holders, and their eligible holders.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::pages::{self, eventual};
use super::properties::no_such_property;
use super::{Context, unknown_options};
use crate::tenant::answer::{Answer, Body};
use crate::tenant::directory::Directory;
use crate::tenant::world_access::{WorldRoleAssignment, WorldRoleState};

/// `GET /beta/roleManagement/directory/roleDefinitions` ("List roleDefinitions", beta, which alone has `isPrivileged`).
pub(super) fn definitions(context: &Context<'_>, directory: &Directory) -> Answer {
    const KNOWN: [&str; 6] = [
        "id",
        "templateId",
        "displayName",
        "isPrivileged",
        "isBuiltIn",
        "isEnabled",
    ];
    if let Some(answer) = unknown_options(context.call, &["$select", "$skiptoken"]) {
        return answer;
    }
    if !context.permitted.read_roles() {
        return Answer::forbidden();
    }
    let select = context.call.query("$select");
    let names: Vec<&str> = select
        .as_deref()
        .map_or(KNOWN.to_vec(), |text| text.split(',').collect());
    if let Some(unknown) = names.iter().find(|name| !KNOWN.contains(name)) {
        return no_such_property(unknown, "unifiedRoleDefinition");
    }
    let rows = directory.access.directory_roles.iter().map(|role| {
        let value = |name: &str| match name {
            "id" | "templateId" => json!(role.id),
            "displayName" => json!(role.display_name),
            "isPrivileged" => json!(role.is_privileged),
            _ => json!(true),
        };
        Value::Object(
            names
                .iter()
                .map(|name| ((*name).to_owned(), value(name)))
                .collect(),
        )
    });
    let context_name = "roleManagement/directory/roleDefinitions";
    pages::answer(context, directory, context_name, rows.collect(), Map::new())
}

/// `GET /beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId eq '{id}'`: those of
/// the principal and of its groups. Without `ConsistencyLevel: eventual` it is 404 ("List transitiveRoleAssignment").
pub(super) fn transitive(context: &Context<'_>, directory: &Directory) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$filter", "$count", "$skiptoken"]) {
        return answer;
    }
    if !context.permitted.read_roles() {
        return Answer::forbidden();
    }
    let Some(principal) = principal(context).filter(|_| eventual(context.call)) else {
        return Answer::error(404, "Request_ResourceNotFound", "Resource not found.");
    };
    let mut holders = directory.groups_of(principal);
    holders.insert(principal);
    let rows = given(directory, WorldRoleState::Active)
        .filter(|(_, given)| holders.contains(&given.principal))
        .map(|(number, given)| {
            json!({
                "id": format!("assignment-{number}"),
                "principalId": given.principal,
                "directoryScopeId": given.scope.as_deref().unwrap_or("/"),
                "roleDefinitionId": given.role,
            })
        })
        .collect();
    let context_name = "roleManagement/directory/transitiveRoleAssignments";
    pages::answer(context, directory, context_name, rows, Map::new())
}

/// `GET /roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId eq '{id}'`: those of the
/// principal itself ("List roleEligibilityScheduleInstances").
pub(super) fn eligible(context: &Context<'_>, directory: &Directory) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$filter", "$skiptoken"]) {
        return answer;
    }
    if !context.permitted.read_eligible_roles() {
        return pim_refusal();
    }
    if directory.access.without_pim {
        // JulianHayward/Azure-MG-Sub-Governance-Reporting, issue 114.
        return Answer::error(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        );
    }
    let Some(principal) = principal(context) else {
        return Answer::unknown(&format!("GET {}", context.call.raw));
    };
    let rows = given(directory, WorldRoleState::Eligible)
        .filter(|(_, given)| given.principal == principal)
        .map(|(number, given)| {
            json!({
                "id": format!("eligibility-{number}"),
                "principalId": given.principal,
                "roleDefinitionId": given.role,
                "directoryScopeId": given.scope.as_deref().unwrap_or("/"),
                "appScopeId": null,
                "startDateTime": "2025-03-11T09:14:07.287Z",
                "endDateTime": null,
                "memberType": "Direct",
                "roleEligibilityScheduleId": Uuid::from_u128(number as u128 + 1),
            })
        })
        .collect();
    let context_name = "roleManagement/directory/roleEligibilityScheduleInstances";
    pages::answer(context, directory, context_name, rows, Map::new())
}

fn given(
    directory: &Directory,
    state: WorldRoleState,
) -> impl Iterator<Item = (usize, &WorldRoleAssignment)> {
    let all = directory.access.role_assignments.iter().enumerate();
    all.filter(move |(_, given)| given.state == state)
}

/// The principal of `principalId eq '{id}'`.
fn principal(context: &Context<'_>) -> Option<Uuid> {
    let filter = context.call.query("$filter")?;
    let id = filter
        .strip_prefix("principalId eq '")?
        .strip_suffix('\'')?;
    Uuid::try_parse(id).ok()
}

/// The refusal of Privileged Identity Management, in its own form (microsoftgraph/microsoft-graph-docs-contrib, issue
/// 17).
fn pim_refusal() -> Answer {
    let message = json!({
        "errorCode": "PermissionScopeNotGranted",
        "message": "Authorization failed due to missing permission scope RoleEligibilitySchedule.Read.Directory,RoleEligibilitySchedule.ReadWrite.Directory,RoleManagement.Read.Directory,RoleManagement.ReadWrite.Directory.",
        "instanceAnnotations": [],
    });
    let mut answer = Answer::forbidden();
    answer.body = Body::Error {
        code: "UnknownError".to_owned(),
        message: message.to_string(),
    };
    answer
}
