//! The order of actions: what each runs after, and whether what it refers to has run by then.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Findings;
use super::evaluate::Status;
use super::text::{Reference, References};

/// Actions that do nothing but compute, so that somebody has to read the result.
const COMPUTING: [&str; 6] = ["Compose", "Join", "ParseJson", "Query", "Select", "Table"];

/// An action with the scope that it stands in.
struct Action<'a> {
    name: &'a str,
    path: String,
    definition: &'a Value,
    /// The actions beside it, itself included.
    scope: &'a Map<String, Value>,
    /// The action that it is nested in, as an index into the list.
    within: Option<usize>,
}

impl<'a> Action<'a> {
    fn after(&self) -> Option<&'a Map<String, Value>> {
        self.definition.get("runAfter").and_then(Value::as_object)
    }
}

pub(super) fn check(definition: &Value, references: &References, findings: &mut Findings) {
    let mut actions = Vec::new();
    if let Some(scope) = definition.get("actions").and_then(Value::as_object) {
        collect(scope, "actions", None, &mut actions, findings);
    }
    if actions.is_empty() {
        findings.add("actions", "there is none");
    }
    let mut names = BTreeSet::new();
    for action in &actions {
        if !names.insert(action.name) {
            findings.add(&action.path, "has the name of another action");
        }
        if action.name.contains(' ') {
            findings.add(&action.path, "has a space in its name: write underscores");
        }
        run_after(action, findings);
        let kind = action.definition["type"].as_str().unwrap_or_default();
        let is_read = references
            .actions
            .iter()
            .any(|reference| reference.name == action.name);
        if COMPUTING.contains(&kind) && !is_read {
            findings.add(&action.path, "computes what nobody reads");
        }
    }
    for reference in &references.actions {
        if let Err(problem) = resolve(reference, &actions) {
            findings.add(&reference.path, problem);
        }
    }
}

/// Lists the actions of a scope and of all scopes within, and reports a scope with several beginnings: in these
/// playbooks nothing runs side by side, so that the second one is a `runAfter` that was forgotten.
fn collect<'a>(
    scope: &'a Map<String, Value>,
    path: &str,
    within: Option<usize>,
    actions: &mut Vec<Action<'a>>,
    findings: &mut Findings,
) {
    let mut beginning: Option<&str> = None;
    for (name, definition) in scope {
        let path = format!("{path}.{name}");
        let action = Action {
            name,
            path: path.clone(),
            definition,
            scope,
            within,
        };
        if action.after().is_none_or(Map::is_empty) {
            match beginning {
                None => beginning = Some(name),
                Some(first) => findings.add(
                    format!("{path}.runAfter"),
                    format!("is empty, so that it begins beside `{first}`"),
                ),
            }
        }
        actions.push(action);
        let index = actions.len() - 1;
        let mut nested = vec![
            (format!("{path}.actions"), definition.get("actions")),
            (
                format!("{path}.else.actions"),
                definition.pointer("/else/actions"),
            ),
            (
                format!("{path}.default.actions"),
                definition.pointer("/default/actions"),
            ),
        ];
        let cases = definition.get("cases").and_then(Value::as_object);
        nested.extend(cases.into_iter().flatten().map(|(case, definition)| {
            (
                format!("{path}.cases.{case}.actions"),
                definition.get("actions"),
            )
        }));
        for (path, scope) in nested {
            if let Some(scope) = scope.and_then(Value::as_object) {
                collect(scope, &path, Some(index), actions, findings);
            }
        }
    }
}

fn run_after(action: &Action<'_>, findings: &mut Findings) {
    for (target, statuses) in action.after().into_iter().flatten() {
        let path = format!("{}.runAfter.{target}", action.path);
        if !action.scope.contains_key(target) {
            findings.add(&path, format!("there is no action `{target}` beside it"));
        }
        let statuses = statuses.as_array().map(Vec::as_slice).unwrap_or_default();
        if statuses.is_empty() {
            findings.add(&path, "names no status, so that it never runs");
        }
        for (index, status) in statuses.iter().enumerate() {
            let is_known = Status::ALL
                .iter()
                .any(|known| Some(known.as_str()) == status.as_str());
            if !is_known {
                findings.add(format!("{path}[{index}]"), format!("{status} is no status"));
            }
        }
    }
    if before(action.name, action.scope).contains(action.name) {
        findings.add(
            format!("{}.runAfter", action.path),
            "leads in a circle back to the action itself",
        );
    }
}

/// The names of the actions of a scope that have ended when the action `name` of it begins.
fn before<'a>(name: &str, scope: &'a Map<String, Value>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let after = scope
            .get(name)
            .and_then(|action| action.get("runAfter"))
            .and_then(Value::as_object);
        for target in after.into_iter().flat_map(Map::keys) {
            if found.insert(target.as_str()) {
                open.push(target);
            }
        }
    }
    found
}

/// Whether what a reference names exists and has ended before the action that it stands in.
fn resolve(reference: &Reference, actions: &[Action<'_>]) -> Result<(), String> {
    let name = &reference.name;
    let Some(target) = actions.iter().position(|action| action.name == name) else {
        return Err(format!("refers to the action `{name}`, which is not there"));
    };
    if reference.path.starts_with("outputs") {
        return Ok(());
    }
    let user = actions
        .iter()
        .enumerate()
        .filter(|(_, action)| reference.path.starts_with(&format!("{}.", action.path)))
        .max_by_key(|(_, action)| action.path.len());
    let mut outer = user.map(|(index, _)| index);
    while let Some(index) = outer {
        let earlier = before(actions[index].name, actions[index].scope);
        let mut inner = Some(target);
        while let Some(candidate) = inner {
            let is_beside = std::ptr::eq(actions[candidate].scope, actions[index].scope);
            if is_beside && earlier.contains(actions[candidate].name) {
                return Ok(());
            }
            inner = actions[candidate].within;
        }
        outer = actions[index].within;
    }
    Err(format!(
        "refers to the action `{name}`, which has not ended by then"
    ))
}
