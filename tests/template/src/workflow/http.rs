//! Calls over HTTP: each says how often it is repeated, how long it waits, and signs in as the playbook's identity. No
//! definition holds a key.

use serde_json::Value;

use super::Findings;

/// What gives a key away, in lower case, within a name or a text.
const KEYS: [&str; 8] = [
    "accountkey",
    "bearer ",
    "code=",
    "ocp-apim-subscription-key",
    "sharedaccesskey",
    "sharedaccesssignature",
    "sig=",
    "x-functions-key",
];

/// The longest that a Consumption workflow waits for an answer ("Limits and configuration reference for Azure Logic
/// Apps").
const LONGEST: u64 = 120;

pub(super) fn check(definition: &Value, findings: &mut Findings) {
    actions(&definition["actions"], "actions", findings);
    keys(definition, "", findings);
}

/// Finds the HTTP actions, however deep they are nested.
fn actions(value: &Value, path: &str, findings: &mut Findings) {
    let Value::Object(object) = value else { return };
    if value["type"].as_str() == Some("Http") && value["inputs"].is_object() {
        call(value, path, findings);
    }
    for (name, inner) in object {
        if name != "inputs" {
            actions(inner, &format!("{path}.{name}"), findings);
        }
    }
}

fn call(action: &Value, path: &str, findings: &mut Findings) {
    let inputs = &action["inputs"];
    let retry = &inputs["retryPolicy"];
    let policy = format!("{path}.inputs.retryPolicy");
    match retry["type"].as_str() {
        None => findings.add(policy, "is missing: the default repeats a call four times"),
        Some("none") => {}
        Some("fixed" | "exponential") => {
            if !(1..=90).contains(&retry["count"].as_u64().unwrap_or_default()) {
                findings.add(format!("{policy}.count"), "is not a number from 1 to 90");
            }
            if seconds(&retry["interval"]).is_none() {
                findings.add(format!("{policy}.interval"), "is not a time such as PT15S");
            }
        }
        Some(kind) => findings.add(
            format!("{policy}.type"),
            format!("`{kind}` is not a policy"),
        ),
    }
    let authentication = &inputs["authentication"];
    if authentication["type"].as_str() != Some("ManagedServiceIdentity") {
        findings.add(
            format!("{path}.inputs.authentication"),
            "is not ManagedServiceIdentity",
        );
    } else if authentication["audience"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        findings.add(
            format!("{path}.inputs.authentication.audience"),
            "is missing: the token would be for Azure's management",
        );
    }
    let timeout = seconds(&action["limit"]["timeout"]);
    if timeout.is_none_or(|timeout| timeout == 0 || timeout > LONGEST) {
        findings.add(
            format!("{path}.limit.timeout"),
            format!("is not a time from PT1S to PT{LONGEST}S"),
        );
    }
    let uri = inputs["uri"].as_str().unwrap_or_default();
    if !uri.starts_with("https://") {
        findings.add(format!("{path}.inputs.uri"), "does not begin with https://");
    }
}

/// An ISO 8601 duration in whole minutes or whole seconds.
fn seconds(value: &Value) -> Option<u64> {
    let time = value.as_str()?.strip_prefix("PT")?;
    match (time.strip_suffix('S'), time.strip_suffix('M')) {
        (Some(seconds), _) => seconds.parse().ok(),
        (None, Some(minutes)) => minutes.parse::<u64>().ok()?.checked_mul(60),
        (None, None) => None,
    }
}

fn keys(value: &Value, path: &str, findings: &mut Findings) {
    let mut suspect = |path: &str, text: &str| {
        let text = text.to_lowercase();
        if let Some(key) = KEYS.iter().find(|key| text.contains(*key)) {
            findings.add(path, format!("holds `{}`: no key belongs here", key.trim()));
        }
    };
    match value {
        Value::String(text) => suspect(path, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                keys(item, &format!("{path}[{index}]"), findings);
            }
        }
        Value::Object(object) => {
            for (name, item) in object {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                let text = name.to_lowercase();
                if text == "authorization" || KEYS.iter().any(|key| text.contains(key)) {
                    findings.add(&path, "is named like a key: no key belongs here");
                }
                keys(item, &path, findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
