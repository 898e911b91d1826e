//! Adds a label to an incident, and changes nothing else of it.
//!
//! "Incidents - Create Or Update" replaces the whole incident, its labels included. So it is read, and written back with one label
//! more under the ETag that was read; where somebody else was faster ("Newer version of resource exists. Data was not saved", 409), it
//! is read again.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::domain::{Deadline, IncidentLabel};
use crate::graph::{CallError, Management};

use super::now::INCIDENT;
use super::{API_VERSION, Incident, Incidents, NotWritten, ROLE};

static LABEL: Management = Management {
    template: "PUT /incidents/{id}",
    doing: "Adding the label to the incident",
    changes: true,
    changes_a_version: true,
    role: ROLE,
    about: "incident",
};

/// How often it is read. More than a few are not faster one after the other.
const READINGS: u32 = 5;

/// The wait before it is read again, which grows with each time.
const A_BEAT: Duration = Duration::from_millis(200);

/// The properties of an incident that are not read-only ("Microsoft.SecurityInsights incidents", template reference).
const WRITABLE: [&str; 10] = [
    "title",
    "description",
    "severity",
    "status",
    "classification",
    "classificationReason",
    "classificationComment",
    "owner",
    "firstActivityTimeUtc",
    "lastActivityTimeUtc",
];

impl Incidents {
    /// Adds the label, unless it is there.
    ///
    /// # Errors
    /// If the incident cannot be read or written, or if others changed it whenever it was to be written.
    pub async fn add_label(
        &self,
        incident: &Incident,
        label: IncidentLabel,
        deadline: Deadline,
    ) -> Result<(), NotWritten> {
        let path = format!("{}?api-version={API_VERSION}", incident.path());
        let deadline = self.within(deadline);
        let mut number = 1;
        loop {
            let resource = self.arm.get(&INCIDENT, path.clone(), deadline).await;
            let Some(document) = with_label(resource?, label.as_str())? else {
                return Ok(());
            };
            let written = self
                .arm
                .put(&LABEL, path.clone(), &document, deadline)
                .await;
            match written {
                Err(error) if number < READINGS && is_outdated(&error) => {}
                written => return Ok(written?),
            }
            tokio::time::sleep(A_BEAT * number).await;
            number += 1;
        }
    }
}

fn is_outdated(error: &CallError) -> bool {
    matches!(error.status(), Some(409 | 412))
}

/// The incident to be written; `None` if it has the label.
fn with_label(mut resource: Map<String, Value>, label: &str) -> Result<Option<Value>, NotWritten> {
    let Some(etag @ Value::String(_)) = resource.remove("etag") else {
        return Err(NotWritten::of(NO_ETAG));
    };
    let Some(Value::Object(mut read)) = resource.remove("properties") else {
        return Err(NotWritten::of(NO_PROPERTIES));
    };
    let mut labels = match read.remove("labels") {
        Some(Value::Array(labels)) => labels,
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err(NotWritten::of(NO_PROPERTIES)),
    };
    let is_it = |one: &Value| {
        let name = one.get("labelName").and_then(Value::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case(label))
    };
    if labels.iter().any(is_it) {
        return Ok(None);
    }
    labels.push(json!({ "labelName": label }));
    let mut properties: Map<String, Value> = WRITABLE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), read.remove(*name)?)))
        .collect();
    properties.insert("labels".to_owned(), Value::Array(labels));
    Ok(Some(json!({ "etag": etag, "properties": properties })))
}

const NO_ETAG: &str = "Adding the label to the incident failed: Azure did not tell its ETag, without which others' changes would be lost.";
const NO_PROPERTIES: &str = "Adding the label to the incident failed: what Azure tells of it has not the form that is documented.";

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(properties: &Value) -> Map<String, Value> {
        let whole = json!({"id": "/x", "etag": "\"1\"", "properties": properties});
        whole.as_object().unwrap().clone()
    }

    #[test]
    fn a_label_is_added_and_all_else_stays_as_it_was() {
        let read = incident(&json!({
            "title": "Replayed", "severity": "High", "status": "Closed", "classification": "Undetermined",
            "owner": {"objectId": "x"}, "incidentNumber": 7,
            "labels": [{"labelName": "vip", "labelType": "User"}],
        }));
        let written = with_label(read, "evict-done").unwrap();
        assert_eq!(
            written,
            Some(json!({"etag": "\"1\"", "properties": {
                "title": "Replayed", "severity": "High", "status": "Closed", "classification": "Undetermined",
                "owner": {"objectId": "x"},
                "labels": [{"labelName": "vip", "labelType": "User"}, {"labelName": "evict-done"}],
            }}))
        );
    }

    #[test]
    fn a_label_that_is_there_is_not_written_again() {
        let read = incident(&json!({"labels": [{"labelName": "Evict-Done"}]}));
        assert_eq!(with_label(read, "evict-done").unwrap(), None);
    }

    #[test]
    fn nothing_is_written_over_what_could_not_be_read() {
        let mut without = incident(&json!({"labels": null}));
        without.remove("etag");
        for unread in [
            without,
            incident(&json!(null)),
            incident(&json!({"labels": "vip"})),
        ] {
            assert!(with_label(unread, "evict-done").is_err());
        }
    }
}
