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
    resource: Map<String, Value>,
    /// Whether it is closed for a reason that clears the users that it names. A true positive clears nobody.
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
            resource,
        }
    }

    /// The same with its entities.
    #[must_use]
    pub fn with(mut self, entities: Entities) -> Self {
        if let Some(Value::Object(properties)) = self.resource.get_mut("properties") {
            properties.insert("relatedEntities".to_owned(), entities.0);
        }
        self
    }

    /// The resource, as a playbook would pass it on.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        Value::Object(self.resource.clone())
            .to_string()
            .into_bytes()
    }
}

/// The entities of an incident as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entities(Value);

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
    /// The incident with its entities.
    ///
    /// # Errors
    /// Any answer but both, after the retries that there was time for.
    pub async fn now(&self, incident: &Incident, deadline: Deadline) -> Result<Now, NotRead> {
        let (now, entities) = join(
            self.without_entities(incident, deadline),
            self.entities(incident, deadline),
        )
        .await;
        Ok(now?.with(entities?))
    }

    /// The entities by themselves.
    ///
    /// # Errors
    /// Any answer but the entities, after the retries that there was time for.
    pub async fn entities(
        &self,
        incident: &Incident,
        deadline: Deadline,
    ) -> Result<Entities, NotRead> {
        let path = format!("{}/entities?api-version={API_VERSION}", incident.path());
        let read = self.arm.post(&ENTITIES, path, deadline).await;
        let mut list = read.map_err(|error| NotRead::of(&error))?;
        Ok(Entities(list.remove("entities").unwrap_or_default()))
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
