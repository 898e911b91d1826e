//! Every string of a definition: whether its expressions can be read, and what they name.

use serde_json::Value;

use super::expression::{Expression, template};
use super::{Findings, functions};

/// A name that an expression refers to, and where the expression stands.
#[derive(Debug)]
pub(super) struct Reference {
    /// The JSON path of the string.
    pub(super) path: String,
    /// The name in the function's first argument.
    pub(super) name: String,
}

/// What the expressions of a definition refer to.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Actions: `body('…')`, `outputs('…')`, `actions('…')`.
    pub(super) actions: Vec<Reference>,
    /// Parameters: `parameters('…')`.
    pub(super) parameters: Vec<Reference>,
}

/// Reads all strings. What cannot be read is a finding.
pub(super) fn read(definition: &Value, findings: &mut Findings) -> References {
    let mut references = References::default();
    for name in ["triggers", "actions", "outputs"] {
        if let Some(part) = definition.get(name) {
            walk(part, name, &mut |path, text| match template(text) {
                Err(problem) => findings.add(path, format!("{problem}, in `{text}`")),
                Ok(template) => {
                    for expression in template.expressions() {
                        expression.visit(&mut |part| {
                            note(part, path, &mut references, findings);
                        });
                    }
                }
            });
        }
    }
    references
}

/// Shows `visitor` every string below `value` with its path. Descriptions are for people and hold no expressions.
pub(super) fn walk(value: &Value, path: &str, visitor: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => visitor(path, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{index}]"), visitor);
            }
        }
        Value::Object(object) => {
            for (name, item) in object {
                if name != "description" || !item.is_string() {
                    walk(item, &format!("{path}.{name}"), visitor);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(part: &Expression, path: &str, references: &mut References, findings: &mut Findings) {
    let Expression::Call { name, arguments } = part else {
        return;
    };
    if let Err(problem) = functions::arity(name, arguments.len()) {
        findings.add(path, problem);
        return;
    }
    let list = match name.as_str() {
        "body" | "outputs" | "actions" => &mut references.actions,
        "parameters" => &mut references.parameters,
        _ => return,
    };
    match arguments.first() {
        Some(Expression::Literal(Value::String(first))) => list.push(Reference {
            path: path.to_owned(),
            name: first.clone(),
        }),
        _ => findings.add(path, format!("`{name}` needs a name in quotes")),
    }
}
