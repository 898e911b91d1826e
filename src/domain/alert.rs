//! The alert: a payload of any shape, once read, and the three ways in which reading can end.

use std::fmt;

use jiff::Timestamp;

use super::accounts::identifiers::TenantId;
use super::accounts::mention::{Mention, Subject, WrittenBy};
use super::accounts::subject::SubjectRef;
use super::incident::{CommentBy, IncidentNote, Story};
use super::severity::Severity;

macro_rules! shapes {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// The shapes that are read, one file of `alert` each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Shape {
            $($(#[$doc])* $variant,)*
        }

        impl Shape {
            /// Every shape.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The shape's name in `evict explain`, in receipts and in logs.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

shapes! {
    /// The body of the incident trigger, from an automation rule or a Logic App.
    SentinelIncidentTrigger => "sentinel-incident-trigger",
    /// An incident as a resource, without the trigger's frame.
    SentinelIncidentResource => "sentinel-incident-resource",
    /// The body of the alert trigger.
    SentinelAlertTrigger => "sentinel-alert-trigger",
    /// A row of the `SecurityAlert` table.
    SentinelSecurityAlertRecord => "sentinel-securityalert-record",
    /// The body of the entity trigger.
    SentinelEntityTrigger => "sentinel-entity-trigger",
    /// Entities of Sentinel by themselves: one, a list, or the answer that lists an incident's entities.
    SentinelEntities => "sentinel-entities",
    /// A Service Bus message as a Logic App passes it on.
    LogicAppServiceBus => "logicapp-servicebus",
    /// The output of a Logic App's trigger or action: headers and a body.
    LogicAppOutputs => "logicapp-outputs",
    /// Graph security alert, version 2.
    GraphAlertV2 => "graph-alert-v2",
    /// Graph security incident.
    GraphIncident => "graph-incident",
    /// Microsoft Defender for Endpoint's own alert.
    MdeAlert => "mde-alert",
    /// An incident of the Defender XDR API.
    DefenderXdrLegacyIncident => "defender-xdr-legacy-incident",
    /// An advanced hunting record of the streaming API.
    DefenderXdrStreaming => "defender-xdr-streaming",
    /// An Identity Protection risky user.
    GraphRiskyUser => "graph-risky-user",
    /// An Identity Protection risk detection.
    GraphRiskDetection => "graph-risk-detection",
    /// A record of Entra's diagnostic settings.
    EntraDiagnostics => "entra-diagnostics",
    /// An alert of Microsoft Defender for Cloud.
    DefenderForCloudExport => "defender-for-cloud-export",
    /// Azure Monitor's common alert schema with rows or dimensions.
    AzureMonitorCommon => "azure-monitor-common",
    /// Azure Monitor's common alert schema around an activity log event.
    AzureMonitorActivity => "azure-monitor-activity",
    /// A notification of Microsoft Graph.
    Notification => "notification",
    /// Events in the Event Grid schema.
    EventGrid => "event-grid",
    /// Events in the CloudEvents schema.
    CloudEvents => "cloudevents",
    /// A message written by a person or a script, as JSON.
    Manual => "manual",
    /// A message that is one user principal name or object id.
    ManualText => "manual-text",
    /// None of these.
    None => "none",
}

impl Shape {
    /// Whether machines or people write payloads of this shape.
    #[must_use]
    pub fn written_by(self) -> WrittenBy {
        if matches!(self, Self::Manual | Self::ManualText) {
            WrittenBy::Person
        } else {
            WrittenBy::Machine
        }
    }
}

/// Everything in a payload besides its accounts. All text in it is untrusted. `Debug` masks what may name a person.
#[derive(Clone, PartialEq, Eq)]
pub struct AlertHeader {
    /// The recognised shape. For an envelope: the envelope's.
    pub shape: Shape,
    /// The severity as the sender wrote it.
    pub severity: Option<String>,
    /// The alert's id. `None` if a payload holds several alerts.
    pub alert_id: Option<String>,
    /// The incident's id: the ARM id for Sentinel, the number as text for Graph and Defender.
    pub incident_id: Option<String>,
    /// The tenant of the alert itself, if the shape states it. It says nothing about any subject.
    pub tenant: Option<TenantId>,
    /// When the account was flagged (not when the activity happened, which may be days earlier).
    pub flagged_at: Option<Timestamp>,
    /// The reason, in a manual message.
    pub reason: Option<String>,
    /// Who asked, as the message claims.
    pub requested_by: Option<String>,
    /// The number of users that a manual message says it names.
    pub expect: Option<usize>,
    /// Who writes the comment on the incident, if the sender says so.
    pub comment_by: Option<CommentBy>,
    /// What a message that goes on claims about its first message.
    pub handed_on: Option<HandedOn>,
}

/// The progress that a message that goes on carries: a claim of the sender, about the users of that message alone. The
/// ids may hold names, and `Debug` masks them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HandedOn {
    /// The number of deliveries so far.
    pub deliveries: u32,
    /// When the first message was put on the queue.
    pub queued_at: Option<Timestamp>,
    /// The first message's correlation id, or its id if it had none.
    pub correlation_id: Option<String>,
    /// When the alert was made.
    pub alert_at: Option<Timestamp>,
    /// The shape of the first message.
    pub source: Option<Shape>,
    /// What the comment on the alert's incident already says; `None` if this program writes no comment.
    pub story: Option<Story>,
    /// What its sender wrote, of a message that goes on without naming anybody.
    pub received_body: Option<String>,
}

impl fmt::Debug for HandedOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedOn")
            .field("deliveries", &self.deliveries)
            .field("queued_at", &self.queued_at)
            .finish_non_exhaustive()
    }
}

