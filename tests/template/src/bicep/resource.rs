//! Checks the declaration of a resource: its type, its version and its body.

use super::declaration::Resource;
use super::shape::{Fault, Known, Shape};
use super::types::{Fields, Type, Types};

/// What Bicep itself reads in a resource's body.
const BICEP_OWN: &[&str] = &["parent", "scope", "dependsOn"];

/// What is wrong with a resource.
pub(super) fn check(resource: &Resource, types: &Types, known: &Known) -> Vec<Fault> {
    let symbol = &resource.symbol;
    let Some(body) = types.body(&resource.kind) else {
        return vec![Fault {
            line: resource.line,
            path: symbol.clone(),
            problem: unknown_type(&resource.kind, types),
        }];
    };
    if resource.existing {
        return match body.file.get(body.kind) {
            Some(Type::Object(fields)) => check_existing(resource, fields),
            Some(Type::Tagged(tagged)) => check_existing(resource, &tagged.base),
            _ => Vec::new(),
        };
    }
    let mut shape = Shape::new(body.file, known);
    shape.resource(body, &resource.body, symbol, BICEP_OWN);
    shape.faults
}

fn unknown_type(kind: &str, types: &Types) -> String {
    let (name, version) = kind.split_once('@').unwrap_or((kind, ""));
    let versions = types.versions(name);
    if versions.is_empty() {
        format!("no type {name} is known; if it is right, add it with `--example trim_types`")
    } else {
        format!(
            "{name} has no version {version}; known are {}",
            versions.join(", ")
        )
    }
}

/// A resource that is only referred to is named, and nothing of it is set.
fn check_existing(resource: &Resource, fields: &Fields) -> Vec<Fault> {
    let says_which =
        |name: &str| name == "name" || fields.named.get(name).is_some_and(|it| it.is_identifier());
    let mut faults = Vec::new();
    let mut named = false;
    for property in resource.body.properties() {
        let name = property.name.as_deref().unwrap_or_default();
        if says_which(name) {
            named = true;
        } else if !BICEP_OWN.contains(&name) {
            faults.push(Fault {
                line: property.line,
                path: format!("{}.{name}", resource.symbol),
                problem: "cannot be set on an existing resource".to_owned(),
            });
        }
    }
    if !named {
        faults.push(Fault {
            line: resource.line,
            path: format!("{}.name", resource.symbol),
            problem: "is required and missing".to_owned(),
        });
    }
    faults
}
