//! The calls on users: read one, find some, check their groups, revoke their sessions.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::filter::Filter;
use super::permissions::Permitted;
use super::properties::Selection;
use super::reports::not_premium;
use super::{Context, unknown_options};
use crate::tenant::answer::Answer;
use crate::tenant::call::{Call, ObjectPath};
use crate::tenant::directory::Directory;
use crate::tenant::licence::Licence;

/// "directoryObject: checkMemberGroups": the most groups per call.
const MOST_GROUPS: usize = 20;
/// The user's last sign-in: kept in the log, not with the user.
const ACTIVITY: &str = "signInActivity";
/// The default page size ("List users").
const PAGE: usize = 100;

/// `GET /users/{key}`.
pub(super) fn get(
    context: &Context<'_>,
    directory: &mut Directory,
    path: &ObjectPath<'_>,
) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$select"]) {
        return answer;
    }
    let selection = match Selection::of_user(context.call.query("$select").as_deref()) {
        Ok(selection) => selection,
        Err(answer) => return answer,
    };
    if let Some(answer) = may_read(context, selection.is_basic()) {
        return answer;
    }
    // "user resource type": signInActivity needs AuditLog.Read.All and a premium licence.
    if selection.names(ACTIVITY) {
        if !context.permitted.read_logs() {
            return Answer::forbidden();
        }
        if directory.licence == Licence::Free {
            return not_premium();
        }
    }
    let domain = directory.domain.clone();
    let Some(user) = directory.find_mut(&path.key) else {
        return Answer::not_found(&path.key);
    };
    let mut fields = selection.read(user, &domain, context.permitted, context.now);
    let id = user.entry.id;
    if selection.names(ACTIVITY) {
        fields.insert(ACTIVITY.to_owned(), directory.log.activity(id, context.now));
    }
    let name = format!("users{}/$entity", selection.in_context());
    Answer::data(&name, fields)
}

/// `GET /users?$filter=…`.
pub(super) fn list(context: &Context<'_>, directory: &mut Directory) -> Answer {
    match try_list(context, directory) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn try_list(context: &Context<'_>, directory: &mut Directory) -> Result<Answer, Answer> {
    let call = context.call;
    let known = ["$select", "$filter", "$top", "$count", "$skiptoken"];
    if let Some(answer) = unknown_options(call, &known) {
        return Err(answer);
    }
    let eventual = call
        .header("ConsistencyLevel")
        .is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    let counted = call.query("$count").as_deref() == Some("true");
    let selection = Selection::of_user(call.query("$select").as_deref())?;
    let filter = match call.query("$filter") {
        Some(text) => Some(Filter::read(&text, eventual && counted)?),
        None => None,
    };
    let page = match call.query("$top") {
        None => PAGE,
        Some(text) => {
            if let Ok(page @ 1..=999) = text.parse() {
                page
            } else {
                let message = format!(
                    "Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive."
                );
                return Err(Answer::error(400, "Request_UnsupportedQuery", &message));
            }
        }
    };
    let basic = selection.is_basic() && filter.as_ref().is_none_or(Filter::is_basic);
    if let Some(answer) = may_read(context, basic) {
        return Err(answer);
    }
    let domain = directory.domain.clone();
    let mut rows: Vec<Map<String, Value>> = directory
        .users
        .iter_mut()
        .filter(|user| {
            filter
                .as_ref()
                .is_none_or(|filter| filter.fits(user, &domain))
        })
        .map(|user| selection.read(user, &domain, context.permitted, context.now))
        .collect();
    let mut fields = Map::new();
    if eventual && counted {
        fields.insert("@odata.count".to_owned(), json!(rows.len()));
    }
    let skip: usize = call
        .query("$skiptoken")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if rows.len() > skip + page {
        let link = call.next_link("$skiptoken", skip + page);
        fields.insert("@odata.nextLink".to_owned(), json!(link));
    }
    rows = rows.into_iter().skip(skip).take(page).collect();
    fields.insert("value".to_owned(), json!(rows));
    let name = format!("users{}", selection.in_context());
    Ok(Answer::data(&name, fields))
}

/// The body of `checkMemberGroups`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckMemberGroups {
    group_ids: Vec<String>,
}

