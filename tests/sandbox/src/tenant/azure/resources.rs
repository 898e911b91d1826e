//! Subscriptions, and the roles in one of them ("Subscriptions - List", "List Azure role assignments using the REST
//! API", "Role Definitions - Get").

use serde_json::{Value, json};
use uuid::Uuid;

use super::roles::{self, role};
use super::{Context, error, is_at_or_below, page, wrong_version};
use crate::tenant::answer::Answer;
use crate::tenant::world_access::WorldAzureAssignment;

/// `GET /subscriptions`: those that the caller sees, and an empty list for a caller that sees none.
pub(super) fn subscriptions(context: &Context<'_>) -> Answer {
    if let Some(answer) = wrong_version(context.call, "2022-12-01") {
        return answer;
    }
    let rows: Vec<Value> = context
        .directory
        .access
        .azure
        .subscriptions
        .iter()
        .filter(|subscription| context.sees(subscription.id))
        .map(|subscription| {
            json!({
                "id": format!("/subscriptions/{}", subscription.id),
                "authorizationSource": "RoleBased",
                "managedByTenants": [],
                "subscriptionId": subscription.id,
                "tenantId": context.directory.tenant_id,
                "displayName": subscription.display_name,
                "state": "Enabled",
                "subscriptionPolicies": {
                    "locationPlacementId": "Public_2014-09-01",
                    "quotaId": "EnterpriseAgreement_2014-09-01",
                    "spendingLimit": "Off",
                },
            })
        })
        .collect();
    page(context, &rows, 100)
}

/// `GET /subscriptions/{id}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('{id}')`: those of the
/// user and of the user's groups, at, above and below the subscription.
pub(super) fn role_assignments(context: &Context<'_>, id: &str) -> Answer {
    if let Some(answer) = wrong_version(context.call, "2022-04-01") {
        return answer;
    }
    let filter = context.call.query("$filter").unwrap_or_default();
    let user = filter
        .strip_prefix("assignedTo('")
        .and_then(|text| text.strip_suffix("')"))
        .and_then(|text| Uuid::try_parse(text).ok());
    let (Some(user), Ok(subscription)) = (user, Uuid::try_parse(id)) else {
        return Answer::unknown(&format!("role assignments with the filter {filter:?}"));
    };
    let own = format!("/subscriptions/{subscription}");
    if !context.may_read_roles(subscription) {
        return context.forbidden(
            "Microsoft.Authorization/roleAssignments/read",
            &format!("{own}/providers/Microsoft.Authorization"),
        );
    }
    let above = context.at_and_above(subscription);
    let mut holders = context.directory.groups_of(user);
    holders.insert(user);
    let rows: Vec<Value> = context
        .assignments()
        .iter()
        .enumerate()
        .filter(|(_, given)| {
            holders.contains(&given.principal)
                && (is_at_or_below(&given.scope, &own)
                    || above
                        .iter()
                        .any(|scope| scope.eq_ignore_ascii_case(&given.scope)))
        })
        .map(|(number, given)| assignment(context, number, given, &own))
        .collect();
    page(context, &rows, 200)
}

/// An assignment as it is seen from a subscription, whose path stands before the role's.
fn assignment(
    context: &Context<'_>,
    number: usize,
    given: &WorldAzureAssignment,
    seen_from: &str,
) -> Value {
    let name = super::resource_graph::name_of(number);
    let scope = given.scope.trim_end_matches('/');
    let is_group = context.directory.group(given.principal).is_some();
    json!({
        "properties": {
            "roleDefinitionId": format!("{seen_from}/providers/Microsoft.Authorization/roleDefinitions/{}", given.role),
            "principalId": given.principal,
            "principalType": if is_group { "Group" } else { "User" },
            "scope": given.scope,
            "condition": given.condition,
            "conditionVersion": given.condition.as_ref().map(|_| "2.0"),
            "createdOn": "2025-03-11T09:14:07.0000000Z",
            "updatedOn": "2025-03-11T09:14:07.0000000Z",
            "description": null,
        },
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
    })
}

/// `GET /subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{role}`.
pub(super) fn role_definition(context: &Context<'_>, id: &str, wanted: &str) -> Answer {
    if let Some(answer) = wrong_version(context.call, "2022-04-01") {
        return answer;
    }
    let (Ok(subscription), Ok(wanted)) = (Uuid::try_parse(id), Uuid::try_parse(wanted)) else {
        return Answer::unknown(&format!("GET {}", context.call.raw));
    };
    let own = format!("/subscriptions/{subscription}");
    let path = format!("{own}/providers/Microsoft.Authorization/roleDefinitions/{wanted}");
    if !context.may_read_roles(subscription) {
        return context.forbidden("Microsoft.Authorization/roleDefinitions/read", &path);
    }
    let Some(role) = role(&context.directory.access.azure, wanted) else {
        let message = format!("The specified role definition with ID '{wanted}' does not exist.");
        return error(404, "RoleDefinitionDoesNotExist", &message);
    };
    let kind = if roles::is_built_in(role.id) {
        "BuiltInRole"
    } else {
        "CustomRole"
    };
    Answer::json(
        200,
        json!({
            "properties": {
                "roleName": role.role_name,
                "type": kind,
                "description": "",
                "assignableScopes": ["/"],
                "permissions": roles::permissions(&role),
            },
            "id": path,
            "type": "Microsoft.Authorization/roleDefinitions",
            "name": role.id,
        }),
    )
}
