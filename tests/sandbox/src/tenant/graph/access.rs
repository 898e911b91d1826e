//! What a user holds besides roles: groups with their kind, owned applications, roles in applications.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::pages::{self, eventual, not_advanced};
use super::{Context, unknown_options};
use crate::tenant::answer::Answer;
use crate::tenant::call::ObjectPath;
use crate::tenant::directory::Directory;
use crate::tenant::world_access::WorldApplication;

/// `GET /users/{key}/transitiveMemberOf/microsoft.graph.group`. The cast needs an advanced query ("List a user's
/// memberships"). A caller that may not read groups gets their ids alone ("Limited information returned for
/// inaccessible member objects").
pub(super) fn groups(
    context: &Context<'_>,
    directory: &Directory,
    path: &ObjectPath<'_>,
) -> Answer {
    let known = ["$select", "$count", "$top", "$skiptoken"];
    if let Some(answer) = unknown_options(context.call, &known) {
        return answer;
    }
    if !eventual(context.call) {
        return not_advanced();
    }
    let shown = context.permitted.read_groups();
    if !shown && !context.permitted.read_users() {
        return Answer::forbidden();
    }
    let Some(user) = directory.find(&path.key) else {
        return Answer::not_found(&path.key);
    };
    let held = directory.groups_of(user.entry.id);
    let in_world = directory
        .groups
        .iter()
        .filter(|group| held.contains(&group.id));
    let rows = in_world
        .map(|group| {
            json!({
                "id": group.id,
                "displayName": group.display_name.as_ref().filter(|_| shown),
                // Null for ordinary groups ("group resource type").
                "isAssignableToRole": (shown && group.is_assignable_to_role).then_some(true),
            })
        })
        .collect();
    let name = "groups(id,displayName,isAssignableToRole)";
    pages::answer(context, directory, name, rows, Map::new())
}

/// `GET /users/{key}/ownedObjects/microsoft.graph.application`, or `…servicePrincipal` ("List ownedObjects").
pub(super) fn owned(
    context: &Context<'_>,
    directory: &Directory,
    path: &ObjectPath<'_>,
    kind: &str,
) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$select", "$count", "$skiptoken"]) {
        return answer;
    }
    if !eventual(context.call) {
        return not_advanced();
    }
    if !context.permitted.read_users() {
        return Answer::forbidden();
    }
    let Some(user) = directory.find(&path.key).map(|user| user.entry.id) else {
        return Answer::not_found(&path.key);
    };
    let registration = kind == "microsoft.graph.application";
    let part = |application: &WorldApplication| {
        let (id, owners) = if registration {
            (application.id, &application.owners)
        } else {
            (
                application.service_principal_id,
                &application.service_principal_owners,
            )
        };
        owners.contains(&user).then(|| {
            json!({
                "id": id,
                "appId": application.app_id,
                "displayName": application.display_name,
            })
        })
    };
    let rows = directory.access.applications.iter().filter_map(part);
    let name = if registration {
        "applications(id,appId,displayName)"
    } else {
        "servicePrincipals(id,appId,displayName)"
    };
    pages::answer(context, directory, name, rows.collect(), Map::new())
}

/// `GET /users/{key}/appRoleAssignments`: the user's, and those of groups that directly contain the user ("List
/// appRoleAssignments granted to a user").
pub(super) fn app_roles(
    context: &Context<'_>,
    directory: &Directory,
    path: &ObjectPath<'_>,
) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$skiptoken"]) {
        return answer;
    }
    if !context.permitted.read_app_roles() {
        return Answer::forbidden();
    }
    let Some(user) = directory.find(&path.key) else {
        return Answer::not_found(&path.key);
    };
    let id = user.entry.id;
    let mut rows = Vec::new();
    for application in &directory.access.applications {
        for given in &application.assigned {
            let group = directory
                .group(given.principal)
                .filter(|group| group.members.contains(&id));
            if given.principal != id && group.is_none() {
                continue;
            }
            let name = group.map_or(&user.entry.display_name, |group| &group.display_name);
            rows.push(json!({
                "id": format!("{}-{}", application.service_principal_id, rows.len()),
                "deletedDateTime": null,
                "appRoleId": given.role.unwrap_or_else(Uuid::nil),
                "createdDateTime": "2025-03-11T09:14:07.9480566Z",
                "principalDisplayName": name,
                "principalId": given.principal,
                "principalType": if group.is_some() { "Group" } else { "User" },
                "resourceDisplayName": application.display_name,
                "resourceId": application.service_principal_id,
            }));
        }
    }
    pages::answer(context, directory, "appRoleAssignments", rows, Map::new())
}

/// `GET /servicePrincipals/{id}?$select=appRoles` ("Get servicePrincipal").
pub(super) fn service_principal(
    context: &Context<'_>,
    directory: &Directory,
    path: &ObjectPath<'_>,
) -> Answer {
    let select = context.call.query("$select");
    if select.as_deref() != Some("appRoles") || context.call.query.len() != 1 {
        return Answer::unknown(&format!("GET {}", context.call.raw));
    }
    if !context.permitted.read_applications() {
        return Answer::forbidden();
    }
    let id = Uuid::try_parse(&path.key).ok();
    let applications = &directory.access.applications;
    let Some(application) = applications
        .iter()
        .find(|application| Some(application.service_principal_id) == id)
    else {
        return Answer::not_found(&path.key);
    };
    let roles = application.app_roles.iter().map(|role| {
        json!({
            "allowedMemberTypes": ["User"],
            "description": role.display_name,
            "displayName": role.display_name,
            "id": role.id,
            "isEnabled": true,
            "origin": "Application",
            "value": role.value,
        })
    });
    let mut fields = Map::new();
    fields.insert("appRoles".to_owned(), Value::Array(roles.collect()));
    Answer::data("servicePrincipals(appRoles)/$entity", fields)
}
