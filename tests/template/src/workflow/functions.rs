//! The functions of the expression language that are known here, each with its value for given arguments.
//!
//! Source: "Reference guide to workflow expression functions in Azure Logic Apps". What depends on a run (bodies, outputs,
//! parameters) is in `evaluate`.

use serde_json::Value;

/// The functions, each with its least and its greatest number of arguments.
const FUNCTIONS: [(&str, usize, usize); 18] = [
    ("actions", 1, 1),
    ("add", 2, 2),
    ("and", 1, usize::MAX),
    ("body", 1, 1),
    ("coalesce", 1, usize::MAX),
    ("concat", 1, usize::MAX),
    ("empty", 1, 1),
    ("encodeURIComponent", 1, 1),
    ("equals", 2, 2),
    ("greater", 2, 2),
    ("if", 3, 3),
    ("listCallbackUrl", 0, 0),
    ("not", 1, 1),
    ("or", 1, usize::MAX),
    ("outputs", 1, 1),
    ("parameters", 1, 1),
    ("string", 1, 1),
    ("triggerBody", 0, 0),
];

/// Whether a function is known and takes so many arguments.
pub(super) fn arity(name: &str, count: usize) -> Result<(), String> {
    match FUNCTIONS.iter().find(|(known, ..)| *known == name) {
        None => Err(format!("`{name}` is not a function that is known here")),
        Some((_, least, most)) if count < *least || count > *most => {
            Err(format!("`{name}` does not take {count} arguments"))
        }
        Some(_) => Ok(()),
    }
}

/// The value of a function that depends on its arguments alone. All of them have been evaluated already, also both
/// branches of an `if`, because the service does so too.
pub(super) fn apply(name: &str, arguments: &[Value]) -> Result<Value, String> {
    arity(name, arguments.len())?;
    match (name, arguments) {
        ("add", [left, right]) => Ok((number(left)? + number(right)?).into()),
        ("greater", [left, right]) => Ok((number(left)? > number(right)?).into()),
        ("equals", [left, right]) => Ok((left == right).into()),
        ("not", [value]) => Ok((!truth(value)?).into()),
        ("and", values) => all(values, true),
        ("or", values) => all(values, false),
        ("if", [condition, yes, no]) => Ok(if truth(condition)? { yes } else { no }.clone()),
        ("coalesce", values) => Ok(values
            .iter()
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or(Value::Null)),
        ("concat", values) => Ok(values.iter().map(text).collect::<String>().into()),
        ("string", [value]) => Ok(text(value).into()),
        ("empty", [value]) => match value {
            Value::Null => Ok(true.into()),
            Value::String(text) => Ok(text.is_empty().into()),
            Value::Array(items) => Ok(items.is_empty().into()),
            Value::Object(object) => Ok(object.is_empty().into()),
            Value::Bool(_) | Value::Number(_) => Err(format!("`empty` does not take {value}")),
        },
        ("encodeURIComponent", [Value::String(text)])
            if text.chars().all(|letter| letter.is_ascii_alphanumeric()) =>
        {
            Ok(text.clone().into())
        }
        _ => Err(format!("`{name}` does not take these arguments")),
    }
}

/// `wanted` for `and`: all must be true; not `wanted` for `or`: one must be.
fn all(values: &[Value], wanted: bool) -> Result<Value, String> {
    let truths: Vec<bool> = values.iter().map(truth).collect::<Result<_, _>>()?;
    Ok(if wanted {
        truths.iter().all(|truth| *truth)
    } else {
        truths.contains(&true)
    }
    .into())
}

fn truth(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("{value} is neither true nor false"))
}

fn number(value: &Value) -> Result<i64, String> {
    value
        .as_i64()
        .ok_or_else(|| format!("{value} is not a whole number"))
}

/// A value as it stands in a text: null is nothing, an object or an array is its JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
