//! Asks the incident of an alert whether it still stands, beside the first questions to Graph. Nobody is cut later for that: what is
//! known by the time of a cut counts, and the answer is not waited for.

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use futures_util::future::{Either, select};

use crate::domain::{
    Cleared, ClearedAs, Deadline, IncidentNote, IncidentStatus, Parsed, Receipt, Shape,
};
use crate::incident::{Incident, Incidents, Named};

use super::{Delivery, Service};

impl Service {
    /// Contains the alert; if it is an incident that may be read, as long as the incident has not been closed since it was sent.
    pub(super) async fn contain_what_stands(
        &self,
        parsed: &Parsed,
        left_out: usize,
        of: Delivery,
    ) -> Vec<Receipt> {
        let Some((incidents, incident)) = self.sent_incident(parsed) else {
            return self.contain(parsed, left_out, of).await;
        };
        // What Azure says to a call ("wait") is heard even after all is done.
        let asking = tokio::spawn(ask(
            Arc::clone(incidents),
            incident,
            of.deadline,
            Arc::clone(&of.cleared),
        ));
        let cleared = Arc::clone(&of.cleared);
        let contain = pin!(self.contain(parsed, left_out, of));
        let (mut receipts, note) = match select(contain, asking).await {
            // Its answer may have come, and not have been heard of here.
            Either::Left((receipts, _)) => {
                let closed = cleared
                    .get()
                    .map(|_| IncidentNote::of(IncidentStatus::Closed));
                (receipts, closed)
            }
            Either::Right((note, contain)) => (contain.await, note.ok()),
        };
        let note = note.unwrap_or_else(|| IncidentNote::of(IncidentStatus::Unknown));
        for receipt in &mut receipts {
            receipt.incident = Some(note.clone());
        }
        receipts
    }

    /// The incident that an alert is, as a trigger or a script has sent it.
    fn sent_incident(&self, parsed: &Parsed) -> Option<(&Arc<Incidents>, Incident)> {
        let incidents = self.incidents.as_ref()?;
        let Parsed::Alert(alert) = parsed else {
            return None;
        };
        let is_incident = matches!(
            alert.header.shape,
            Shape::SentinelIncidentTrigger | Shape::SentinelIncidentResource
        );
        let id = alert
            .header
            .incident_id
            .as_deref()
            .filter(|_| is_incident)?;
        match incidents.named(id) {
            Named::Ours(incident) => Some((incidents, incident)),
            Named::OtherWorkspace | Named::NoResource => None,
        }
    }
}

async fn ask(
    incidents: Arc<Incidents>,
    incident: Incident,
    deadline: Deadline,
    cleared: Arc<OnceLock<Cleared>>,
) -> IncidentNote {
    let now = match incidents.without_entities(&incident, deadline).await {
        Ok(now) => now,
        Err(not_read) => {
            tracing::warn!(problem = not_read.problem, "incident.unread");
            return IncidentNote {
                problem: Some(not_read.problem),
                ..IncidentNote::of(IncidentStatus::Unknown)
            };
        }
    };
    if now.is_over {
        let closed = Cleared {
            how: ClearedAs::Closed,
            word: "Closed".to_owned(),
            at: None,
        };
        cleared.get_or_init(|| closed);
        tracing::info!("incident.closed");
        return IncidentNote::of(IncidentStatus::Closed);
    }
    if now.is_merged {
        tracing::info!("incident.merged");
    }
    IncidentNote::of(IncidentStatus::Open)
}
