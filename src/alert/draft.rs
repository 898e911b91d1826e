//! What is known of a payload while it is read, and how several alerts in one payload become one.

use jiff::Timestamp;

use crate::domain::{
    Alert, AlertHeader, NothingToDo, NothingToDoReason, Parsed, Severity, Shape, SubjectKind,
    TenantId,
};

use super::hygiene::tidy;
use super::merge::Subjects;
use super::problem::Problem;

/// The most characters of an id that are carried on. An ARM id has some 400.
const LONGEST_ID: usize = 1_024;
/// The most characters of a severity that are carried on.
const LONGEST_SEVERITY: usize = 64;
/// The most characters of a reason, or of the name of who asked, that are carried on.
const LONGEST_REMARK: usize = 1_000;

/// A value of which a payload may hold none, one, or several that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Single<T> {
    #[default]
    Unknown,
    One(T),
    Several,
}

impl<T: PartialEq> Single<T> {
    fn add(&mut self, value: T) {
        *self = match std::mem::take(self) {
            Self::Unknown => Self::One(value),
            Self::One(known) if known == value => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    fn join(&mut self, other: Self) {
        match other {
            Self::Unknown => {}
            Self::One(value) => self.add(value),
            Self::Several => *self = Self::Several,
        }
    }
}

impl<T: Clone> Single<T> {
    fn one(&self) -> Option<T> {
        match self {
            Self::One(value) => Some(value.clone()),
            Self::Unknown | Self::Several => None,
        }
    }
}

/// A payload that could not be understood, with what could be told before.
pub(super) struct Failure {
    pub(super) header: Box<AlertHeader>,
    pub(super) problem: Problem,
}

/// What is known of a payload so far.
pub(super) struct Draft {
    shape: Shape,
    severity: Option<String>,
    alert_id: Single<String>,
    incident_id: Single<String>,
    tenant: Single<TenantId>,
    flagged_at: Option<Timestamp>,
    reason: Option<String>,
    requested_by: Option<String>,
    /// How many alerts were taken in.
    parts: usize,
    /// How many users a manual message says that it means.
    pub(super) expect: Option<usize>,
    /// The accounts that were found.
    pub(super) subjects: Subjects,
    /// Why there is nothing to do, if no account is found.
    pub(super) otherwise: NothingToDoReason,
}

impl Draft {
    /// A payload of which only the shape is known.
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            severity: None,
            alert_id: Single::Unknown,
            incident_id: Single::Unknown,
            tenant: Single::Unknown,
            flagged_at: None,
            reason: None,
            requested_by: None,
            parts: 0,
            expect: None,
            subjects: Subjects::default(),
            otherwise: NothingToDoReason::NoAccount,
        }
    }

    /// The severity as it is written; of several the gravest.
    pub(super) fn severity(&mut self, text: Option<impl AsRef<str>>) {
        let Some(text) = text.and_then(|text| tidy(text.as_ref(), LONGEST_SEVERITY)) else {
            return;
        };
        let known = self.severity.as_deref();
        if known.is_none_or(|known| Severity::read(known) < Severity::read(&text)) {
            self.severity = Some(text);
        }
    }

    /// An alert's id. Two that differ are none.
    pub(super) fn alert(&mut self, text: Option<impl AsRef<str>>) {
        if let Some(id) = text.and_then(|text| tidy(text.as_ref(), LONGEST_ID)) {
            self.alert_id.add(id);
        }
    }

    /// An incident's id. Two that differ are none.
    pub(super) fn incident(&mut self, text: Option<impl AsRef<str>>) {
        if let Some(id) = text.and_then(|text| tidy(text.as_ref(), LONGEST_ID)) {
            self.incident_id.add(id);
        }
    }

    /// The tenant of an alert. Two that differ are none.
    pub(super) fn tenant(&mut self, tenant: Option<TenantId>) {
        if let Some(tenant) = tenant {
            self.tenant.add(tenant);
        }
    }

    /// When accounts were flagged; of several times the latest.
    pub(super) fn flagged(&mut self, at: Option<Timestamp>) {
        self.flagged_at = self.flagged_at.max(at);
    }

    /// Why, and who asked.
    pub(super) fn remarks(&mut self, reason: Option<&str>, requested_by: Option<&str>) {
        self.reason = reason.and_then(|text| tidy(text, LONGEST_REMARK));
        self.requested_by = requested_by.and_then(|text| tidy(text, LONGEST_REMARK));
    }

    /// The shape.
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the time is still unknown.
    pub(super) fn lacks_time(&self) -> bool {
        self.flagged_at.is_none()
    }

    /// Takes in one more alert of the same payload.
    pub(super) fn absorb(&mut self, other: Self) {
        self.severity(other.severity);
        self.alert_id.join(other.alert_id);
        self.incident_id.join(other.incident_id);
        self.tenant.join(other.tenant);
        self.flagged(other.flagged_at);
        self.reason = self.reason.take().or(other.reason);
        self.requested_by = self.requested_by.take().or(other.requested_by);
        // What one message expects says nothing about what stands beside it.
        self.expect = if self.parts == 0 { other.expect } else { None };
        if self.parts == 0 || rank(&other.otherwise) > rank(&self.otherwise) {
            self.otherwise = other.otherwise;
        }
        self.parts += 1;
        self.subjects.extend(other.subjects.into_list());
    }

    /// Takes in what an envelope holds: all of it, except that the shape stays the envelope's.
    pub(super) fn enclose(&mut self, inner: Result<Self, Failure>) -> Result<(), Problem> {
        match inner {
            Ok(inner) => {
                self.absorb(inner);
                Ok(())
            }
            Err(failure) => {
                let AlertHeader {
                    severity,
                    alert_id,
                    incident_id,
                    ..
                } = *failure.header;
                self.severity(severity);
                self.alert(alert_id);
                self.incident(incident_id);
                Err(failure.problem)
            }
        }
    }

    /// What is known besides the subjects.
    pub(super) fn header(&self) -> AlertHeader {
        AlertHeader {
            shape: self.shape,
            severity: self.severity.clone(),
            alert_id: self.alert_id.one(),
            incident_id: self.incident_id.one(),
            tenant: self.tenant.one(),
            flagged_at: self.flagged_at,
            reason: self.reason.clone(),
            requested_by: self.requested_by.clone(),
            expect: self.expect,
        }
    }

    /// The same payload, as one that could not be understood.
    pub(super) fn fail(&self, problem: Problem) -> Failure {
        Failure {
            header: Box::new(self.header()),
            problem,
        }
    }

    /// The payload, read to its end.
    pub(super) fn finish(self) -> Parsed {
        let header = self.header();
        let reason = if self.subjects.is_empty() {
            self.otherwise
        } else {
            NothingToDoReason::NoUser
        };
        let subjects = self.subjects.into_list();
        if subjects
            .iter()
            .any(|subject| subject.kind == SubjectKind::User)
        {
            Parsed::Alert(Alert { header, subjects })
        } else {
            Parsed::NothingToDo(NothingToDo {
                header,
                subjects,
                reason,
            })
        }
    }
}

/// Which reason tells most about a payload of several parts.
fn rank(reason: &NothingToDoReason) -> u8 {
    match reason {
        NothingToDoReason::NotAnAlert => 0,
        NothingToDoReason::Resolved => 1,
        NothingToDoReason::NoAccount => 2,
        NothingToDoReason::NoUser => 3,
        NothingToDoReason::NotificationOnly => 4,
        NothingToDoReason::EntitiesNotArrived => 5,
        NothingToDoReason::SubscriptionValidation { .. } => 6,
    }
}