impl AlertHeader {
    /// A header with the shape alone.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            severity: None,
            alert_id: None,
            incident_id: None,
            tenant: None,
            flagged_at: None,
            reason: None,
            requested_by: None,
            expect: None,
            comment_by: None,
            handed_on: None,
        }
    }

    /// When the alert was made, also for a message that goes on.
    #[must_use]
    pub fn alert_at(&self) -> Option<Timestamp> {
        let earlier = self.handed_on.as_ref();
        self.flagged_at.or_else(|| earlier?.alert_at)
    }

    /// The shape of its first message.
    #[must_use]
    pub fn source(&self) -> Shape {
        let earlier = self.handed_on.as_ref();
        earlier
            .and_then(|earlier| earlier.source)
            .unwrap_or(self.shape)
    }

    /// The severity on Sentinel's scale, if the sender's word is known.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.severity.as_deref().and_then(Severity::read)
    }
}

impl fmt::Debug for AlertHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertHeader")
            .field("shape", &self.shape)
            .field("severity", &self.severity)
            .field("alert_id", &self.alert_id)
            .field("incident_id", &self.incident_id)
            .field("tenant", &self.tenant)
            .field("flagged_at", &self.flagged_at)
            .field("reason", &self.reason.as_ref().map(|_| "***"))
            .field("requested_by", &self.requested_by.as_ref().map(|_| "***"))
            .field("expect", &self.expect)
            .field("comment_by", &self.comment_by)
            .field("handed_on", &self.handed_on)
            .finish()
    }
}

/// A payload that flags at least one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Everything besides the accounts.
    pub header: AlertHeader,
    /// Every flagged account, once, in the payload's order; also accounts that are not users.
    pub subjects: Vec<Subject>,
    /// The accounts that are only mentioned.
    pub mentioned: Vec<Mention>,
    /// The parts of a batch that name nobody yet. Their users are not contained unless the parts are sent again.
    pub unread: Vec<Unread>,
}

/// A part of a payload that was understood and names nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its place, as a JSON path.
    pub path: String,
    /// Why it names nobody.
    pub reason: NothingToDoReason,
}

/// Why there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NothingToDoReason {
    /// It names no account.
    NoAccount,
    /// An incident or an alert whose entities have not arrived yet.
    EntitiesPending,
    /// It names accounts, but flags no user.
    NoUser,
    /// A notification that something exists, without the user concerned.
    NotificationOnly,
    /// An alert or incident that is over: closed, resolved, dismissed, or found to be a false positive.
    Resolved,
    /// An incident that was merged into another.
    Redirected {
        /// The id of the other incident, if stated. Untrusted.
        into: Option<String>,
    },
    /// A record of another kind.
    NotAnAlert {
        /// The kind of record, in words of our own.
        taken_for: &'static str,
    },
    /// Event Grid's validation of this endpoint; the code has to be returned.
    SubscriptionValidation {
        /// The value to return as `validationResponse`.
        code: String,
    },
}

impl NothingToDoReason {
    /// The word for it in JSON and in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoAccount => "no_account",
            Self::EntitiesPending => "entities_pending",
            Self::NoUser => "no_user",
            Self::NotificationOnly => "notification_only",
            Self::Resolved => "resolved",
            Self::Redirected { .. } => "redirected",
            Self::NotAnAlert { .. } => "not_an_alert",
            Self::SubscriptionValidation { .. } => "subscription_validation",
        }
    }

    /// Whether users are missed if nothing is done: they exist, but not in this payload.
    #[must_use]
    pub fn leaves_users_unread(&self) -> bool {
        match self {
            Self::EntitiesPending | Self::NotificationOnly => true,
            Self::NoAccount
            | Self::NoUser
            | Self::Resolved
            | Self::Redirected { .. }
            | Self::NotAnAlert { .. }
            | Self::SubscriptionValidation { .. } => false,
        }
    }
}

