//! Asks the incident of an alert whether it still stands, beside the first questions to Graph, and which users it names by now if it was sent
//! a while ago. No user that the alert names is cut later for that: what is known by the time of a cut counts, and a user who has joined
//! is worked on beside them.

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use futures_util::future::{Either, join, select};
use jiff::SignedDuration;
use tokio::time::timeout;

use crate::alert;
use crate::domain::{
    Cleared, ClearedAs, Deadline, IncidentNote, IncidentQuestion, IncidentStatus, Parsed, Receipt,
};
use crate::incident::{Entities, Incident, Incidents, Named, NotRead, Now};

use super::reading::A_GLANCE;
use super::{Delivery, Service};

/// How long after it was queued a message still says which users its incident names.
const FRESH: SignedDuration = SignedDuration::from_mins(2);

impl Service {
    /// Contains the alert; if it is an incident that may be read, as long as the incident has not been closed since it was sent, and
    /// with the users who have joined it.
    pub(super) async fn contain_what_stands(
        &self,
        parsed: &Parsed,
        left_out: usize,
        of: Delivery,
    ) -> Vec<Receipt> {
        let Some((incidents, incident)) = self.sent_incident(parsed) else {
            return self.contain(parsed, left_out, of).await;
        };
        let is_old = of
            .enqueued_at
            .is_some_and(|queued| self.clock.now().duration_since(queued) > FRESH);
        // What Azure says to a call ("wait") is heard even after all is done.
        let mut asking = tokio::spawn(ask(
            Arc::clone(incidents),
            incident,
            is_old,
            of.deadline,
            Arc::clone(&of.cleared),
        ));
        let contain = pin!(self.contain(parsed, left_out, of.clone()));
        let (mut receipts, note) = match select(contain, &mut asking).await {
            Either::Left((receipts, _)) if is_old => {
                // Those who are named have been worked on, so that nobody is kept by this wait but those who have joined.
                let longest = A_GLANCE.min(of.deadline.remaining(&*self.clock));
                match timeout(longest, asking).await {
                    Ok(Ok(asked)) => {
                        let (joined, note) = self.contain_joined(parsed, asked, &of).await;
                        (put_behind(parsed, receipts, joined), Some(note))
                    }
                    Ok(Err(_)) | Err(_) => (receipts, of.cleared.get().map(|_| closed())),
                }
            }
            // Its answer may have come, and not have been heard of here.
            Either::Left((receipts, _)) => (receipts, of.cleared.get().map(|_| closed())),
            Either::Right((Ok(asked), contain)) => {
                let joined = self.contain_joined(parsed, asked, &of);
                let (receipts, (joined, note)) = join(contain, joined).await;
                (put_behind(parsed, receipts, joined), Some(note))
            }
            Either::Right((Err(_), contain)) => (contain.await, None),
        };
        let note = note.unwrap_or_else(|| IncidentNote {
            problem: is_old.then(|| UNANSWERED.to_owned()),
            ..IncidentNote::of(IncidentStatus::Unknown)
        });
        for receipt in &mut receipts {
            receipt.incident = Some(note.clone());
        }
        receipts
    }

    /// Contains the users who have joined the incident since it was sent, under the cap of the alert as a whole.
    async fn contain_joined(
        &self,
        sent: &Parsed,
        asked: Asked,
        of: &Delivery,
    ) -> (Vec<Receipt>, IncidentNote) {
        let (now, mut note) = (asked.now, asked.note);
        let named = match now.map(|now| alert::parse(&now.body())) {
            Some(Parsed::Alert(alert)) => alert.subjects,
            Some(Parsed::Malformed(malformed)) => {
                let (path, expected) = (malformed.path, malformed.expected);
                tracing::warn!(path, expected, "incident.unreadable");
                note.problem = Some(format!(
                    "What Azure tells of the incident cannot be read, at {path}. Whom the alert names was acted on."
                ));
                Vec::new()
            }
            Some(Parsed::NothingToDo(_)) | None => Vec::new(),
        };
        let mut joined = alert::joined(sent.subjects(), &named);
        let left_out = self.containment.shorten(sent.header(), &mut joined);
        if joined.is_empty() {
            return (Vec::new(), note);
        }
        tracing::info!(count = joined.len(), "incident.joined");
        let joined = of.joined.get_or_init(|| joined);
        let mut whole = sent.clone();
        whole.join(joined);
        let first = sent.subjects().len();
        let receipts = self.contain_beyond(first, &whole, left_out, of.clone());
        (receipts.await, note)
    }

    /// The incident that an alert is, as a trigger or a script has sent it.
    fn sent_incident(&self, parsed: &Parsed) -> Option<(&Arc<Incidents>, Incident)> {
        let incidents = self.incidents.as_ref()?;
        let (IncidentQuestion::WhatHasChanged, id) = parsed.incident_question()? else {
            return None;
        };
        match incidents.named(id) {
            Named::Ours(incident) => Some((incidents, incident)),
            Named::OtherWorkspace | Named::NoResource => None,
        }
    }
}

const UNANSWERED: &str = "Azure has not answered in time whom the incident names by now; whom the alert names was acted on. Next: look whether the incident names others.";

/// What the incident has answered.
struct Asked {
    note: IncidentNote,
    /// The incident with its entities, if it still stands and they were asked for and answered.
    now: Option<Now>,
}

async fn ask(
    incidents: Arc<Incidents>,
    incident: Incident,
    is_old: bool,
    deadline: Deadline,
    cleared: Arc<OnceLock<Cleared>>,
) -> Asked {
    let status = async {
        let now = incidents.without_entities(&incident, deadline).await;
        // That it is closed counts as soon as it is known.
        if now.as_ref().is_ok_and(|now| now.is_over) {
            cleared.get_or_init(|| Cleared {
                how: ClearedAs::Closed,
                word: "Closed".to_owned(),
                at: None,
            });
            tracing::info!("incident.closed");
        }
        now
    };
    let entities = async {
        if is_old {
            Some(incidents.entities(&incident, deadline).await)
        } else {
            None
        }
    };
    let (status, entities) = join(status, entities).await;
    answered(status, entities)
}

fn answered(status: Result<Now, NotRead>, entities: Option<Result<Entities, NotRead>>) -> Asked {
    let unread = |note: IncidentNote, not_read: NotRead| {
        tracing::warn!(problem = not_read.problem, "incident.unread");
        Asked {
            note: IncidentNote {
                problem: Some(not_read.problem),
                ..note
            },
            now: None,
        }
    };
    let now = match status {
        Ok(now) => now,
        Err(not_read) => return unread(IncidentNote::of(IncidentStatus::Unknown), not_read),
    };
    if now.is_over {
        return Asked {
            note: closed(),
            now: None,
        };
    }
    let note = IncidentNote::of(IncidentStatus::Open);
    if now.is_merged {
        // The other one names the users that it is about by now.
        tracing::info!("incident.merged");
        return Asked { note, now: None };
    }
    match entities {
        Some(Err(not_read)) => unread(note, not_read),
        Some(Ok(entities)) => Asked {
            note,
            now: Some(now.with(entities)),
        },
        None => Asked { note, now: None },
    }
}

fn closed() -> IncidentNote {
    IncidentNote::of(IncidentStatus::Closed)
}

/// The receipts of all subjects, those who have joined behind those who were sent, and then those that stand for many.
fn put_behind(sent: &Parsed, mut receipts: Vec<Receipt>, joined: Vec<Receipt>) -> Vec<Receipt> {
    let of_many = receipts.split_off(sent.subjects().len().min(receipts.len()));
    receipts.extend(joined);
    receipts.extend(of_many);
    receipts
}
