//! What a sender states about an account: whether it is flagged or only mentioned, whether that is still active, how
//! severe it is, and who wrote it. `alert` reads it once; later code never consults the payload.

use jiff::Timestamp;
use serde::Serialize;

use super::subject::SubjectRef;
use crate::domain::severity::Severity;

/// The author of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrittenBy {
    /// An alerting system or one of its rules.
    Machine,
    /// A person, or a script on a person's behalf, in the manual form.
    Person,
}

/// How a flag ended, as its sender states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClearedAs {
    /// Identity Protection sees no risk.
    NoRisk,
    /// The user ended the risk, for example with a new password.
    Remediated,
    /// A person dismissed it.
    Dismissed,
    /// A person, or the service itself, confirmed it safe.
    ConfirmedSafe,
    /// It is resolved.
    Resolved,
    /// It is closed.
    Closed,
    /// A false positive.
    FalsePositive,
    /// A benign positive: true and harmless.
    BenignPositive,
    /// It was expected activity.
    ExpectedActivity,
}

/// The end of a flag: how, in which word of the sender's, and since when.
#[derive(Clone, PartialEq, Eq)]
pub struct Cleared {
    /// How it ended.
    pub how: ClearedAs,
    /// The sender's word for it, on one line. Untrusted.
    pub word: String,
    /// When the sender said so, if stated.
    pub at: Option<Timestamp>,
}

impl std::fmt::Debug for Cleared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleared")
            .field("how", &self.how)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Whether a flag is still active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is active, or its sender does not say.
    Open,
    /// It is over.
    Over(Cleared),
}

impl State {
    /// How it ended, if it is over.
    #[must_use]
    pub fn cleared(&self) -> Option<&Cleared> {
        match self {
            Self::Open => None,
            Self::Over(cleared) => Some(cleared),
        }
    }
}

/// The combined flags of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The gravest severity of the active flags; `None` if one of them states none, because leaving it out must not
    /// spare anybody.
    pub severity: Option<Severity>,
    /// Open as long as one flag is active.
    pub state: State,
    /// A person, if a person wrote one of the active flags.
    pub written_by: WrittenBy,
}

impl Flag {
    /// An active flag without a severity.
    #[must_use]
    pub fn open(written_by: WrittenBy) -> Self {
        Self {
            severity: None,
            state: State::Open,
            written_by,
        }
    }
}

/// An account that an alert flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The account, as the sender wrote it.
    pub account: SubjectRef,
    /// Its combined flag.
    pub flag: Flag,
}

/// Why an account that an alert names is not flagged by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MentionedAs {
    /// Evidence role `contextual`: likely benign, a side effect of the attacker's actions.
    Contextual,
    /// Evidence role `scanned`: a target of reconnaissance.
    Scanned,
    /// Evidence role `attacked` or `destination`: a target of the attack.
    Target,
    /// Evidence role `Related` of advanced hunting: merely related to the alert.
    Related,
    /// Verdict `noThreatsFound`: an investigation found it harmless.
    NoThreatsFound,
    /// It received a message that the alert is about.
    Recipient,
    /// It is named as the sender of a message, which anybody can forge.
    Sender,
    /// It was signed in to a device of the alert.
    SignedIn,
    /// It owns something of the alert, or works on it.
    Owner,
    /// It stands in another part of what the alert describes.
    Part,
    /// The alert or incident that flagged it is over.
    AlertOver(Cleared),
}

impl MentionedAs {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Contextual => "contextual",
            Self::Scanned => "scanned",
            Self::Target => "target",
            Self::Related => "related",
            Self::NoThreatsFound => "no_threats_found",
            Self::Recipient => "recipient",
            Self::Sender => "sender",
            Self::SignedIn => "signed_in",
            Self::Owner => "owner",
            Self::Part => "part",
            Self::AlertOver(_) => "alert_over",
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Contextual => "its role in the alert is contextual: likely benign",
            Self::Scanned => "its role in the alert is scanned: a target of reconnaissance",
            Self::Target => "its role in the alert is a target: attacked, not compromised",
            Self::Related => "its role in the alert is related: not impacted",
            Self::NoThreatsFound => "the alert's own verdict on it is that no threats were found",
            Self::Recipient => "it only received a message",
            Self::Sender => "it only stands as the sender of a message",
            Self::SignedIn => "it was only signed in to a device",
            Self::Owner => "it only owns or handles what the alert is about",
            Self::Part => "it only stands in a part of what the alert describes",
            Self::AlertOver(_) => "the alert or incident that names it is over",
        }
    }
}

/// An account that an alert names and does not flag. Nobody is looked up for it, and nobody is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The account, as the sender wrote it.
    pub account: SubjectRef,
    /// Why it is not flagged.
    pub why: MentionedAs,
}
