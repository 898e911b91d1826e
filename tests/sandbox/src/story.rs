//! The effects of one alert, in two forms: a short text for a person, and one JSON document for a program. It reads the
//! output of the program under test and must not depend on its code.

mod receipt;
mod text;

use serde_json::{Value, json};

use crate::tenant::{CallRecord, SessionState};

/// How the alert ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The HTTP caller was answered with this status.
    Answered(u16),
    /// The message was completed, with this delivery count.
    Completed(u32),
    /// The message was dead-lettered, for this reason.
    DeadLettered(String),
}

/// The effects of one alert.
#[derive(Debug, Clone)]
pub struct Story {
    /// The tenant's domain.
    pub domain: String,
    /// The alert's name, for the first line.
    pub alert: String,
    /// The receipts, in the alert's order.
    pub receipts: Vec<Value>,
    /// Every session before the alert.
    pub before: Vec<SessionState>,
    /// Every session afterwards, once every client app has tried to renew it. In the same order.
    pub after: Vec<SessionState>,
    /// The calls to Graph.
    pub calls: Vec<CallRecord>,
    /// The rejected messages, with their reasons.
    pub rejected: Vec<Value>,
    /// The HTTP answer, unless it is receipts.
    pub answer: Option<String>,
    /// How the alert ended.
    pub ending: Ending,
}

/// One session before and after.
#[derive(Debug, Clone, Copy)]
struct SessionPair<'a> {
    before: &'a SessionState,
    after: Option<&'a SessionState>,
}

impl SessionPair<'_> {
    /// Whether it is alive afterwards; a missing session is not.
    fn survived(&self) -> bool {
        self.after.is_some_and(|after| after.alive)
    }
}

impl Story {
    /// One JSON document. `before` and `after` of a session say whether it was alive; `status` is the HTTP status, or
    /// `completed` or `dead_lettered`; `rejected` exists only if something was rejected.
    #[must_use]
    pub fn json(&self) -> Value {
        let sessions: Vec<Value> = self
            .sessions()
            .iter()
            .map(|pair| {
                json!({
                    "user": pair.before.user_principal_name,
                    "app": pair.before.app,
                    "before": pair.before.alive,
                    "after": pair.survived(),
                })
            })
            .collect();
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|call| json!({"method": call.method, "path": call.path, "status": call.status}))
            .collect();
        let mut document = json!({
            "receipts": self.receipts,
            "sessions": sessions,
            "calls": calls,
            "status": match &self.ending {
                Ending::Answered(status) => json!(status),
                Ending::Completed(_) => json!("completed"),
                Ending::DeadLettered(_) => json!("dead_lettered"),
            },
        });
        if !self.rejected.is_empty() {
            document["rejected"] = json!(self.rejected);
        }
        document
    }

    /// A text for a person, with a trailing line break.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }

    fn sessions(&self) -> Vec<SessionPair<'_>> {
        let same = |one: &SessionState, other: &SessionState| {
            one.user == other.user && one.app == other.app && one.signed_in_at == other.signed_in_at
        };
        self.before
            .iter()
            .map(|before| SessionPair {
                before,
                after: self.after.iter().find(|after| same(before, after)),
            })
            .collect()
    }
}

/// The receipts in the messages of the receipts topic, which are CloudEvents. A receipt that was published twice,
/// because its message was delivered again, counts once: the later one, at the place of the first.
#[must_use]
pub fn receipts_of(events: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut receipts: Vec<(Value, Value)> = Vec::new();
    for event in events {
        let (id, receipt) = (event["id"].clone(), event["data"].clone());
        match receipts
            .iter_mut()
            .find(|(known, _)| *known == id && !id.is_null())
        {
            Some((_, earlier)) => *earlier = receipt,
            None => receipts.push((id, receipt)),
        }
    }
    receipts.into_iter().map(|(_, receipt)| receipt).collect()
}

#[cfg(test)]
#[path = "story/tests.rs"]
mod tests;
