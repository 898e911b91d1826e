//! One record, several renderings: the reply to an HTTP caller, an incident comment, a log line, events, and the messages
//! by which unfinished and unreadable work goes on.
//!
//! Nothing here decides, orders or drops anything: receipts stand in the alert's order, one for each subject. The clock is
//! not read. Text from alerts is untrusted in every rendering; log lines hold object ids and no names.
//!
//! # The JSON of a receipt
//!
//! This is a contract: fields are added, but none is renamed, removed or given another meaning. Absent ones are left out
//! where this table says "if". Times are RFC 3339 in UTC.
//!
//! | field | holds |
//! | --- | --- |
//! | `subject` | the account as the sender wrote it |
//! | `user` | if the directory named one: `id`, `userPrincipalName` |
//! | `foundBy` | if the directory named one: by what of the subject, a word of [`FoundBy`](crate::domain::FoundBy) |
//! | `subjectId` | if it named none: the object id that the sender gave |
//! | `subjectHash` | if no object id is known: a hash of `subject`, which the log has in its place |
//! | `outcome` | `revoked`, `already_cut`, `withheld`, `not_effective`, `not_found`, `ambiguous`, `not_a_user`, `failed`, `deferred`, `handed_over` |
//! | `verified` | if `revoked`: whether the cut was read back |
//! | `reason` | if `withheld`: a word of [`WithholdReason`](crate::domain::WithholdReason) |
//! | `homeDomain` | if `not_effective` and known: where the user signs in, a hint |
//! | `candidates` | if `ambiguous`: how many users fit |
//! | `fix` | if `failed`: a word of [`Fix`](crate::domain::Fix) |
//! | `as` | if `not_a_user`: what it is, a word of [`SubjectKind`](crate::domain::SubjectKind) |
//! | `detail` | if there is something to add: sentences for a person |
//! | `policy` | if a setting decided: its name |
//! | `sessionsValidFrom` | `before` and `after`, each if it was read: the user's `signInSessionsValidFromDateTime` |
//! | `alertAt` | if the alert says when it was made: that time; of several the latest |
//! | `receivedAt` | when its first message was put on the queue, or its HTTP call came |
//! | `cutAt` | if a cut was proved: from when on sessions are valid, the property itself |
//! | `provedAt` | if a cut was proved: when the property was read |
//! | `source` | the shape of the alert's first message |
//! | `calls` | what was called that changes something: `operation`, `at`, and if an answer came `status`, `requestId` |
//! | `attempts` | how many requests were sent to Graph |
//! | `elapsedMilliseconds` | the time spent |
//! | `at` | when the record was made |
//! | `stillAlive` | what may live on: `what`, and if a bound is known `until` |
//! | `requestedBy` | if a caller proved itself by a token: `objectId`, and if known `applicationId` |
//! | `requestedByClaim` | if the alert names who asked: that text, which anybody may have written |
//! | `requestedBecause` | if the alert says why it was asked for: that text |
//! | `incident` | if incidents are read and written: `status` (`open`, `closed`, `unknown`) if it was asked, `comment` (`written`, `failed`, `other_workspace`) if one was to be written, `label` and the number of `tasks` if there are any, `problem` if one of these failed |
//! | `correlation` | `invocationId`, and if known `alertId`, `incidentId`, `messageId`, `correlationId` |
//!
//! Two fields occur in events alone: `callsLeftOut`, if there were more calls than an event holds, and `confirm`, if the
//! cap per alert withheld users: a manual message that cuts the users that it names. In the reply, `alert.confirm` lists all
//! of these messages.

#![deny(clippy::wildcard_enum_match_arm)]

mod comment;
mod confirmation;
mod event;
mod incident;
mod incident_lines;
mod incident_tasks;
mod log;
mod markup;
mod message;
mod origin;
mod rejected;
mod reply;
mod sentence;
mod size;

use crate::domain::{Caller, Mode, Parsed, Receipt, Subject};

pub use comment::{COMMENT_LIMIT, comment};
pub use event::{EVENT_TYPE, Event as EventDocument, EventKey, events};
pub use incident::{comment_under_way, first_message, incident_comment, told_so_far};
pub use incident_tasks::{incident_label, incident_tasks};
pub use log::log_line;
pub use message::{ManualMessage, awaiting, handover, put_back};
pub use origin::RejectedFrom;
pub use rejected::{Unreadable, rejected, unfinished, unread};
pub use reply::{OperatorReply, OperatorReport, Reply as ReplyDocument, operator_json, reply_json};
pub use size::{EVENT_LIMIT, QUEUE_MESSAGE_LIMIT};

/// What one alert came to: how it was read, and a receipt for each of its subjects.
#[derive(Debug, Clone, Copy)]
pub struct AlertReport<'a> {
    /// How the payload was read. Its subjects belong to the receipts, one for one and in the same order.
    pub parsed: &'a Parsed,
    /// The receipts. None for a payload that could not be read.
    pub receipts: &'a [Receipt],
    /// The mode in which it was acted on.
    pub mode: Mode,
    /// Who called over HTTP, by a checked token.
    pub requested_by: Option<Caller>,
}

impl<'a> AlertReport<'a> {
    /// Every receipt with its subject.
    fn pairs(&self) -> impl Iterator<Item = (Option<&'a Subject>, &'a Receipt)> {
        let subjects = self.parsed.subjects();
        self.receipts
            .iter()
            .enumerate()
            .map(move |(index, receipt)| (subjects.get(index), receipt))
    }
}
