//! "Incidents - Create Or Update" of an incident that exists: omitted properties are deleted, and a write with an
//! outdated ETag changes nothing.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::incidents::{etag, whole};
use super::{Context, error};
use crate::tenant::answer::Answer;
use crate::tenant::incidents::Incident;

#[derive(Deserialize)]
struct Document {
    etag: Option<String>,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    title: String,
    severity: String,
    status: String,
    description: Option<String>,
    classification: Option<String>,
    owner: Option<Value>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Label {
    label_name: String,
}

const SEVERITIES: [&str; 4] = ["High", "Medium", "Low", "Informational"];
const STATUSES: [&str; 3] = ["New", "Active", "Closed"];

pub(super) fn answer(
    context: &Context<'_>,
    incident: &mut Incident,
    name: &str,
    now: Timestamp,
) -> Answer {
    let refused = |message: &str| error(400, "BadRequest", message);
    let sent: Document = match serde_json::from_slice(&context.call.body) {
        Ok(sent) => sent,
        Err(problem) => return refused(&format!("Invalid data model: {problem}.")),
    };
    let sent_etag = context.call.header("if-match").or(sent.etag.as_deref());
    if sent_etag.is_some_and(|sent| sent != "*" && sent != etag(incident)) {
        // As it was seen (azsec/azure-sentinel-tools, issue 4).
        let message = format!("Newer version of resource '{name}' exists. Data was not saved");
        return error(409, "Conflict", &message);
    }
    let new = sent.properties;
    if !SEVERITIES.contains(&new.severity.as_str()) || !STATUSES.contains(&new.status.as_str()) {
        return refused("Invalid data model: the severity or the status is none.");
    }
    if new.status == "Closed" && new.classification.is_none() {
        return refused("Invalid data model: a closed incident needs a classification.");
    }
    let entry = &mut incident.entry;
    entry.title = new.title;
    entry.severity = new.severity;
    entry.status = new.status;
    entry.description = new.description;
    entry.classification = new.classification;
    entry.owner = new.owner;
    entry.labels = new
        .labels
        .into_iter()
        .map(|label| label.label_name)
        .collect();
    incident.change(now);
    whole(incident, name)
}
