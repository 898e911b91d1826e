//! Writes a comment on an incident.
//!
//! "Incident Comments - Create Or Update": the writer chooses the comment's id, so that writing it again replaces it.

use serde_json::json;
use uuid::Uuid;

use crate::domain::Deadline;
use crate::graph::{CallError, Management};

use super::{API_VERSION, Incident, Incidents, ROLE};

static COMMENT: Management = Management {
    template: "PUT /incidents/{id}/comments/{id}",
    doing: "Writing the comment on the incident",
    changes: true,
    changes_a_version: false,
    role: ROLE,
    about: "incident",
};

/// The name space of the ids. Drawn once.
const NAMESPACE: Uuid = Uuid::from_u128(0xb9f3_b644_eeb2_44ef_b469_7569_f54b_c703);

/// The id of the comment on an incident that belongs to an alert, known by its first message. The writer of a message can
/// claim to go on from any other, but cannot mean a comment that somebody else has written: those ids are not made here.
#[must_use]
pub fn comment_id(incident: &Incident, first: Uuid) -> Uuid {
    let name = json!([incident.path().to_lowercase(), first]).to_string();
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

impl Incidents {
    /// Writes the comment of that id, or replaces it.
    ///
    /// # Errors
    /// Any answer but a success, after the retries that there was time for.
    pub async fn write_comment(
        &self,
        incident: &Incident,
        id: Uuid,
        message: &str,
        deadline: Deadline,
    ) -> Result<(), CallError> {
        let path = format!(
            "{}/comments/{id}?api-version={API_VERSION}",
            incident.path()
        );
        let document = json!({ "properties": { "message": message } });
        let deadline = self.within(deadline);
        let written = self.arm.put(&COMMENT, path, &document, deadline).await;
        self.note(&written);
        written
    }
}
