//! Incidents of Microsoft Sentinel ("Incidents - Get", "Incidents - Create Or Update", "Incidents - List Entities", "Incident Comments
//! - Create Or Update", "Incident Comments - List"). Their tasks are in `incident_tasks`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Context, error, incident_tasks, incident_writing, is_at_or_below, role, roles, wrong_version,
};
use crate::tenant::answer::Answer;
use crate::tenant::incidents::{Incident, IncidentComment, Incidents};

const VERSION: &str = "2025-09-01";

/// The most characters of a comment, in UTF-16 code units ("Service limits for Microsoft Sentinel").
const LONGEST_COMMENT: usize = 30_000;

/// Answers a call below `/subscriptions/{id}/resourceGroups/{name}`; `None` if it is not about incidents. The segments are
/// all of the path's.
pub(super) fn answer(
    context: &Context<'_>,
    segments: &[&str],
    incidents: &mut Incidents,
    now: Timestamp,
) -> Option<Answer> {
    let (workspace, rest) = segments.split_at_checked(8)?;
    let [_, _, groups, _, providers, insights, workspaces, _] = workspace else {
        return None;
    };
    let [also_providers, security, collection, name, rest @ ..] = rest else {
        return None;
    };
    let is_ours = [
        (groups, "resourceGroups"),
        (providers, "providers"),
        (insights, "Microsoft.OperationalInsights"),
        (workspaces, "workspaces"),
        (also_providers, "providers"),
        (security, "Microsoft.SecurityInsights"),
        (collection, "incidents"),
    ]
    .iter()
    .all(|(written, fixed)| written.eq_ignore_ascii_case(fixed));
    if !is_ours {
        return None;
    }
    if let Some(refused) = wrong_version(context.call, VERSION) {
        return Some(refused);
    }
    let workspace = format!("/{}", workspace.join("/"));
    let id = format!("{workspace}/providers/Microsoft.SecurityInsights/Incidents/{name}");
    let allowed = |action: &str| {
        let action = format!("Microsoft.SecurityInsights/incidents/{action}");
        (!context.may(&action, &workspace)).then(|| context.forbidden(&action, &workspace))
    };
    let method = context.call.method.as_str();
    let lower: Vec<String> = rest.iter().map(|part| part.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let action = match (method, lower.as_slice()) {
        ("GET", []) => "read",
        ("POST", ["entities"]) => "entities/action",
        ("GET", ["comments"]) => "comments/read",
        ("PUT", ["comments", _]) => "comments/write",
        ("PUT", []) => "write",
        ("GET", ["tasks"]) => "tasks/read",
        ("PUT", ["tasks", _]) => "tasks/write",
        _ => return None,
    };
    if let Some(refused) = allowed(action) {
        return Some(refused);
    }
    let Some(incident) = incidents.find(&id) else {
        return Some(error(
            404,
            "NotFound",
            &format!("Incident with id '{name}' was not found"),
        ));
    };
    let caller = context.callers.last().copied().unwrap_or_default();
    Some(match (method, lower.as_slice()) {
        ("POST", _) => entities(incident.entities(now)),
        ("PUT", []) => incident_writing::answer(context, incident, name, now),
        ("GET", ["tasks"]) => incident_tasks::list(context, incident),
        ("PUT", ["tasks", task]) => incident_tasks::write(context, incident, task),
        ("PUT", [_, comment]) => write_comment(context, incident, comment, caller, now),
        ("GET", ["comments"]) => {
            let all = incident.comments.iter();
            let all: Vec<Value> = all.map(|comment| shown(incident, comment)).collect();
            super::page(context, &all, 50)
        }
        _ => whole(incident, name),
    })
}

pub(super) fn whole(incident: &Incident, name: &str) -> Answer {
    let entry = &incident.entry;
    let labels: Vec<Value> = entry
        .labels
        .iter()
        .map(|label| json!({"labelName": label, "labelType": "User"}))
        .collect();
    Answer::json(
        200,
        json!({
            "id": entry.id,
            "name": name,
            "etag": etag(incident),
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {
                "title": entry.title,
                "severity": entry.severity,
                "status": entry.status,
                "labels": labels,
                "description": entry.description,
                "classification": entry.classification,
                "owner": entry.owner.clone().unwrap_or_else(nobody),
                "incidentNumber": 3_177,
                "createdTimeUtc": incident.created_at,
                "lastModifiedTimeUtc": incident.modified_at,
                "additionalData": {
                    "alertsCount": 1,
                    "bookmarksCount": 0,
                    "commentsCount": incident.comments.len(),
                    "alertProductNames": ["Azure Sentinel"],
                    "tactics": [],
                },
                "relatedAnalyticRuleIds": [],
                "incidentUrl": format!("https://portal.azure.com/#asset/Microsoft_Azure_Security_Insights/Incident{}", entry.id),
                "providerName": "Azure Sentinel",
                "providerIncidentId": "3177",
            },
        }),
    )
}

/// The owner of an incident that has none.
fn nobody() -> Value {
    json!({"objectId": null, "email": null, "assignedTo": null, "userPrincipalName": null})
}

pub(super) fn etag(incident: &Incident) -> String {
    format!("\"{:08x}-0000-0000-0000-000000000000\"", incident.version)
}

fn entities(entities: &[Value]) -> Answer {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for entity in entities {
        let kind = entity["kind"].as_str().unwrap_or("Unknown").to_owned();
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let meta: Vec<Value> = counts
        .iter()
        .map(|(kind, count)| json!({"entityKind": kind, "count": count}))
        .collect();
    Answer::json(200, json!({"entities": entities, "metaData": meta}))
}

fn write_comment(
    context: &Context<'_>,
    incident: &mut Incident,
    comment: &str,
    caller: uuid::Uuid,
    now: Timestamp,
) -> Answer {
    let refused = |message: &str| error(400, "BadRequest", message);
    let is_json = context
        .call
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    let body: Option<Value> = serde_json::from_slice(&context.call.body).ok();
    let message = body
        .as_ref()
        .and_then(|body| body.get("properties")?.get("message")?.as_str());
    let Some(message) = message.filter(|message| is_json && !message.is_empty()) else {
        return refused("Invalid data model: the message of a comment is required.");
    };
    if message.encode_utf16().count() > LONGEST_COMMENT {
        return refused("Invalid data model: the message is longer than 30000 characters.");
    }
    match incident.write(comment, message, caller, now) {
        None => refused("The incident has as many comments as it can have."),
        Some((written, is_new)) => {
            let status = if is_new { 201 } else { 200 };
            Answer::json(status, shown(incident, &written))
        }
    }
}

fn shown(incident: &Incident, comment: &IncidentComment) -> Value {
    json!({
        "id": format!("{}/Comments/{}", incident.entry.id, comment.id),
        "name": comment.id,
        "etag": etag(incident),
        "type": "Microsoft.SecurityInsights/Incidents/Comments",
        "properties": {
            "message": comment.message,
            "createdTimeUtc": comment.created_at,
            "lastModifiedTimeUtc": comment.modified_at,
            "author": {
                "objectId": comment.author,
                "email": null,
                "name": "evict",
                "userPrincipalName": null,
            },
        },
    })
}

impl Context<'_> {
    /// Whether a role of the caller's, at or above a scope, allows an action.
    pub(super) fn may(&self, action: &str, scope: &str) -> bool {
        let subscription = scope.split('/').nth(2);
        let subscription = subscription.and_then(|text| uuid::Uuid::try_parse(text).ok());
        let above = subscription.map_or_else(Vec::new, |id| self.at_and_above(id));
        self.assignments().iter().any(|given| {
            let holds = is_at_or_below(scope, given.scope.trim_end_matches('/'))
                || above
                    .iter()
                    .any(|scope| scope.eq_ignore_ascii_case(&given.scope));
            let allows = role(&self.directory.access.azure, given.role)
                .is_some_and(|role| roles::allows(&role, action));
            self.callers.contains(&given.principal) && holds && allows
        })
    }
}
