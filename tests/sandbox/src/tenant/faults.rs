//! Scripted faults: which calls, how often, and how. Also held calls: they are frozen until they are released, so that
//! a test can act in the middle of one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::answer::{Answer, Body};
use super::pattern::Pattern;
use crate::clock::{http_date, plus};
use crate::sync::lock;

/// A scripted fault. Build it with [`Fault::on`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The affected calls.
    pub on: Pattern,
    /// Restricts it to this user, by object id or user principal name, whatever form the path has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The number of calls that it affects; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The number of calls before it begins.
    #[serde(default)]
    pub after_calls: u32,
    /// Whether the call takes effect all the same, as behind a gateway that timed out.
    #[serde(default)]
    pub after_effect: bool,
    /// The effect on the caller.
    pub then: Then,
}

/// How a call fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Then {
    /// Another answer.
    Answer {
        /// The status.
        status: u16,
        /// Headers added to Graph's, or replacing them.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body; Graph's usual one for that status if left out.
        #[serde(default)]
        body: Option<Value>,
        /// A `Retry-After` in the form of a date, this many seconds after the answer.
        #[serde(default)]
        retry_after_date_in: Option<u64>,
    },
    /// The right answer, delayed.
    Delay {
        /// The delay in milliseconds.
        milliseconds: u64,
    },
    /// The connection is reset before the answer.
    Reset,
    /// The connection is reset after this many bytes of the right answer.
    Truncate {
        /// The number of bytes of the answer that arrive, its head included.
        bytes: u64,
    },
    /// The connection stalls after this many bytes of the right answer, and stays open.
    Stall {
        /// The number of bytes of the answer that arrive, its head included.
        bytes: u64,
    },
    /// No answer.
    Hang,
    /// The right status and headers, and a body that is not JSON.
    Garbage,
}

impl Fault {
    /// A fault on every matching call, without an answer until [`Fault::then`] sets another effect.
    #[must_use]
    pub fn on(pattern: impl Into<Pattern>) -> Self {
        Self {
            on: pattern.into(),
            user: None,
            times: None,
            after_calls: 0,
            after_effect: false,
            then: Then::Hang,
        }
    }

    /// Restricts it to this user, by object id or user principal name.
    #[must_use]
    pub fn for_user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Restricts it to this many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Restricts it to one call.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Skips the first calls.
    #[must_use]
    pub fn after_calls(mut self, calls: u32) -> Self {
        self.after_calls = calls;
        self
    }

    /// Lets the call take effect all the same.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }

    /// Sets the effect on the caller.
    #[must_use]
    pub fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }

    /// Answers with this status and Graph's usual body for it.
    #[must_use]
    pub fn answer(self, status: u16) -> Self {
        self.then(Then::Answer {
            status,
            headers: BTreeMap::new(),
            body: None,
            retry_after_date_in: None,
        })
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Then::Answer { headers, .. } = &mut self.then {
            headers.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// Sets the answer's body.
    #[must_use]
    pub fn body(mut self, json: Value) -> Self {
        if let Then::Answer { body, .. } = &mut self.then {
            *body = Some(json);
        }
        self
    }

    /// 429 with `Retry-After` as written: `2`, `2.128` or a date.
    #[must_use]
    pub fn throttled(self, retry_after: &str) -> Self {
        self.answer(429).header("Retry-After", retry_after)
    }

    /// 429 with `Retry-After` as a date.
    #[must_use]
    pub fn throttled_until_date(self, in_seconds: u64) -> Self {
        self.then(Then::Answer {
            status: 429,
            headers: BTreeMap::new(),
            body: None,
            retry_after_date_in: Some(in_seconds),
        })
    }

    /// Delays the right answer.
    #[must_use]
    pub fn delayed(self, by: Duration) -> Self {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.then(Then::Delay { milliseconds })
    }

    /// Resets the connection before the answer.
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Then::Reset)
    }

    /// Never answers.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Then::Hang)
    }
}

impl Then {
    /// Whether the caller gets the right answer, even if it is late or partial.
    pub(crate) fn keeps_the_answer(&self) -> bool {
        match self {
            Self::Delay { .. } | Self::Truncate { .. } | Self::Stall { .. } | Self::Garbage => true,
            Self::Answer { .. } | Self::Reset | Self::Hang => false,
        }
    }

