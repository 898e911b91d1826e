//! The alert: what arrived, whatever its shape, and the three ways in which reading it can end.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::identifiers::TenantId;
use super::subject::SubjectRef;

macro_rules! shapes {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// The shapes that are read. Each stands in one file of `alert`.
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
    /// A Service Bus message as a Logic App hands it on.
    LogicAppServiceBus => "logicapp-servicebus",
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
    /// Whether a person or a script of theirs wrote it, rather than an alerting system.
    #[must_use]
    pub fn is_manual(self) -> bool {
        matches!(self, Self::Manual | Self::ManualText)
    }
}

/// How grave an alert is, in Sentinel's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For information.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Severity {
    /// Reads a severity in the words of any sender: Sentinel's, Graph's, Identity Protection's risk levels, Azure
    /// Monitor's `Sev0` to `Sev4`. Case does not matter. `None` for words that say nothing, such as `unknown`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "high" | "critical" | "sev0" | "sev1" => Some(Self::High),
            "medium" | "sev2" => Some(Self::Medium),
            "low" | "sev3" => Some(Self::Low),
            "informational" | "information" | "sev4" => Some(Self::Informational),
            _ => None,
        }
    }

    /// The word for it in settings and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a payload says besides its subjects. All text in it is untrusted. `Debug` masks what may name a person.
#[derive(Clone, PartialEq, Eq)]
pub struct AlertHeader {
    /// The shape that was recognised. Of an envelope: the envelope's.
    pub shape: Shape,
    /// The severity as the sender wrote it.
    pub severity: Option<String>,
    /// The alert's id. Absent where a payload holds several alerts.
    pub alert_id: Option<String>,
    /// The incident's id: the ARM id for Sentinel, the number as text for Graph and Defender.
    pub incident_id: Option<String>,
    /// The tenant of the alert itself, where the shape says it. Not a statement about any subject.
    pub tenant: Option<TenantId>,
    /// When the account was flagged (not when the activity happened, which may be days earlier).
    pub flagged_at: Option<Timestamp>,
    /// Why, in a manual message.
    pub reason: Option<String>,
    /// Who asked, by the message's own claim.
    pub requested_by: Option<String>,
    /// How many users a manual message says that it means.
    pub expect: Option<usize>,
}

impl AlertHeader {
    /// A header of which only the shape is known.
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
        }
    }

    /// The severity on one scale, if the sender's word is known.
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
            .finish()
    }
}

/// A payload that names at least one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it says besides its subjects.
    pub header: AlertHeader,
    /// Every account it flags, each once, in the payload's order; those that are no users among them.
    pub subjects: Vec<SubjectRef>,
}

/// Why there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NothingToDoReason {
    /// It names no account.
    NoAccount,
    /// An incident whose entities have not arrived yet: it has alerts and no entity at all.
    EntitiesNotArrived,
    /// It names accounts, but no user among them.
    NoUser,
    /// A notification that an alert exists, without the alert.
    NotificationOnly,
    /// An alert that says that its condition has ended.
    Resolved,
    /// A record of another kind on the same stream.
    NotAnAlert,
    /// Event Grid asks whether this endpoint is ours; the code is to be sent back.
    SubscriptionValidation {
        /// What to send back as `validationResponse`.
        code: String,
    },
}

impl NothingToDoReason {
    /// The word for it in JSON and in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoAccount => "no_account",
            Self::EntitiesNotArrived => "entities_not_arrived",
            Self::NoUser => "no_user",
            Self::NotificationOnly => "notification_only",
            Self::Resolved => "resolved",
            Self::NotAnAlert => "not_an_alert",
            Self::SubscriptionValidation { .. } => "subscription_validation",
        }
    }
}

/// A payload that was understood and that names no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingToDo {
    /// What it says besides its subjects.
    pub header: AlertHeader,
    /// The accounts it names, none of them a user.
    pub subjects: Vec<SubjectRef>,
    /// Why there is nothing to do.
    pub reason: NothingToDoReason,
}

/// A payload that cannot be understood. Nothing in it repeats what the payload contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What could be told before it went wrong. Its shape may be [`Shape::None`].
    pub header: AlertHeader,
    /// Where, as a JSON path such as `$.users`; `$` for the whole.
    pub path: String,
    /// What was expected there and what stands there instead, as a sentence without the payload's own text.
    pub expected: String,
}

/// How reading a payload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// At least one user is named.
    Alert(Alert),
    /// Understood, and no user in it.
    NothingToDo(NothingToDo),
    /// Not understood.
    Malformed(Malformed),
}

impl Parsed {
    /// What the payload says besides its subjects.
    #[must_use]
    pub fn header(&self) -> &AlertHeader {
        match self {
            Self::Alert(alert) => &alert.header,
            Self::NothingToDo(nothing) => &nothing.header,
            Self::Malformed(malformed) => &malformed.header,
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
