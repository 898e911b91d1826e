//! Parameters: each that is declared is used, and each that is used is declared.

use serde_json::Value;

use super::Findings;
use super::text::References;

const TYPES: [&str; 8] = [
    "Array",
    "Bool",
    "Float",
    "Int",
    "Object",
    "SecureObject",
    "SecureString",
    "String",
];

pub(super) fn check(definition: &Value, references: &References, findings: &mut Findings) {
    let declared = definition.get("parameters").and_then(Value::as_object);
    for (name, parameter) in declared.into_iter().flatten() {
        let path = format!("parameters.{name}");
        if !references.parameters.iter().any(|used| used.name == *name) {
            findings.add(&path, "is declared but never used");
        }
        let kind = parameter["type"].as_str().unwrap_or_default();
        if !TYPES.contains(&kind) {
            findings.add(format!("{path}.type"), format!("`{kind}` is not a type"));
        }
    }
    for used in &references.parameters {
        if declared.is_none_or(|declared| !declared.contains_key(&used.name)) {
            findings.add(
                &used.path,
                format!("uses the parameter `{}`, which is not declared", used.name),
            );
        }
    }
}
