//! Subjects as manual messages for the input queue: what is handed over, put back, or confirmed by a person.
//!
//! No top-level property of such a message may bear the name of a metadata value of Service Bus, because the host would
//! then overwrite that value with it, and nothing the broker says of the message could be believed any more.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{
    AccountName, AlertHeader, CommentBy, HandedOn, MailAddress, Outcome, SecurityIdentifier,
    Severity, Shape, Story, Subject, SubjectKind, TenantId, UserId, UserPrincipalName, WrittenBy,
};

use super::AlertReport;
use super::origin::Origin;
use super::size::{QUEUE_MESSAGE_LIMIT, as_sent, cut, json};

/// The most bytes of one text in a message. No text that serves to find something again is longer.
const TEXT_LIMIT: usize = 2 * 1024;

/// A message in the manual form.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct ManualMessage<'a> {
    /// The users that it names.
    pub(super) users: Vec<Entry<'a>>,
    /// Why it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Who asked, as a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requested_by: Option<String>,
    /// How grave it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<String>,
    /// The incident's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) incident: Option<String>,
    /// The alert's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alert: Option<String>,
    /// How many users it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expect: Option<usize>,
    /// Who writes the comment on the incident: `evict` or `caller`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment_by: Option<&'static str>,
    /// What is awaited before anybody is named: `entities`, of the incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) awaits: Option<&'static str>,
    /// That no person asked: the users go on as an alert flagged them, and its severity counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) automated: Option<bool>,
    /// The message of which it is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handed_on: Option<Earlier>,
    /// Why it was put aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rejected_because: Option<String>,
    /// From where it was put aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rejected_from: Option<Origin<'a>>,
}

/// What the form says of the message of which this one is left.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Earlier {
    /// How many deliveries it has had.
    deliveries: u32,
    /// When it was put on the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    queued_at: Option<Timestamp>,
    /// By which its receipts are found.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// When the alert was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "operator", schemars(with = "String", extend("format" = "date-time")))]
    alert_at: Option<Timestamp>,
    /// The shape of the first message.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    /// What the comment on the incident tells already.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Story>,
    /// What its sender wrote, of a message that awaits entities.
    #[serde(skip_serializing_if = "Option::is_none")]
    received_body: Option<String>,
}

impl Earlier {
    fn of(handed_on: &HandedOn) -> Self {
        let correlation_id = handed_on.correlation_id.as_deref();
        Self {
            deliveries: handed_on.deliveries,
            queued_at: handed_on.queued_at,
            correlation_id: correlation_id.map(|id| cut(id, 1024).into_owned()),
            alert_at: handed_on.alert_at,
            source: handed_on.source.map(Shape::as_str),
            comment: handed_on.story.clone(),
            received_body: handed_on.received_body.clone(),
        }
    }
}

/// One user of a manual message.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(super) enum Entry<'a> {
    /// A user that the directory named.
    Id(UserId),
    /// An account with all that is known of it.
    Subject(SubjectEntry<'a>),
}

#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub(super) struct SubjectEntry<'a> {
    /// The object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    /// The user principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a UserPrincipalName>,
    /// The security identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a SecurityIdentifier>,
    /// A mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<&'a MailAddress>,
    /// The home tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// DOMAIN\name.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a AccountName>,
    /// How grave what flags the user is, where it is not as grave as the message says.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
}

impl<'a> Entry<'a> {
    /// The object id that it names, if it names one.
    pub(super) fn id(&self) -> Option<UserId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Subject(subject) => subject.id,
        }
    }

    /// The subject as an entry of a message of that severity; `None` for what the directory cannot be asked for, or is no user
    /// by the payload's own word. Such a subject's outcome is final before anything is called, so that it never has to go on.
    pub(super) fn of(subject: &'a Subject, of_message: Option<Severity>) -> Option<Self> {
        let account = &subject.account;
        let own = subject.flag.severity;
        let entry = Self::Subject(SubjectEntry {
            id: account.id,
            upn: account.upn.as_ref(),
            sid: account.sid.as_ref(),
            mail: account.mail.as_ref(),
            tenant: account.tenant,
            account: account.account.as_ref(),
            severity: own.filter(|_| own != of_message).map(Severity::as_str),
        });
        (account.kind == SubjectKind::User && account.is_resolvable()).then_some(entry)
    }
}

impl<'a> ManualMessage<'a> {
    /// A message without users that says what the header says. Over-long texts are cut.
    pub(super) fn of(header: &AlertHeader) -> Self {
        let short = |text: &Option<String>| {
            text.as_deref()
                .map(|text| cut(text, TEXT_LIMIT).into_owned())
        };
        Self {
            users: Vec::new(),
            reason: short(&header.reason),
            requested_by: short(&header.requested_by),
            severity: short(&header.severity),
            incident: short(&header.incident_id),
            alert: short(&header.alert_id),
            expect: header.expect,
            comment_by: header.comment_by.map(CommentBy::as_str),
            awaits: None,
            automated: None,
            handed_on: None,
            rejected_because: None,
            rejected_from: None,
        }
    }

