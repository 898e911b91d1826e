//! Receipts as events: CloudEvents 1.0 in their JSON form, one for each receipt.
//!
//! The id is made from what the broker says of the message and from the subject, not from the outcome. A message whose outputs
//! were written only in part is delivered again, its users are then `already_cut`, and the event repeats its id: a reader who
//! keeps the first event of an id keeps the true one.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{IncidentNote, Masked, Outcome, Receipt, Subject, UserId};

use super::AlertReport;
use super::confirmation::{self, Confirmation};
use super::size::{cut, json};

/// The type of the events. No domain name stands before it, because this project owns none; the number counts up when a
/// field's meaning changes.
pub const EVENT_TYPE: &str = "evict.receipt.v1";

/// The name space of the ids. Drawn once.
const NAMESPACE: Uuid = Uuid::from_u128(0x85bd_73f9_fd21_4037_9e1f_e03e_9671_72d9);

/// The most bytes of one text, in the host's form; together with the other bounds here an event cannot pass
/// [`EVENT_LIMIT`](super::EVENT_LIMIT).
const TEXT_LIMIT: usize = 1024;
const DETAIL_LIMIT: usize = 4 * 1024;
const CALLS_LIMIT: usize = 16;
const ALIVE_LIMIT: usize = 8;
const CONFIRMATION_LIMIT: usize = 32 * 1024;

/// What identifies the message or the call that the receipts answer.
#[derive(Debug, Clone, Copy)]
pub enum EventKey<'a> {
    /// The number and the time that the broker has given a message: every delivery has both, and no other message has. Two
    /// messages may well have one id, which is their senders' to choose ("Message identity", Service Bus).
    Broker {
        /// `SequenceNumber`.
        sequence_number: u64,
        /// `EnqueuedTime`.
        enqueued_at: Timestamp,
    },
    /// The id of the message, where the broker's number cannot be believed.
    Message(&'a str),
    /// The body of a message whose id cannot be believed: every delivery has it too, and so has every message that says
    /// the same.
    Body(&'a [u8]),
    /// The host's id of the invocation, for an HTTP request: each request cuts, so that each has receipts of its own.
    Invocation(&'a str),
}

/// One event for each receipt, in the receipts' order, as JSON. `source` is a URI reference that names this deployment.
///
/// Texts that are too long for an event are cut and say so; of calls the last are kept, and `callsLeftOut` tells how many
/// are missing. If the cap per alert withheld users, the first events of such users bear in `confirm` the messages that
/// lift it.
#[must_use]
pub fn events(report: &AlertReport<'_>, source: &str, key: EventKey<'_>) -> Vec<String> {
    let mut seen = HashMap::new();
    let confirmations = confirmation::of(report, CONFIRMATION_LIMIT);
    let mut confirmations = confirmations.iter();
    report
        .pairs()
        .map(|(subject, receipt)| {
            let identity = identity(subject, receipt);
            let repetition = seen.entry(identity.clone()).or_insert(0_usize);
            let id = id(key, &identity, *repetition);
            *repetition += 1;
            let confirm = if confirmation::is_capped(receipt) {
                confirmations.next()
            } else {
                None
            };
            json(&Event {
                specversion: "1.0",
                id,
                source,
                kind: EVENT_TYPE,
                subject: receipt.user.as_ref().map(|user| user.id),
                time: receipt.at,
                datacontenttype: "application/json",
                data: Data {
                    receipt: trimmed(receipt),
                    calls_left_out: Some(calls_left_out(receipt)).filter(|count| *count > 0),
                    confirm,
                },
            })
        })
        .collect()
}

/// A receipt as an event of CloudEvents 1.0.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct Event<'a> {
    /// The version of CloudEvents.
    specversion: &'static str,
    /// Every delivery of a message repeats it.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "uuid")))]
    id: Uuid,
    /// The deployment.
    source: &'a str,
    /// The type of the event.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The user's object id. Never a name: a system that passes the event on may log it.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<UserId>,
    /// When the receipt was made.
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    time: Timestamp,
    /// The type of `data`.
    datacontenttype: &'static str,
    /// The receipt.
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(flatten)]
    receipt: Receipt,
    /// How many earlier calls are not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_left_out: Option<usize>,
    /// The message that lifts the cap per alert for some of the users that it withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<&'a Confirmation<'a>>,
}

