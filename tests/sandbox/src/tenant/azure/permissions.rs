//! What the caller may do with a workspace ("Permissions - List For Resource").

use serde_json::Value;

use super::{Context, error, is_at_or_below, role, roles, wrong_version};
use crate::tenant::answer::Answer;
use crate::tenant::incidents::Incidents;

const VERSION: &str = "2022-04-01";
const READ: &str = "Microsoft.Authorization/permissions/read";

/// Answers for a workspace; `None` if the call is about something else. The segments are all of the path's.
pub(super) fn answer(
    context: &Context<'_>,
    segments: &[&str],
    incidents: &Incidents,
) -> Option<Answer> {
    let (workspace, rest) = segments.split_at_checked(8)?;
    let is_ours = context.call.method == "GET"
        && matches!(rest, ["providers", provider, asked]
            if provider.eq_ignore_ascii_case("Microsoft.Authorization")
                && asked.eq_ignore_ascii_case("permissions"));
    if !is_ours {
        return None;
    }
    if let Some(refused) = wrong_version(context.call, VERSION) {
        return Some(refused);
    }
    let workspace = format!("/{}", workspace.join("/"));
    if !context.may(READ, &workspace) {
        return Some(context.forbidden(READ, &workspace));
    }
    if !incidents.have(&workspace) {
        let message = format!("The Resource '{workspace}' was not found.");
        return Some(error(404, "ResourceNotFound", &message));
    }
    let azure = &context.directory.access.azure;
    let held = context.assignments().iter().filter(|given| {
        context.callers.contains(&given.principal)
            && is_at_or_below(&workspace, given.scope.trim_end_matches('/'))
    });
    let all: Vec<Value> = held
        .filter_map(|given| role(azure, given.role))
        .flat_map(|role| match roles::permissions(&role) {
            Value::Array(permissions) => permissions,
            _ => Vec::new(),
        })
        .collect();
    Some(super::page(context, &all, 100))
}
