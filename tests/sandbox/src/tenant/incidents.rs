//! The incidents of the tenant's workspaces as they stand, with what was written into them. It knows neither HTTP nor rights.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::Tenant;
use super::world_incident::WorldIncident;
use crate::clock::plus;
use crate::sync::lock;

/// The most comments that an incident takes ("Service limits for Microsoft Sentinel").
pub(super) const MOST_COMMENTS: usize = 100;

/// A comment as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentComment {
    /// Its id, which its writer has chosen.
    pub id: String,
    /// What it says.
    pub message: String,
    /// Who wrote it first.
    pub author: Uuid,
    /// When it was written first.
    pub created_at: Timestamp,
    /// When it was written last.
    pub modified_at: Timestamp,
    /// How often it was written.
    pub writes: u32,
}

/// A task as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentTask {
    /// Its id, which its writer has chosen.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// How it is done.
    pub description: String,
    /// `New` or `Completed`.
    pub status: String,
    /// How often it was written.
    pub writes: u32,
}

/// An incident as it stands.
#[derive(Debug)]
pub(super) struct Incident {
    pub(super) entry: WorldIncident,
    pub(super) created_at: Timestamp,
    pub(super) modified_at: Timestamp,
    /// Counts the changes.
    pub(super) version: u64,
    pub(super) comments: Vec<IncidentComment>,
    pub(super) tasks: Vec<IncidentTask>,
}

impl Incident {
    /// The entities that have arrived.
    pub(super) fn entities(&self, now: Timestamp) -> &[Value] {
        let after = Duration::from_secs(self.entry.entities_after_seconds);
        if now < plus(self.created_at, after) {
            return &[];
        }
        &self.entry.entities
    }

    /// It is another version from now on.
    pub(super) fn change(&mut self, now: Timestamp) {
        self.version += 1;
        self.modified_at = now;
    }

    /// Writes a task. Says whether it is a new one.
    pub(super) fn assign(&mut self, task: IncidentTask) -> bool {
        let known = self.tasks.iter_mut().find(|known| known.id == task.id);
        let Some(known) = known else {
            self.tasks.push(task);
            return true;
        };
        let writes = known.writes + 1;
        *known = IncidentTask { writes, ..task };
        false
    }

    /// Writes a comment; `None` if there are as many as it takes. Says whether it is a new one.
    pub(super) fn write(
        &mut self,
        id: &str,
        message: &str,
        author: Uuid,
        now: Timestamp,
    ) -> Option<(IncidentComment, bool)> {
        self.change(now);
        let known = self.comments.iter().position(|comment| comment.id == id);
        if let Some(index) = known {
            let comment = &mut self.comments[index];
            message.clone_into(&mut comment.message);
            comment.modified_at = now;
            comment.writes += 1;
            return Some((comment.clone(), false));
        }
        if self.comments.len() >= MOST_COMMENTS {
            return None;
        }
        let comment = IncidentComment {
            id: id.to_owned(),
            message: message.to_owned(),
            author,
            created_at: now,
            modified_at: now,
            writes: 1,
        };
        self.comments.push(comment.clone());
        Some((comment, true))
    }
}

/// Every incident.
#[derive(Debug)]
pub(super) struct Incidents {
    list: Vec<Incident>,
}

impl Incidents {
    pub(super) fn new(entries: &[WorldIncident], now: Timestamp) -> Self {
        let list = entries.iter().map(|entry| Incident {
            entry: entry.clone(),
            created_at: now,
            modified_at: now,
            version: 1,
            comments: Vec::new(),
            tasks: Vec::new(),
        });
        Self {
            list: list.collect(),
        }
    }

    /// Whether there is such a workspace: whether one of the incidents lies in it.
    pub(super) fn have(&self, workspace: &str) -> bool {
        let within = format!("{}/", workspace.to_lowercase());
        let mut ids = self
            .list
            .iter()
            .map(|incident| incident.entry.id.to_lowercase());
        ids.any(|id| id.starts_with(&within))
    }

    /// An incident by its resource id, in any casing.
    pub(super) fn find(&mut self, id: &str) -> Option<&mut Incident> {
        let mut all = self.list.iter_mut();
        all.find(|incident| incident.entry.id.eq_ignore_ascii_case(id))
    }
}

impl Tenant {
    /// The comments on an incident, oldest first; none if there is no such incident.
    #[must_use]
    pub fn incident_comments(&self, id: &str) -> Vec<IncidentComment> {
        let mut incidents = lock(&self.shared.incidents);
        let found = incidents.find(id);
        found.map_or_else(Vec::new, |incident| incident.comments.clone())
    }

    /// Writes a comment as somebody else. Says whether there was such an incident with room for it.
    #[must_use]
    pub fn comment_on_incident(&self, id: &str, comment: &str, message: &str) -> bool {
        let now = self.shared.clock.now();
        let mut incidents = lock(&self.shared.incidents);
        let written = incidents
            .find(id)
            .and_then(|incident| incident.write(comment, message, Uuid::nil(), now));
        written.is_some()
    }

    /// Changes the status of an incident; one that is closed has a classification. Says whether there was such an incident.
    #[must_use]
    pub fn set_incident_status(&self, id: &str, status: &str) -> bool {
        if status == "Closed" {
            return self.close_incident(id, "Undetermined");
        }
        self.edit_incident(id, |entry| status.clone_into(&mut entry.status))
    }

    /// Closes an incident for a reason. Says whether there was such an incident.
    #[must_use]
    pub fn close_incident(&self, id: &str, classification: &str) -> bool {
        self.edit_incident(id, |entry| {
            "Closed".clone_into(&mut entry.status);
            entry.classification = Some(classification.to_owned());
        })
    }

    /// Adds a label to an incident as somebody else. Says whether there was such an incident.
    #[must_use]
    pub fn label_incident(&self, id: &str, label: &str) -> bool {
        self.edit_incident(id, |entry| entry.labels.push(label.to_owned()))
    }

    fn edit_incident(&self, id: &str, edit: impl FnOnce(&mut WorldIncident)) -> bool {
        let now = self.shared.clock.now();
        let mut incidents = lock(&self.shared.incidents);
        let Some(incident) = incidents.find(id) else {
            return false;
        };
        edit(&mut incident.entry);
        incident.change(now);
        true
    }

    /// An incident as it stands, without its comments and tasks.
    #[must_use]
    pub fn incident(&self, id: &str) -> Option<WorldIncident> {
        let mut incidents = lock(&self.shared.incidents);
        incidents.find(id).map(|incident| incident.entry.clone())
    }

    /// The tasks of an incident, oldest first; none if there is no such incident.
    #[must_use]
    pub fn incident_tasks(&self, id: &str) -> Vec<IncidentTask> {
        let mut incidents = lock(&self.shared.incidents);
        let found = incidents.find(id);
        found.map_or_else(Vec::new, |incident| incident.tasks.clone())
    }

    /// Completes every task of an incident, as an analyst does. Says whether there was such an incident.
    #[must_use]
    pub fn complete_tasks(&self, id: &str) -> bool {
        let mut incidents = lock(&self.shared.incidents);
        let Some(incident) = incidents.find(id) else {
            return false;
        };
        for task in &mut incident.tasks {
            "Completed".clone_into(&mut task.status);
        }
        true
    }
}