impl EventKey<'_> {
    /// What it is made from, and a name of it that no other has.
    fn named(self) -> (&'static str, Uuid) {
        match self {
            Self::Broker {
                sequence_number,
                enqueued_at,
            } => {
                let name = format!("{sequence_number} {enqueued_at}");
                ("broker", Uuid::new_v5(&NAMESPACE, name.as_bytes()))
            }
            Self::Message(id) => ("message", Uuid::new_v5(&NAMESPACE, id.as_bytes())),
            Self::Body(body) => ("body", Uuid::new_v5(&NAMESPACE, body)),
            Self::Invocation(id) => ("invocation", Uuid::new_v5(&NAMESPACE, id.as_bytes())),
        }
    }

    /// The message, if the broker's own word tells it from every other.
    #[must_use]
    pub fn of_broker(self) -> Option<Uuid> {
        match self {
            Self::Broker { .. } => Some(self.name()),
            Self::Message(_) | Self::Body(_) | Self::Invocation(_) => None,
        }
    }

    /// The message or the call, by an id that no other has.
    pub(super) fn name(self) -> Uuid {
        let (kind, of_key) = self.named();
        Uuid::new_v5(&of_key, kind.as_bytes())
    }
}

fn id(key: EventKey<'_>, identity: &str, repetition: usize) -> Uuid {
    let (kind, of_key) = key.named();
    let name = serde_json::json!([kind, of_key, identity, repetition]).to_string();
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// All that the payload says of the subject, so that two subjects of one message differ.
fn identity(subject: Option<&Subject>, receipt: &Receipt) -> String {
    let Some(Subject { account, .. }) = subject else {
        return receipt.subject.0.clone();
    };
    json(&(
        account.kind,
        account.id,
        &account.upn,
        &account.sid,
        &account.mail,
        account.tenant,
        &account.account,
        &account.name,
    ))
}

fn calls_left_out(receipt: &Receipt) -> usize {
    receipt.calls.len().saturating_sub(CALLS_LIMIT)
}

fn trimmed(receipt: &Receipt) -> Receipt {
    let left_out = calls_left_out(receipt);
    let mut receipt = receipt.clone();
    receipt.subject = Masked(shortened(&receipt.subject.0));
    if let Outcome::NotEffective {
        home_domain: Some(domain),
    } = &mut receipt.outcome
    {
        *domain = shortened(domain);
    }
    receipt.detail = receipt
        .detail
        .map(|detail| cut(&detail, DETAIL_LIMIT).into_owned());
    receipt.calls.drain(..left_out);
    for call in &mut receipt.calls {
        call.operation = cut(&call.operation, TEXT_LIMIT / 4).into_owned();
        call.request_id = call
            .request_id
            .as_ref()
            .map(|id| cut(id, TEXT_LIMIT / 4).into_owned());
    }
    receipt.still_alive.truncate(ALIVE_LIMIT);
    for alive in &mut receipt.still_alive {
        alive.what = shortened(&alive.what);
    }
    receipt.incident = receipt.incident.map(|note| IncidentNote {
        problem: note
            .problem
            .map(|problem| cut(&problem, DETAIL_LIMIT / 2).into_owned()),
        ..note
    });
    receipt.requested_by_claim = receipt
        .requested_by_claim
        .map(|claim| Masked(shortened(&claim.0)));
    receipt.requested_because = receipt
        .requested_because
        .map(|because| Masked(shortened(&because.0)));
    let correlation = &mut receipt.correlation;
    for id in [
        &mut correlation.alert_id,
        &mut correlation.incident_id,
        &mut correlation.message_id,
        &mut correlation.correlation_id,
    ]
    .into_iter()
    .flatten()
    {
        *id = shortened(id);
    }
    correlation.invocation_id = shortened(&correlation.invocation_id);
    receipt
}

fn shortened(text: &str) -> String {
    cut(text, TEXT_LIMIT).into_owned()
}
