//! The manual messages that name exactly the users that the cap per alert withheld. Sent by a person who means them all,
//! each cuts them, because its `expect` lifts that cap for it alone.

use std::collections::HashSet;

use crate::domain::{Outcome, Receipt, WithholdReason};

use super::AlertReport;
use super::message::{Entry, ManualMessage};
use super::sentence::CAP_PER_ALERT;

/// A manual message with `expect`.
pub(super) type Confirmation<'a> = ManualMessage<'a>;

/// How deep in a message the confirmation stands at most: in an event's `data`.
const DEPTH: usize = 2;

/// Whether a receipt was withheld by the cap per alert. The cap per hour cannot be lifted by a message.
pub(super) fn is_capped(receipt: &Receipt) -> bool {
    matches!(
        receipt.outcome,
        Outcome::Withheld {
            reason: WithholdReason::BlastRadius
        }
    ) && receipt.policy == Some(CAP_PER_ALERT)
}

/// The messages, each at most `limit` bytes in the host's form; none if the alert was not capped. Who sends them is not
/// yet known: `requestedBy` is left for the sender to write.
pub(super) fn of<'a>(report: &AlertReport<'a>, limit: usize) -> Vec<Confirmation<'a>> {
    let mut named = HashSet::new();
    let message = ManualMessage {
        requested_by: None,
        expect: Some(0),
        ..ManualMessage::of(report.parsed.header())
    };
    let severity = message.severity();
    let entries = report
        .pairs()
        .filter(|(_, receipt)| is_capped(receipt))
        .filter_map(|(subject, receipt)| match &receipt.user {
            Some(user) => Some(Entry::Id(user.id)),
            None => subject.and_then(|subject| Entry::of(subject, severity)),
        })
        // Two subjects can turn out to be one user, and a message that counts one twice is refused.
        .filter(|entry| entry.id().is_none_or(|id| named.insert(id)));
    message.pack(entries, limit, DEPTH)
}
