//! The people behind the calls that the sandbox recorded, and behind the messages that the app wrote.

use jiff::Timestamp;
use sandbox::tenant::CallRecord;
use serde_json::Value;

use crate::truth::people::{self, Subject};
use crate::truth::strategy;

pub(super) fn is_revoke(call: &CallRecord) -> bool {
    call.method == "POST" && call.path.ends_with("/revokeSignInSessions")
}

fn number_of(id: uuid::Uuid) -> Option<usize> {
    (0..strategy::PEOPLE).find(|person| people::person_id(*person) == id)
}

/// The person of a revocation, also after a deletion.
pub(super) fn person_of(call: &CallRecord) -> Option<usize> {
    if !is_revoke(call) {
        return None;
    }
    call.path
        .split('/')
        .find_map(|part| part.parse().ok())
        .and_then(number_of)
}

/// The person that a call reads.
pub(super) fn person_read(call: &CallRecord) -> Option<usize> {
    (call.method == "GET")
        .then_some(call.user?)
        .and_then(number_of)
}

/// Whether the answer says that the call was not carried out, so that nothing follows from it.
pub(super) fn is_refusal(call: &CallRecord) -> bool {
    let refused = |status| matches!(status, 400..=407 | 409..=499 | 503);
    call.status.is_some_and(refused) || says_false(call)
}

/// Whether it is a success that says that nothing was done.
pub(super) fn says_false(call: &CallRecord) -> bool {
    let value = call.answer.as_ref().map(|answer| &answer["value"]);
    call.status == Some(200) && value.is_some_and(|value| value == false)
}

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// The value that a read of one user returned.
pub(super) fn shown(call: &CallRecord) -> Option<Timestamp> {
    time(&call.answer.as_ref()?["signInSessionsValidFromDateTime"])
}

/// The value that a search returned for that person.
pub(super) fn in_a_list(call: &CallRecord, person: usize) -> Option<Timestamp> {
    let list = call.answer.as_ref()?["value"].as_array()?;
    let id = people::person_id(person).to_string();
    list.iter()
        .find(|entry| entry["id"] == id.as_str())
        .and_then(|entry| time(&entry["signInSessionsValidFromDateTime"]))
}

/// Whether a manual message names the subject.
pub(super) fn names(message: &Value, subject: &Subject) -> bool {
    let written = written(message);
    let texts = subject.texts();
    written
        .iter()
        .any(|entry| entry.texts().iter().any(|text| texts.contains(text)))
}

pub(super) fn written_by_the_app(body: &[u8]) -> Vec<Subject> {
    serde_json::from_slice(body)
        .map(|message| written(&message))
        .unwrap_or_default()
}

fn written(message: &Value) -> Vec<Subject> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let entries = message["users"].as_array().into_iter().flatten();
    entries
        .map(|entry| {
            let sid = text(&entry["sid"]);
            let is_cloud = sid
                .as_deref()
                .is_some_and(|sid| sid.starts_with("S-1-12-1-"));
            Subject {
                said: vec![people::Said {
                    id: entry["id"].as_str().and_then(|id| id.parse().ok()),
                    upn: text(&entry["upn"]),
                    cloud_sid: sid.clone().filter(|_| is_cloud),
                    sid: sid.filter(|_| !is_cloud),
                    mail: text(&entry["mail"]),
                    account: text(&entry["account"]),
                    elsewhere: entry["tenant"]
                        .as_str()
                        .is_some_and(|id| id != people::TENANT.to_string()),
                    machine: None,
                }],
            }
        })
        .collect()
}
