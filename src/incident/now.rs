//! Reads an incident as it is now, with its entities.
//!
//! "Incidents - Get" holds the status and no entities; "Incidents - List Entities" is a POST that changes nothing. Put together they
//! are the resource as a playbook passes it on, with the entities under `relatedEntities`, so that it is read like any alert.

use futures_util::future::join;
use serde_json::{Map, Value};

use crate::domain::Deadline;
use crate::entra::{Disposition, EntraError, Management};

use super::{API_VERSION, Incident, Incidents, ROLE};

static INCIDENT: Management = Management {
    template: "GET /incidents/{id}",
    doing: "Reading the incident",
    changes: false,
    role: ROLE,
    about: "incident",
};

static ENTITIES: Management = Management {
    template: "POST /incidents/{id}/entities",
    doing: "Reading the incident's entities",
    changes: false,
    role: ROLE,
    about: "incident",
};

/// Why an incident could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// Whether asking again may help.
    pub may_pass: bool,
    /// What happened and what to do, as sentences. Names nobody.
    pub problem: String,
}

impl NotRead {
    fn of(error: &EntraError) -> Self {
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
    pub async fn now(&self, incident: &Incident, deadline: Deadline) -> Result<Vec<u8>, NotRead> {
        let path = incident.path();
        let of_incident = format!("{path}?api-version={API_VERSION}");
        let of_entities = format!("{path}/entities?api-version={API_VERSION}");
        let (resource, entities) = join(
            self.arm.get(&INCIDENT, of_incident, deadline),
            self.arm.post(&ENTITIES, of_entities, deadline),
        )
        .await;
        let of = |error| NotRead::of(&error);
        Ok(joined(resource.map_err(of)?, entities.map_err(of)?))
    }

    /// The incident by itself, which tells its status.
    ///
    /// # Errors
    /// Any answer but the incident, after the retries that there was time for.
    pub async fn without_entities(
        &self,
        incident: &Incident,
        deadline: Deadline,
    ) -> Result<Vec<u8>, NotRead> {
        let path = format!("{}?api-version={API_VERSION}", incident.path());
        let read = self.arm.get(&INCIDENT, path, deadline).await;
        let resource = read.map_err(|error| NotRead::of(&error))?;
        Ok(Value::Object(resource).to_string().into_bytes())
    }
}

fn joined(mut resource: Map<String, Value>, mut entities: Map<String, Value>) -> Vec<u8> {
    if let Some(Value::Object(properties)) = resource.get_mut("properties") {
        let entities = entities.remove("entities").unwrap_or_default();
        properties.insert("relatedEntities".to_owned(), entities);
    }
    Value::Object(resource).to_string().into_bytes()
}