    /// As many copies of this message as it takes to name all entries, in their order, each at most `limit` bytes in the
    /// host's form. A message that expects a number of users then expects its own. Each holds at least one user, so that a
    /// limit too small for anything is passed rather than a user lost.
    pub(super) fn pack(
        &self,
        entries: impl IntoIterator<Item = Entry<'a>>,
        limit: usize,
        depth: usize,
    ) -> Vec<Self> {
        // The frame is measured while it is empty: the list's line ends and more digits in `expect` are yet to come.
        let frame = as_sent(self, depth) + 32;
        let mut messages: Vec<Self> = Vec::new();
        let mut used = 0;
        for entry in entries {
            let length = as_sent(&entry, depth + 2);
            if used + length > limit || messages.is_empty() {
                messages.push(self.clone());
                used = frame;
            }
            used += length;
            if let Some(message) = messages.last_mut() {
                message.users.push(entry);
            }
        }
        for message in &mut messages {
            message.expect = message.expect.map(|_| message.users.len());
        }
        messages
    }
}

impl<'a> ManualMessage<'a> {
    /// How grave it says that all of it is, on one scale.
    pub(super) fn severity(&self) -> Option<Severity> {
        self.severity.as_deref().and_then(Severity::read)
    }

    /// These subjects in as many copies of this message as it takes. Users that a person asked for and users that an alert flags, with a
    /// severity and without one, go in messages of their own, and a user who is not as grave as the message says so: each is
    /// decided about, and comes to his turn, as before. They need no common cap, since no more go on than the cap let through.
    pub(super) fn naming(
        &self,
        subjects: impl Iterator<Item = &'a Subject>,
        limit: usize,
    ) -> Vec<Self> {
        let of_message = self.severity();
        let kind = |subject: &Subject| (subject.flag.written_by, subject.flag.severity.is_some());
        let subjects: Vec<&Subject> = subjects.collect();
        let mut messages = Vec::new();
        for (written_by, is_graded) in KINDS {
            let message = Self {
                automated: (written_by == WrittenBy::Machine).then_some(true),
                // A word that grades nobody may stay.
                severity: self
                    .severity
                    .clone()
                    .filter(|_| is_graded || of_message.is_none()),
                ..self.clone()
            };
            let own = subjects
                .iter()
                .filter(|subject| kind(subject) == (written_by, is_graded));
            let entries = own.filter_map(|subject| Entry::of(subject, of_message));
            messages.extend(message.pack(entries, limit, 0));
        }
        messages
    }
}

/// The kinds of subjects that go on in messages of their own: by whose word, and whether with a severity.
const KINDS: [(WrittenBy, bool); 4] = [
    (WrittenBy::Person, true),
    (WrittenBy::Person, false),
    (WrittenBy::Machine, true),
    (WrittenBy::Machine, false),
];

/// The subjects as manual messages, as many as it takes to keep each within `limit_bytes` in the form in which the host
/// sends it. `expect` is written only if the header has it, as each message's own number of users.
///
/// Subjects that are no users, or that the directory cannot be asked for, are passed over: their outcome was final.
#[must_use]
pub fn put_back(header: &AlertHeader, subjects: &[Subject], limit_bytes: usize) -> Vec<String> {
    ManualMessage::of(header)
        .naming(subjects.iter(), limit_bytes)
        .iter()
        .map(json)
        .collect()
}

/// The subjects whose receipts say `handed_over`, as messages for the input queue. They name the caller whose token was
/// checked; on the queue that is a claim like any other, since every sender there could have written it. What is left of
/// a message says how far it had come.
#[must_use]
pub fn handover(report: &AlertReport<'_>, handed_on: Option<&HandedOn>) -> Vec<String> {
    let subjects = report
        .pairs()
        .filter(|(_, receipt)| matches!(receipt.outcome, Outcome::HandedOver))
        .filter_map(|(subject, _)| subject);
    let header = report.parsed.header();
    let mut message = ManualMessage {
        handed_on: handed_on.map(Earlier::of),
        ..ManualMessage::of(header)
    };
    if let Some(caller) = report.requested_by {
        let claim = message.requested_by.map(|claim| format!(" for {claim}"));
        let of_application = caller
            .application_id
            .map(|id| format!(" (application {id})"));
        message.requested_by = Some(format!(
            "{}{}, by a checked token{}",
            caller.object_id,
            of_application.unwrap_or_default(),
            claim.unwrap_or_default()
        ));
    }
    let mut messages = message.naming(subjects, QUEUE_MESSAGE_LIMIT);
    for (index, message) in messages.iter_mut().enumerate().skip(1) {
        if let Some(earlier) = &mut message.handed_on {
            let part = format!("{} {index}", earlier.deliveries);
            earlier.comment = earlier
                .comment
                .take()
                .map(|whole| self::part(&whole, &part));
        }
    }
    messages.iter().map(json).collect()
}

/// An alert that names nobody yet, as a message for the input queue that waits for the entities of its incident. What its sender
/// wrote goes with it, for whoever has to send it again if they do not arrive; only where it fits into one message.
#[must_use]
pub fn awaiting(header: &AlertHeader, handed_on: &HandedOn) -> String {
    let mut message = ManualMessage {
        awaits: Some("entities"),
        automated: Some(true),
        handed_on: Some(Earlier::of(handed_on)),
        ..ManualMessage::of(header)
    };
    if as_sent(&message, 0) > QUEUE_MESSAGE_LIMIT
        && let Some(earlier) = &mut message.handed_on
    {
        earlier.received_body = None;
    }
    json(&message)
}

/// What goes on in several messages ends at several times, so that each beyond the first has a comment of its own: none could
/// replace another's without losing what that one tells.
fn part(of: &Story, name: &str) -> Story {
    Story::of(Uuid::new_v5(&of.first, name.as_bytes()))
}
