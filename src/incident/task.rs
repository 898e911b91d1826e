//! Adds tasks to an incident for what only people can do.
//!
//! "Incident Tasks - Create Or Update": the writer chooses the task's id, so that an incident has each once. One that is there is
//! left alone: somebody may have completed it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::{Deadline, IncidentTask};
use crate::graph::Management;

use super::{API_VERSION, Incident, Incidents, NotWritten, ROLE};

static TASKS: Management = Management {
    template: "GET /incidents/{id}/tasks",
    doing: "Reading the tasks of the incident",
    changes: false,
    changes_a_version: false,
    role: ROLE,
    about: "incident",
};

static TASK: Management = Management {
    template: "PUT /incidents/{id}/tasks/{id}",
    doing: "Adding a task to the incident",
    changes: true,
    changes_a_version: false,
    role: ROLE,
    about: "incident",
};

/// The most pages of tasks that are read.
const MOST_PAGES: usize = 10;

/// The name space of the ids. Drawn once.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d7c_09a6_3f1e_4b52_8c8e_1d60_b7f2_94a3);

/// The id of a task on an incident.
fn task_id(incident: &Incident, task: &IncidentTask) -> Uuid {
    let name = json!([incident.path().to_lowercase(), task.key]).to_string();
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

impl Incidents {
    /// Adds the tasks that are not there.
    ///
    /// # Errors
    /// If the tasks cannot be read, or one of them cannot be added.
    pub async fn add_tasks(
        &self,
        incident: &Incident,
        tasks: &[IncidentTask],
        deadline: Deadline,
    ) -> Result<(), NotWritten> {
        if tasks.is_empty() {
            return Ok(());
        }
        let deadline = self.within(deadline);
        let path = format!("{}/tasks?api-version={API_VERSION}", incident.path());
        let there = self.arm.list(&TASKS, path, MOST_PAGES, deadline).await?;
        let there: Vec<&str> = there
            .iter()
            .filter_map(|task| task.get("name").and_then(Value::as_str))
            .collect();
        for task in tasks {
            let id = task_id(incident, task).to_string();
            if there.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
                continue;
            }
            let path = format!("{}/tasks/{id}?api-version={API_VERSION}", incident.path());
            let document = json!({ "properties": {
                "title": task.title,
                "description": task.description,
                "status": "New",
            }});
            self.arm.put(&TASK, path, &document, deadline).await?;
        }
        Ok(())
    }
}