/// `POST /users/{key}/checkMemberGroups`: which of the groups contain the user, directly or by nesting. A group that
/// does not exist is left out without a notice.
pub(super) fn check_member_groups(
    context: &Context<'_>,
    directory: &Directory,
    path: &ObjectPath<'_>,
) -> Answer {
    if !context.permitted.check_member_groups() {
        return Answer::forbidden();
    }
    let is_json = context
        .call
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        return Answer::error(
            400,
            "BadRequest",
            "Write requests (excluding DELETE) must contain the Content-Type header declaration.",
        );
    }
    let Ok(body) = serde_json::from_slice::<CheckMemberGroups>(&context.call.body) else {
        return Answer::error(
            400,
            "BadRequest",
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        );
    };
    if body.group_ids.is_empty() || body.group_ids.len() > MOST_GROUPS {
        let message = format!(
            "The number of values in 'groupIds' must be between 1 and {MOST_GROUPS}; it is {}.",
            body.group_ids.len()
        );
        return Answer::error(400, "Request_BadRequest", &message);
    }
    let mut asked = Vec::new();
    for text in &body.group_ids {
        if let Ok(id) = Uuid::try_parse(text) {
            asked.push(id);
        } else {
            let message = format!("Invalid GUID:{text}");
            return Answer::error(400, "Request_BadRequest", &message);
        }
    }
    let Some(user) = directory.find(&path.key) else {
        return Answer::not_found(&path.key);
    };
    let groups = directory.groups_of(user.entry.id);
    // A group with members that the caller may not see is left out without a notice too.
    let is_seen = |id: &Uuid| {
        context.permitted.read_hidden_members()
            || directory
                .group(*id)
                .is_some_and(|group| group.visibility.as_deref() != Some("HiddenMembership"))
    };
    let held: Vec<Uuid> = asked
        .into_iter()
        .filter(|id| groups.contains(id) && is_seen(id))
        .collect();
    let mut fields = Map::new();
    fields.insert("value".to_owned(), json!(held));
    Answer::data("Collection(Edm.String)", fields)
}

/// `POST /users/{key}/revokeSignInSessions`. Graph tolerates a body; the published contract has none, so a body is
/// recorded as a surprise.
pub(super) fn revoke(
    context: &Context<'_>,
    directory: &mut Directory,
    path: &ObjectPath<'_>,
) -> Answer {
    if !context.permitted.revoke() {
        return Answer::forbidden();
    }
    if !directory.revoke(&path.key, context.now) {
        return Answer::not_found(&path.key);
    }
    let mut fields = Map::new();
    fields.insert("value".to_owned(), json!(true));
    let mut answer = Answer::data("Edm.Boolean", fields)
        // Not a redirect: Graph really sends it with a 200 (Azure/logicapps issue 1275).
        .with("Location", "https://graph.microsoft.com/");
    answer.surprise = body_of_nothing(context.call);
    answer
}

/// The violation of a call that has a body or query but should have none.
fn body_of_nothing(call: &Call) -> Option<String> {
    if !call.body.is_empty() {
        return Some(format!(
            "a body of {} bytes on a call that has none",
            call.body.len()
        ));
    }
    call.header("content-type")
        .map(|kind| format!("Content-Type {kind:?} on a call that has no body"))
}

/// The refusal for a caller that may not read users, or not as much of them.
fn may_read(context: &Context<'_>, basic: bool) -> Option<Answer> {
    let permitted: Permitted<'_> = context.permitted;
    let refused = !permitted.read_basic()
        || (!basic && !permitted.read_users() && context.refuse_beyond_basic);
    refused.then(Answer::forbidden)
}
