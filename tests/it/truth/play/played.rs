//! The record of a story, for its judges.

use evict::host::{OutputBinding, Reply};
use jiff::Timestamp;
use sandbox::functions::Settled;
use sandbox::tenant::{CallRecord, SessionState};
use serde_json::Value;

/// The record of a story.
pub(crate) struct Played {
    pub(crate) start: Timestamp,
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) deliveries: Vec<Done>,
    /// The sessions as they were at the start, and the current ones.
    pub(crate) sessions: Vec<SessionState>,
    /// The cuts by other administrators: the person, the moment, and the instant from which sessions are valid.
    pub(crate) cut_by_others: Vec<(usize, Timestamp)>,
    pub(crate) deleted: Vec<(usize, Timestamp)>,
    pub(crate) renamed: Vec<(usize, Timestamp)>,
    /// When each alert was sent.
    pub(crate) sent: Vec<Timestamp>,
    pub(crate) dead_lettered: usize,
    pub(crate) deaths: usize,
}

/// One delivery, or one HTTP request.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    /// The alert that it is, or comes from; `None` for a message that was put back or handed over.
    pub(crate) alert: Option<usize>,
    /// The broker's number of the message, its enqueued time, and the number of the delivery.
    pub(crate) message: Option<(i64, Timestamp, u32)>,
    pub(crate) body: Vec<u8>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) end: End,
}

#[derive(Debug, Clone)]
pub(crate) enum End {
    /// It was answered. The host states whether the outputs were written and the message completed.
    Answered { said: Said, settled: Settled },
    /// It was abandoned unfinished.
    Abandoned,
    /// The app ended meanwhile.
    Died,
}

/// The content of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) events: Vec<Value>,
    pub(crate) rejected: Vec<Value>,
    pub(crate) handover: Vec<Value>,
    pub(crate) http: Option<(u16, Value)>,
}

impl Done {
    pub(crate) fn said(&self) -> Option<&Said> {
        match &self.end {
            End::Answered { said, .. } => Some(said),
            End::Abandoned | End::Died => None,
        }
    }

    /// When the alert was first enqueued: a message that goes on carries the time of the first one.
    pub(crate) fn queued_at(&self) -> Option<Timestamp> {
        let (_, enqueued, _) = self.message?;
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let first = body["handedOn"]["queuedAt"].as_str();
        let first = first.map_or(enqueued, |first| first.parse().unwrap());
        Some(first.min(enqueued))
    }

    pub(crate) fn receipts(&self) -> Vec<Value> {
        let events = self.said().map(|said| said.events.as_slice());
        events
            .unwrap_or_default()
            .iter()
            .map(|event| event["data"].clone())
            .collect()
    }
}

impl Said {
    pub(super) fn of(reply: &Reply) -> Self {
        let json = |binding| {
            reply
                .messages(binding)
                .iter()
                .map(|text| serde_json::from_str(text).unwrap())
                .collect()
        };
        Self {
            events: json(OutputBinding::Receipts),
            rejected: json(OutputBinding::Rejected),
            handover: json(OutputBinding::Handover),
            http: reply
                .http()
                .map(|http| (http.status, serde_json::from_str(&http.body).unwrap())),
        }
    }
}
