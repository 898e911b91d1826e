//! The connector of Microsoft Sentinel: the triggers and the operations that the playbooks use, and how they name the
//! connection.
//!
//! Source: the definitions of published playbooks (Azure/Azure-Sentinel), since the connector's own description is not
//! published as a document.

use serde_json::Value;

use super::Findings;

const CONNECTION: &str = "@parameters('$connections')['azuresentinel']['connectionId']";

/// The paths of the triggers: a whole incident, and one account.
const TRIGGERS: [&str; 2] = [
    "/incident-creation",
    "/entity/@{encodeURIComponent('Account')}",
];

/// Method and path of an operation, and what its body has to hold.
const OPERATIONS: [(&str, &str, &[&str]); 2] = [
    (
        "post",
        "/Incidents/Comment",
        &["/incidentArmId", "/message"],
    ),
    (
        "put",
        "/Incidents",
        &["/incidentArmId", "/tagsToAdd/TagsToAdd/0/Tag"],
    ),
];

pub(super) fn check(definition: &Value, findings: &mut Findings) {
    let triggers = definition["triggers"].as_object();
    if triggers.is_none_or(|triggers| triggers.len() != 1) {
        findings.add("triggers", "there is not exactly one");
    }
    for (name, trigger) in triggers.into_iter().flatten() {
        let path = format!("triggers.{name}");
        let kind = trigger["type"].as_str().unwrap_or_default();
        let inputs = &trigger["inputs"];
        let endpoint = inputs["path"].as_str().unwrap_or_default();
        if kind != "ApiConnectionWebhook" {
            findings.add(format!("{path}.type"), "is not ApiConnectionWebhook");
        }
        if !TRIGGERS.contains(&endpoint) {
            findings.add(
                format!("{path}.inputs.path"),
                format!("`{endpoint}` is not a trigger that is known here"),
            );
        }
        if inputs["body"]["callback_url"].as_str() != Some("@{listCallbackUrl()}") {
            findings.add(
                format!("{path}.inputs.body.callback_url"),
                "is not @{listCallbackUrl()}",
            );
        }
        connection(inputs, &path, findings);
    }
    actions(&definition["actions"], "actions", findings);
}

fn actions(value: &Value, path: &str, findings: &mut Findings) {
    let Value::Object(object) = value else { return };
    if value["type"].as_str() == Some("ApiConnection") && value["inputs"].is_object() {
        operation(&value["inputs"], path, findings);
    }
    for (name, inner) in object {
        if name != "inputs" {
            actions(inner, &format!("{path}.{name}"), findings);
        }
    }
}

fn operation(inputs: &Value, path: &str, findings: &mut Findings) {
    connection(inputs, path, findings);
    let method = inputs["method"].as_str().unwrap_or_default();
    let endpoint = inputs["path"].as_str().unwrap_or_default();
    match OPERATIONS
        .iter()
        .find(|(known, at, _)| *known == method && *at == endpoint)
    {
        None => findings.add(
            format!("{path}.inputs.path"),
            format!("`{method} {endpoint}` is not an operation that is known here"),
        ),
        Some((_, _, required)) => {
            for member in *required {
                if inputs["body"].pointer(member).is_none() {
                    findings.add(
                        format!("{path}.inputs.body{}", member.replace('/', ".")),
                        "is missing",
                    );
                }
            }
        }
    }
}

fn connection(inputs: &Value, path: &str, findings: &mut Findings) {
    if inputs["host"]["connection"]["name"].as_str() != Some(CONNECTION) {
        findings.add(
            format!("{path}.inputs.host.connection.name"),
            format!("is not {CONNECTION}"),
        );
    }
}
