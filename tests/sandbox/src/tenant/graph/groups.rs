//! The call on groups: read one, to check that it exists.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::properties::no_such_property;
use super::{Context, unknown_options};
use crate::tenant::answer::Answer;
use crate::tenant::call::ObjectPath;
use crate::tenant::directory::Directory;

/// The properties of a group that the sandbox knows.
const PROPERTIES: [&str; 5] = [
    "id",
    "displayName",
    "securityEnabled",
    "mailEnabled",
    "visibility",
];

/// `GET /groups/{id}`.
pub(super) fn get(context: &Context<'_>, directory: &Directory, path: &ObjectPath<'_>) -> Answer {
    if let Some(answer) = unknown_options(context.call, &["$select"]) {
        return answer;
    }
    let select = context.call.query("$select");
    let names: Vec<&str> = match &select {
        Some(select) => select.split(',').map(str::trim).collect(),
        None => PROPERTIES.to_vec(),
    };
    if let Some(unknown) = names.iter().find(|name| !PROPERTIES.contains(name)) {
        return no_such_property(unknown, "group");
    }
    if !context.permitted.read_groups() {
        return Answer::forbidden();
    }
    let Ok(id) = Uuid::try_parse(&path.key) else {
        let message = format!("Invalid object identifier '{}'.", path.key);
        return Answer::error(400, "Request_BadRequest", &message);
    };
    let Some(group) = directory.group(id) else {
        return Answer::not_found(&path.key);
    };
    let fields: Map<String, Value> = names
        .iter()
        .map(|name| {
            let value = match *name {
                "id" => json!(group.id),
                "displayName" => json!(group.display_name),
                "securityEnabled" => json!(true),
                "mailEnabled" => json!(false),
                "visibility" => json!(group.visibility),
                _ => Value::Null,
            };
            ((*name).to_owned(), value)
        })
        .collect();
    let selected = select.map_or_else(String::new, |select| format!("({select})"));
    Answer::data(&format!("groups{selected}/$entity"), fields)
}
