//! Reads an incident as it is now, with its entities.
//!
//! "Incidents - Get" holds the status and no entities; "Incidents - List Entities" is a POST that changes nothing. Put together they
//! are the resource as a playbook passes it on, with the entities under `relatedEntities`, so that it is read like any alert.

use futures_util::future::join;
use serde_json::{Map, Value};

use crate::domain::Deadline;
use crate::graph::{CallError, Disposition, Management};

use super::{API_VERSION, Incident, Incidents, ROLE};

pub(super) static INCIDENT: Management = Management {
    template: "GET /incidents/{id}",
    doing: "Reading the incident",
    changes: false,
    changes_a_version: false,
    role: ROLE,
    about: "incident",
};

static ENTITIES: Management = Management {
    template: "POST /incidents/{id}/entities",
    doing: "Reading the incident's entities",
    changes: false,
    changes_a_version: false,
    role: ROLE,
    about: "incident",
};

/// An incident as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// The resource, as a playbook would pass it on.
    pub body: Vec<u8>,
    /// Whether it is closed for a reason that clears those whom it names. A true positive clears nobody.
    pub is_over: bool,
    /// Whether it was merged into another incident, which is closed automatically: what it was about goes on there ("Alert
    /// correlation and incident merging in the Microsoft Defender portal").
    pub is_merged: bool,
}

impl Now {
    fn of(resource: Map<String, Value>) -> Self {
        let text = |name: &str| {
            resource
                .get("properties")
                .and_then(|p| p.get(name)?.as_str())
        };
        let is = |name: &str, word: &str| text(name).is_some_and(|t| t.eq_ignore_ascii_case(word));
        let labels = resource
            .get("properties")
            .and_then(|p| p.get("labels")?.as_array());
        let is_merged = labels.into_iter().flatten().any(|label| {
            let name = label.get("labelName").and_then(Value::as_str);
            name.is_some_and(|name| name.eq_ignore_ascii_case("Redirected"))
        });
        let is_true = is("classification", "TruePositive");
        Self {
            is_over: is("status", "Closed") && !is_true && !is_merged,
            is_merged,
            body: Value::Object(resource).to_string().into_bytes(),
        }
    }
}

/// Why an incident could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// Whether asking again may help.
    pub may_pass: bool,
    /// What happened and what to do, as sentences. Names nobody.
    pub problem: String,
}

impl NotRead {
    fn of(error: &CallError) -> Self {
        Self {
            may_pass: match error.disposition() {
                Disposition::RetryLater { .. } => true,
                Disposition::FixPermission | Disposition::FixAlert | Disposition::GiveUp => false,
            },
            problem: error.to_string(),
        }
    }
}

impl Incidents {
    /// The incident and its entities as one JSON document.
    ///
    /// # Errors
    /// Any answer but both, after the retries that there was time for.
    pub async fn now(&self, incident: &Incident, deadline: Deadline) -> Result<Now, NotRead> {
        let path = incident.path();
        let of_incident = format!("{path}?api-version={API_VERSION}");
        let of_entities = format!("{path}/entities?api-version={API_VERSION}");
        let (resource, entities) = join(
            self.arm.get(&INCIDENT, of_incident, deadline),
            self.arm.post(&ENTITIES, of_entities, deadline),
        )
        .await;
        let of = |error| NotRead::of(&error);
        let whole = joined(resource.map_err(of)?, entities.map_err(of)?);
        Ok(Now::of(whole))
    }

    /// The incident by itself, which tells its status.
    ///
    /// # Errors
    /// Any answer but the incident, after the retries that there was time for.
    pub async fn without_entities(
        &self,
        incident: &Incident,
        deadline: Deadline,
    ) -> Result<Now, NotRead> {
        let path = format!("{}?api-version={API_VERSION}", incident.path());
        let read = self.arm.get(&INCIDENT, path, deadline).await;
        let resource = read.map_err(|error| NotRead::of(&error))?;
        Ok(Now::of(resource))
    }
}

fn joined(
    mut resource: Map<String, Value>,
    mut entities: Map<String, Value>,
) -> Map<String, Value> {
    if let Some(Value::Object(properties)) = resource.get_mut("properties") {
        let entities = entities.remove("entities").unwrap_or_default();
        properties.insert("relatedEntities".to_owned(), entities);
    }
    resource
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(properties: &Value) -> (bool, bool) {
        let Value::Object(resource) = json!({ "properties": properties }) else {
            return (false, false);
        };
        let now = Now::of(resource);
        (now.is_over, now.is_merged)
    }

    #[test]
    fn only_who_closes_an_incident_as_no_threat_clears_those_whom_it_names() {
        for (properties, is_over, is_merged) in [
            (json!({"status": "Closed"}), true, false),
            (
                json!({"status": "closed", "classification": "FalsePositive"}),
                true,
                false,
            ),
            (
                json!({"status": "Closed", "classification": "TruePositive"}),
                false,
                false,
            ),
            (
                json!({"status": "Closed", "labels": [{"labelName": "redirected"}]}),
                false,
                true,
            ),
            (
                json!({"status": "Active", "labels": [{"labelName": "vip"}]}),
                false,
                false,
            ),
            (json!({}), false, false),
        ] {
            assert_eq!(read(&properties), (is_over, is_merged), "{properties}");
        }
    }
}
