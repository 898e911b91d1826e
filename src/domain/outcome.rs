//! How the containment of one subject ended. An expected ending is a value, never an error.

use serde::Serialize;

use super::accounts::subject::SubjectKind;

/// Why the guard withheld a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WithholdReason {
    /// The app's token is of another tenant than the configured one: nothing may be done with it.
    TokenTenant,
    /// The subject or the user belongs to another tenant.
    OtherTenant,
    /// The user is protected by object id or user principal name.
    ProtectedUser,
    /// The user is a member, directly or by nesting, of a protected group.
    ProtectedGroup,
    /// Whether the user is a member of a protected group could not be read.
    MembershipUnknown,
    /// A protected group does not exist, so its members are unknown.
    ProtectedGroupMissing,
    /// The alert's severity is below the minimum that is acted on.
    BelowMinimumSeverity,
    /// More users than one alert, or one hour, may cut.
    BlastRadius,
    /// The mode is `observe`: the user would have been cut.
    Observe,
    /// The sender itself states that the flag is over.
    ClearedBySource,
}

impl WithholdReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::TokenTenant,
        Self::OtherTenant,
        Self::ProtectedUser,
        Self::ProtectedGroup,
        Self::MembershipUnknown,
        Self::ProtectedGroupMissing,
        Self::BelowMinimumSeverity,
        Self::BlastRadius,
        Self::Observe,
        Self::ClearedBySource,
    ];

    /// Whether something could not be read, so that asking again may decide otherwise.
    #[must_use]
    pub fn may_be_asked_again(self) -> bool {
        match self {
            Self::MembershipUnknown => true,
            Self::TokenTenant
            | Self::OtherTenant
            | Self::ProtectedUser
            | Self::ProtectedGroup
            | Self::ProtectedGroupMissing
            | Self::BelowMinimumSeverity
            | Self::BlastRadius
            | Self::Observe
            | Self::ClearedBySource => false,
        }
    }

    /// Whether the cause is a fault of this deployment and not of the user, so that the user may be cut once a setting
    /// or a permission is corrected.
    #[must_use]
    pub fn ends_when_mended(self) -> bool {
        match self {
            Self::TokenTenant | Self::MembershipUnknown | Self::ProtectedGroupMissing => true,
            Self::OtherTenant
            | Self::ProtectedUser
            | Self::ProtectedGroup
            | Self::BelowMinimumSeverity
            | Self::BlastRadius
            | Self::Observe
            | Self::ClearedBySource => false,
        }
    }

    /// The word for it in JSON and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenTenant => "token_tenant",
            Self::OtherTenant => "other_tenant",
            Self::ProtectedUser => "protected_user",
            Self::ProtectedGroup => "protected_group",
            Self::MembershipUnknown => "membership_unknown",
            Self::ProtectedGroupMissing => "protected_group_missing",
            Self::BelowMinimumSeverity => "below_minimum_severity",
            Self::BlastRadius => "blast_radius",
            Self::Observe => "observe",
            Self::ClearedBySource => "cleared_by_source",
        }
    }
}

/// What a person has to do after a failed containment, and so who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// Grant the managed identity what it lacks, as Graph's refusal says. Then the same message succeeds.
    Permission,
    /// Name the user differently: the directory does not accept the alert's identifier.
    Alert,
    /// Cut the user by hand and report the error, which only a new version of this program can correct.
    Report,
}

impl Fix {
    /// Every fix.
    pub const ALL: [Self; 3] = [Self::Permission, Self::Alert, Self::Report];

    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Alert => "alert",
            Self::Report => "report",
        }
    }
}

/// How the containment of one subject ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Graph accepted the revocation.
    Revoked {
        /// Whether the property was read back and is later than the call.
        verified: bool,
    },
    /// The sessions were already cut after the message was enqueued; no call was made.
    AlreadyCut,
    /// The guard withheld the subject.
    Withheld {
        /// Why the guard withheld the subject.
        reason: WithholdReason,
    },
    /// The user signs in elsewhere: this tenant cannot end the sessions.
    NotEffective {
        /// The domain of the home tenant, if known. A hint.
        #[serde(rename = "homeDomain", skip_serializing_if = "Option::is_none")]
        home_domain: Option<String>,
    },
    /// The directory has no such user.
    NotFound,
    /// The identifiers match more than one user, or different users.
    Ambiguous {
        /// The number of matching users.
        candidates: usize,
    },
    /// The payload itself states that it is not a user.
    NotAUser {
        /// The kind of account.
        #[serde(rename = "as")]
        kind: SubjectKind,
    },
    /// It cannot be done, and trying again would not change that by itself.
    Failed {
        /// What has to be corrected first.
        fix: Fix,
    },
    /// Not final: Graph throttles or is down, or time ran out.
    Deferred,
    /// Put on the queue, to be finished there.
    HandedOver,
}

impl Outcome {
    /// The word for it in JSON and in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Revoked { .. } => "revoked",
            Self::AlreadyCut => "already_cut",
            Self::Withheld { .. } => "withheld",
            Self::NotEffective { .. } => "not_effective",
            Self::NotFound => "not_found",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NotAUser { .. } => "not_a_user",
            Self::Failed { .. } => "failed",
            Self::Deferred => "deferred",
            Self::HandedOver => "handed_over",
        }
    }

    /// Whether no further attempt is made for the subject.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Revoked { .. }
            | Self::AlreadyCut
            | Self::Withheld { .. }
            | Self::NotEffective { .. }
            | Self::NotFound
            | Self::Ambiguous { .. }
            | Self::NotAUser { .. }
            | Self::Failed { .. }
            | Self::HandedOver => true,
            Self::Deferred => false,
        }
    }

    /// Whether the sessions were cut, by this containment or an earlier one of the same message.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Revoked { .. } | Self::AlreadyCut => true,
            Self::Withheld { .. }
            | Self::NotEffective { .. }
            | Self::NotFound
            | Self::Ambiguous { .. }
            | Self::NotAUser { .. }
            | Self::Failed { .. }
            | Self::Deferred
            | Self::HandedOver => false,
        }
    }

    /// Whether the subject is worth another message once a person, or time, has removed the obstacle.
    #[must_use]
    pub fn is_worth_putting_back(&self) -> bool {
        match self {
            Self::Deferred
            | Self::Failed {
                fix: Fix::Permission,
            } => true,
            Self::Withheld { reason } => reason.ends_when_mended(),
            Self::Failed {
                fix: Fix::Alert | Fix::Report,
            }
            | Self::Revoked { .. }
            | Self::AlreadyCut
            | Self::NotEffective { .. }
            | Self::NotFound
            | Self::Ambiguous { .. }
            | Self::NotAUser { .. }
            | Self::HandedOver => false,
        }
    }
}