    /// The scripted answer, if there is one.
    pub(crate) fn other_answer(&self, now: jiff::Timestamp) -> Option<Answer> {
        let Self::Answer {
            status,
            headers,
            body,
            retry_after_date_in,
        } = self
        else {
            return None;
        };
        let mut answer = Answer::usual(*status);
        match body {
            Some(Value::String(text)) => {
                answer.body = Body::Text(text.clone());
                answer.set("Content-Type", "text/html");
            }
            Some(Value::Null) => answer.body = Body::Empty,
            Some(json) => answer.body = Body::Json(json.clone()),
            None if *status == 204 => answer.body = Body::Empty,
            None => {}
        }
        if let Some(seconds) = retry_after_date_in {
            let at = plus(now, Duration::from_secs(*seconds));
            answer.set("Retry-After", &http_date(at));
        }
        for (name, value) in headers {
            answer.set(name, value);
        }
        Some(answer)
    }
}

/// The faults in force, and the calls that are held.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    faults: Arc<Mutex<Vec<Fault>>>,
    holds: watch::Sender<Vec<Hold>>,
}

/// A pattern of frozen calls.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hold {
    on: Pattern,
    stage: Stage,
}

/// The point at which a call is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has arrived, without an effect.
    Arrival,
    /// It has had its effect, without an answer.
    Answer,
}

impl Faults {
    /// Puts a fault in force. Of several that match a call, the oldest acts.
    pub fn add(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    /// Removes every fault. Held calls stay held.
    pub fn clear(&self) {
        lock(&self.faults).clear();
    }

    /// The faults in force.
    #[must_use]
    pub fn list(&self) -> Vec<Fault> {
        lock(&self.faults).clone()
    }

    /// The fault for this call; `is_user` says whether a name is the call's user.
    pub(crate) fn strike(
        &self,
        method: &str,
        path: &str,
        is_user: impl Fn(&str) -> bool,
    ) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        for fault in faults.iter_mut() {
            let meant = fault.on.matches(method, path)
                && fault.user.as_deref().is_none_or(&is_user)
                && fault.times != Some(0);
            if !meant {
                continue;
            }
            if let Some(left) = fault.after_calls.checked_sub(1) {
                fault.after_calls = left;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            return Some(fault.clone());
        }
        None
    }

    pub(crate) fn hold(&self, on: Pattern, stage: Stage) {
        self.holds
            .send_modify(|holds| holds.push(Hold { on, stage }));
    }

    /// Releases the calls held by this pattern, or all.
    pub(crate) fn release(&self, on: Option<&Pattern>) {
        self.holds
            .send_modify(|holds| holds.retain(|hold| on.is_some_and(|on| hold.on != *on)));
    }

    /// Returns at once, or when the call is released.
    pub(crate) async fn held(&self, method: &str, path: &str, stage: Stage) {
        let free = |holds: &Vec<Hold>| {
            !holds
                .iter()
                .any(|hold| hold.stage == stage && hold.on.matches(method, path))
        };
        // The sender is in `self`, so waiting cannot fail.
        if self.holds.subscribe().wait_for(free).await.is_err() {
            tracing::warn!("the holds went away while a call was held");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_can_be_written_as_json() {
        for then in [
            r#"{"answer": {"status": 429, "headers": {"Retry-After": "2.128"}}}"#,
            r#"{"answer": {"status": 429, "retryAfterDateIn": 5}}"#,
            r#"{"answer": {"status": 200, "body": {"value": false}}}"#,
            r#"{"delay": {"milliseconds": 500}}"#,
            r#"{"truncate": {"bytes": 20}}"#,
            r#"{"stall": {"bytes": 20}}"#,
            r#""reset""#,
            r#""hang""#,
            r#""garbage""#,
        ] {
            let text = format!(r#"{{"on": "GET *", "then": {then}}}"#);
            let fault: Fault =
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{then}: {e}"));
            let again = serde_json::to_string(&fault).unwrap();
            assert!(serde_json::from_str::<Fault>(&again).is_ok(), "{again}");
        }
    }
}
