//! Azure Resource Graph: `POST /providers/Microsoft.ResourceGraph/resources` on the table `authorizationresources`.
//! Groups are not looked through. Sources: "Resources - Resources" (2022-10-01), "Paging results", and rows as "Azure
//! Resource Graph sample queries for Azure role-based access control" shows them.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::query::Query;
use super::roles;
use super::{Context, error, is_at_or_below, wrong_version};
use crate::tenant::answer::Answer;
use crate::tenant::world_access::WorldFunctionApp;

/// "Working with large Azure resource data sets": the most rows per page.
const MOST_ROWS: usize = 1000;

#[derive(Deserialize)]
struct Request {
    query: String,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Options {
    #[serde(rename = "$top")]
    top: Option<usize>,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
    result_format: Option<String>,
    authorization_scope_filter: Option<String>,
}

pub(super) fn answer(context: &Context<'_>) -> Answer {
    if let Some(answer) = wrong_version(context.call, "2022-10-01") {
        return answer;
    }
    let Ok(request) = serde_json::from_slice::<Request>(&context.call.body) else {
        return error(
            400,
            "BadRequest",
            "Please provide below info when asking for support.",
        );
    };
    let query = Query::read(&request.query)
        .filter(|it| ["authorizationresources", "resources"].contains(&it.table.as_str()));
    let (Some(query), Some("objectArray")) = (query, request.options.result_format.as_deref())
    else {
        return Answer::unknown(&format!("the query {:?}", request.query));
    };
    let above =
        request.options.authorization_scope_filter.as_deref() == Some("AtScopeAboveAndBelow");
    let all: Vec<Value> = if query.table == "resources" {
        let apps = &context.directory.access.azure.function_apps;
        apps.iter()
            .filter(|app| context.may_read_roles(app.subscription))
            .filter_map(|app| query.row(&app_row(app)))
            .collect()
    } else {
        let mut rows = assignments(context, above);
        rows.extend(definitions(context));
        rows.iter().filter_map(|row| query.row(row)).collect()
    };
    let size = context
        .page_size(MOST_ROWS)
        .min(request.options.top.unwrap_or(100));
    let skip: usize = request
        .options
        .skip_token
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let data: Vec<&Value> = all.iter().skip(skip).take(size).collect();
    let is_more = skip + data.len() < all.len();
    let mut body = json!({
        "totalRecords": all.len(),
        "count": data.len(),
        "data": data,
        "facets": [],
        "resultTruncated": if is_more && !query.has_plain_column() { "true" } else { "false" },
    });
    if is_more && query.has_plain_column() {
        body["$skipToken"] = json!((skip + size).to_string());
    }
    Answer::json(200, body)
}

/// The name of an assignment, which is a GUID.
pub(super) fn name_of(number: usize) -> Uuid {
    Uuid::from_u128(0xa551_6e00_0000_4000_8000_0000_0000_0000 + number as u128)
}

/// The assignments in the subscriptions whose roles the caller may read; those above them only on request.
fn assignments<'a>(context: &Context<'_>, above: bool) -> Vec<HashMap<&'a str, Value>> {
    let readable: Vec<Vec<String>> = context
        .directory
        .access
        .azure
        .subscriptions
        .iter()
        .filter(|subscription| context.may_read_roles(subscription.id))
        .map(|subscription| context.at_and_above(subscription.id))
        .collect();
    let is_shown = |scope: &str| {
        readable.iter().any(|scopes| {
            is_at_or_below(scope, &scopes[0])
                || (above && scopes.iter().any(|other| other.eq_ignore_ascii_case(scope)))
        })
    };
    let given = context.assignments().iter().enumerate();
    given
        .filter(|(_, given)| is_shown(&given.scope))
        .map(|(number, given)| {
            let name = name_of(number);
            let scope = given.scope.trim_end_matches('/');
            HashMap::from([
                (
                    "id",
                    json!(format!(
                        "{scope}/providers/Microsoft.Authorization/RoleAssignments/{name}"
                    )),
                ),
                ("name", json!(name)),
                ("type", json!("microsoft.authorization/roleassignments")),
                ("properties.principalId", json!(given.principal)),
                (
                    "properties.roleDefinitionId",
                    json!(format!(
                        "/providers/Microsoft.Authorization/RoleDefinitions/{}",
                        given.role
                    )),
                ),
                ("properties.scope", json!(given.scope)),
                ("properties.condition", json!(given.condition)),
            ])
        })
        .collect()
}

/// A row of the table `resources`. A caller that may read roles in a subscription may read its resources: both are
/// `*/read`.
fn app_row(app: &WorldFunctionApp) -> HashMap<&'static str, Value> {
    let mut row = HashMap::from([
        (
            "id",
            json!(format!(
                "/subscriptions/{}/resourceGroups/evict/providers/Microsoft.Web/sites/{}",
                app.subscription, app.name
            )),
        ),
        ("name", json!(app.name)),
        ("type", json!("microsoft.web/sites")),
        ("properties.defaultHostName", json!(app.host)),
    ]);
    for (column, tag) in [
        ("tags.application", "application"),
        ("tags.evictNamespace", "evictNamespace"),
        ("tags.evictAudience", "evictAudience"),
    ] {
        row.insert(column, json!(app.tags.get(tag)));
    }
    row
}

fn definitions<'a>(context: &Context<'_>) -> Vec<HashMap<&'a str, Value>> {
    roles::all(&context.directory.access.azure)
        .iter()
        .map(|role| {
            HashMap::from([
                (
                    "id",
                    json!(format!(
                        "/providers/Microsoft.Authorization/RoleDefinitions/{}",
                        role.id
                    )),
                ),
                ("name", json!(role.id)),
                ("type", json!("microsoft.authorization/roledefinitions")),
                ("properties.roleName", json!(role.role_name)),
                ("properties.permissions", roles::permissions(role)),
            ])
        })
        .collect()
}
