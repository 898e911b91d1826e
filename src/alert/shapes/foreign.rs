//! Documents that are often sent but are not readable alerts. The refusal says what was recognised and how to send it
//! instead, and repeats nothing of the payload.
//!
//! Sources: "Get data from Azure Monitor Log Analytics API" and "security: runHuntingQuery" (answers of queries);
//! "Elastic Common Schema"; Splunk's "Use a webhook alert action"; "Office 365 Management Activity API schema"; "alert
//! resource type" (the retired one, with `vendorInformation`); "Azure Monitor log alert webhook" (before the common
//! schema).

use crate::alert::accounts::odata_type;
use crate::alert::json;
use crate::alert::json::Object;

use super::{decoded, has_any, says};

/// What to do instead, for documents that name people in a form of their own.
const BY_HAND: &str =
    "To have somebody of it cut, send a manual message, such as {\"user\": \"alice@contoso.com\"}";

/// What was recognised and how to send it instead, for an object of no shape.
pub(crate) fn sentence(object: &Object) -> String {
    let all = |names: &[&str]| names.iter().all(|name| object.has(name));
    let seen = if all(&["tables"]) || all(&["columns", "rows"]) {
        "the answer of a Log Analytics query stands there. Let an analytics rule map its columns to entities, or send each user \
         in a manual message"
            .to_owned()
    } else if all(&["schema", "results"]) {
        "the answer of an advanced hunting query stands there. Make it a custom detection, whose alert names the users, or send \
         each user in a manual message"
            .to_owned()
    } else if object.has("@timestamp") && has_any(object, &["ecs", "event", "agent", "kibana"]) {
        format!("a document of Elastic stands there. {BY_HAND}")
    } else if all(&["sid", "search_name"]) || all(&["result", "results_link"]) {
        format!("a webhook of Splunk stands there. {BY_HAND}")
    } else if object.has("RecordType") && has_any(object, &["Workload", "OrganizationId"]) {
        "a record of the Office 365 Management Activity API stands there. Send the alert of Defender XDR for it, which names the \
         user as evidence, or a manual message"
            .to_owned()
    } else if object.has("vendorInformation") {
        "an alert of Graph's retired version stands there. Ask /security/alerts_v2 for it and send that".to_owned()
    } else if says(object, "schemaId", "Microsoft.Insights/LogAlert") || object.has("schemaId") {
        "an Azure Monitor alert in a schema of its own stands there. Switch the action to the common alert schema".to_owned()
    } else if object.has("eventType") && object.has("eventTime") {
        format!("an event of another system stands there, none of Event Grid. {BY_HAND}")
    } else if odata_type(object).as_deref() == Some("user") {
        format!("a user of the directory stands there, whom nothing flags. {BY_HAND}")
    } else if has_any(
        object,
        &["UserPrincipalName", "UserId", "AccountUpn", "AadUserId"],
    ) {
        format!(
            "a row or an object that names a user stands there, and nothing in it says that the user is flagged. {BY_HAND}"
        )
    } else if has_any(object, &["user", "users"]) {
        format!(
            "a document of another system that has a user stands there; it is no person's order. {BY_HAND}"
        )
    } else {
        "an object of another kind stands there".to_owned()
    };
    format!("an alert, an incident, an entity or a manual message was expected; {seen}")
}

/// What was recognised and how to send it instead, for text that is neither JSON nor a name.
pub(crate) fn text(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    // A gzip begins with 1f 8b. The second byte is not text, so the queue's extension puts a replacement character
    // there.
    let seen = if text.starts_with("\u{1f}\u{fffd}") {
        "a compressed body stands there. Send it as it is, without Content-Encoding".to_owned()
    } else if text.starts_with("CEF:")
        || text.contains(" CEF:")
        || text.starts_with("LEEF:")
        || is_syslog(text)
    {
        "a line of syslog stands there. Send the alert itself, as its API or its export gives it"
            .to_owned()
    } else if text.starts_with('<') {
        "XML or HTML stands there. Send JSON".to_owned()
    } else if is_base64(text) {
        "base64 stands there. Send what it holds as it is, or in an object under ContentData"
            .to_owned()
    } else if [first, rest.trim()].iter().all(|line| is_one(line))
        || text
            .split([',', ';', ' ', '\n'])
            .filter(|part| !part.trim().is_empty())
            .all(is_one)
    {
        "several names stand there. Send them in a list: {\"users\": [\"alice@contoso.com\", \"bob@contoso.com\"]}".to_owned()
    } else {
        "other text stands there".to_owned()
    };
    format!("JSON, one user principal name or one object id was expected; {seen}")
}

fn is_one(text: &str) -> bool {
    let text = text.trim();
    text.parse::<crate::domain::UserPrincipalName>().is_ok()
        || text.parse::<crate::domain::UserId>().is_ok()
}

/// A priority in angle brackets begins a line of syslog (RFC 5424).
fn is_syslog(text: &str) -> bool {
    let priority = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    priority
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text is the base64 of a possible payload.
fn is_base64(text: &str) -> bool {
    text.len() >= 16
        && decoded(text).is_some_and(|inner| {
            let inner = json::bare(&inner).to_owned();
            inner.starts_with(['{', '[', '"']) || is_one(&inner)
        })
}