/// A payload that was understood and flags no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingToDo {
    /// Everything besides the accounts.
    pub header: AlertHeader,
    /// The flagged accounts, none of which is a user.
    pub subjects: Vec<Subject>,
    /// The accounts that are only mentioned.
    pub mentioned: Vec<Mention>,
    /// Why there is nothing to do.
    pub reason: NothingToDoReason,
    /// The parts of a batch that name nobody yet, with the reasons.
    pub unread: Vec<Unread>,
    /// The result of reading its incident and writing into it; `None` if neither was done.
    pub incident: Option<IncidentNote>,
}

/// A payload that cannot be understood. It repeats nothing of the payload, except unknown property names of a manual
/// message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What was read before the error. Its shape may be [`Shape::None`].
    pub header: AlertHeader,
    /// The place, as a JSON path such as `$.users`; `$` for the whole.
    pub path: String,
    /// What was expected and what was found, as a sentence.
    pub expected: String,
}

/// What is asked of the Sentinel incident that a payload belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentQuestion {
    /// Which users it names: the payload names nobody yet.
    WhoIsNamed,
    /// Whether it still stands, and who has joined it since it was sent.
    WhatHasChanged,
}

/// The result of reading a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// At least one user is flagged.
    Alert(Alert),
    /// Understood, and no user is flagged.
    NothingToDo(NothingToDo),
    /// Not understood.
    Malformed(Malformed),
}

impl Parsed {
    /// What its incident would be asked, with the incident's id as the sender wrote it. Whether that is an incident in a workspace
    /// of the settings is decided elsewhere.
    #[must_use]
    pub fn incident_question(&self) -> Option<(IncidentQuestion, &str)> {
        let question = match self {
            // One incident says nothing of what stands beside it.
            Self::NothingToDo(nothing)
                if nothing.reason == NothingToDoReason::EntitiesPending
                    && nothing.unread.len() <= 1 =>
            {
                IncidentQuestion::WhoIsNamed
            }
            Self::Alert(alert)
                if matches!(
                    alert.header.shape,
                    Shape::SentinelIncidentTrigger | Shape::SentinelIncidentResource
                ) =>
            {
                IncidentQuestion::WhatHasChanged
            }
            Self::Alert(_) | Self::NothingToDo(_) | Self::Malformed(_) => return None,
        };
        let id = self.header().incident_id.as_deref()?;
        Some((question, id))
    }

    /// Everything in the payload besides its accounts.
    #[must_use]
    pub fn header(&self) -> &AlertHeader {
        match self {
            Self::Alert(alert) => &alert.header,
            Self::NothingToDo(nothing) => &nothing.header,
            Self::Malformed(malformed) => &malformed.header,
        }
    }

    /// Mutable access to the header.
    #[must_use]
    pub fn header_mut(&mut self) -> &mut AlertHeader {
        match self {
            Self::Alert(alert) => &mut alert.header,
            Self::NothingToDo(nothing) => &mut nothing.header,
            Self::Malformed(malformed) => &mut malformed.header,
        }
    }

    /// The flagged accounts, with their flags.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        match self {
            Self::Alert(alert) => &alert.subjects,
            Self::NothingToDo(nothing) => &nothing.subjects,
            Self::Malformed(_) => &[],
        }
    }

    /// Adds these flagged accounts behind the alert's own. Only an alert takes them.
    pub fn join(&mut self, others: &[Subject]) {
        if let Self::Alert(alert) = self {
            alert.subjects.extend_from_slice(others);
        }
    }

    /// The flagged accounts, without their flags.
    #[must_use]
    pub fn accounts(&self) -> Vec<SubjectRef> {
        let subjects = self.subjects().iter();
        subjects.map(|subject| subject.account.clone()).collect()
    }

    /// The accounts that are only mentioned.
    #[must_use]
    pub fn mentioned(&self) -> &[Mention] {
        match self {
            Self::Alert(alert) => &alert.mentioned,
            Self::NothingToDo(nothing) => &nothing.mentioned,
            Self::Malformed(_) => &[],
        }
    }

    /// The word for it in `evict explain`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::NothingToDo(_) => "nothing_to_do",
            Self::Malformed(_) => "malformed",
        }
    }
}
