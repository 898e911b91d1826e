//! A receipt in the making: what is known when a subject's work begins, and how it ended.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{
    Call, Caller, Cleared, Clock, Correlation, Fix, HomeTenant, Masked, Outcome, Receipt,
    ReceiptUser, SessionsValidFrom, Shape, SubjectRef, Times, User, UserId, WithholdReason,
    log_hash,
};
use crate::graph::{CallError, Disposition, Tally};
use crate::guard::{Screened, Withheld};

use super::{Context, Task};

/// How the work on one user ended. Two subjects that name one user share it.
#[derive(Debug, Clone)]
pub(super) struct Conclusion {
    pub(super) outcome: Outcome,
    pub(super) detail: Option<String>,
    pub(super) policy: Option<&'static str>,
    /// What was read before the user was acted on; `None` if nobody was. A subject that shares the ending may have read the user
    /// only afterwards.
    pub(super) before: Option<SessionsBefore>,
    pub(super) after: Option<Timestamp>,
    /// When what stands in `after` was read, if it proves a cut.
    pub(super) proved_at: Option<Timestamp>,
    pub(super) calls: Vec<Call>,
}

/// The property as it was read before the user was acted on, if Graph gave it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionsBefore(pub(super) Option<Timestamp>);

impl Conclusion {
    pub(super) fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            detail: None,
            policy: None,
            before: None,
            after: None,
            proved_at: None,
            calls: Vec::new(),
        }
    }

    /// Not decided in this delivery, for this reason.
    pub(super) fn deferred(reason: &str) -> Self {
        Self::plain(Outcome::Deferred).with_detail(reason.to_owned())
    }

    pub(super) fn with_detail(self, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    pub(super) fn withheld(withheld: Withheld) -> Self {
        Self {
            policy: Some(withheld.policy),
            ..Self::plain(Outcome::Withheld {
                reason: withheld.reason,
            })
            .with_detail(withheld.detail)
        }
    }

    /// What the plan alone decides; `None` for a subject that it lets through.
    pub(super) fn of_plan(screened: Screened) -> Option<Self> {
        match screened {
            Screened::LookUp => None,
            Screened::NotAUser(kind) => Some(Self::plain(Outcome::NotAUser { kind })),
            Screened::Withhold(withheld) => Some(Self::withheld(withheld)),
            Screened::Cleared(cleared) => Some(Self::cleared(&cleared)),
        }
    }

    /// The sender itself says that it is over: in its own word, and since when.
    pub(super) fn cleared(cleared: &Cleared) -> Self {
        let since = cleared.at.map_or_else(String::new, |at| {
            format!(" since {}", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
        });
        Self::plain(Outcome::Withheld {
            reason: WithholdReason::ClearedBySource,
        })
        .with_detail(format!(
            "Its sender says \"{}\" of what flagged this user{since}.",
            cleared.word
        ))
    }

    pub(super) fn not_effective(home: HomeTenant) -> Self {
        let home_domain = match home {
            HomeTenant::Domain(domain) => Some(domain),
            HomeTenant::Unknown => None,
        };
        Self::plain(Outcome::NotEffective { home_domain })
    }

    /// The ending that an error leads to, by the next move that it asks for.
    pub(super) fn of_error(error: &CallError) -> Self {
        let outcome = match error.disposition() {
            Disposition::RetryLater { .. } => Outcome::Deferred,
            Disposition::FixPermission => Outcome::Failed {
                fix: Fix::Permission,
            },
            Disposition::FixAlert if error.is_absence() => Outcome::NotFound,
            Disposition::FixAlert => Outcome::Failed { fix: Fix::Alert },
            Disposition::GiveUp => Outcome::Failed { fix: Fix::Report },
        };
        Self::plain(outcome).with_detail(error.to_string())
    }
}

/// A receipt that does not know its ending yet.
pub(super) struct Draft {
    subject: String,
    subject_id: Option<UserId>,
    subject_hash: Uuid,
    correlation: Correlation,
    times: Times,
    source: Shape,
    requested_by: Option<Caller>,
    requested_by_claim: Option<Masked>,
    requested_because: Option<Masked>,
    clock: Arc<dyn Clock>,
    begun: Duration,
}

impl Draft {
    pub(super) fn begin(context: &Context, task: &Task, subject: &SubjectRef) -> Self {
        let written = subject.written();
        Self {
            subject_id: subject.id,
            subject_hash: log_hash(context.policy.tenant, &written),
            subject: written,
            correlation: task.correlation.clone(),
            times: Times {
                alert_at: task.header.alert_at(),
                received_at: task.received_at,
                ..Times::default()
            },
            source: task.header.source(),
            requested_by: task.requested_by,
            requested_by_claim: task.header.requested_by.clone().map(Masked),
            requested_because: task.header.reason.clone().map(Masked),
            clock: Arc::clone(&context.clock),
            begun: context.clock.elapsed(),
        }
    }

    /// The receipt.
    pub(super) fn finish(
        self,
        conclusion: Conclusion,
        user: Option<&User>,
        tally: &Tally,
    ) -> Receipt {
        let is_known = user.is_some() || self.subject_id.is_some();
        let mut receipt = Receipt {
            subject: Masked(self.subject),
            subject_id: self.subject_id.filter(|_| user.is_none()),
            subject_hash: (!is_known).then_some(self.subject_hash),
            user: user.map(ReceiptUser::from),
            found_by: user.map(|user| user.found_by),
            outcome: conclusion.outcome,
            detail: conclusion.detail,
            policy: conclusion.policy,
            sessions_valid_from: SessionsValidFrom {
                before: match conclusion.before {
                    Some(SessionsBefore(before)) => before,
                    None => user.and_then(|user| user.sessions_valid_from),
                },
                after: conclusion.after,
            },
            times: Times {
                cut_at: conclusion.proved_at.and(conclusion.after),
                proved_at: conclusion.proved_at,
                ..self.times
            },
            source: (self.source != Shape::None).then(|| self.source.as_str()),
            calls: conclusion.calls,
            attempts: tally.attempts(),
            elapsed: self.clock.elapsed().saturating_sub(self.begun),
            at: self.clock.now(),
            still_alive: Vec::new(),
            requested_by: self.requested_by,
            requested_by_claim: self.requested_by_claim,
            requested_because: self.requested_because,
            incident: None,
            correlation: self.correlation,
        };
        receipt.say_what_stays_alive();
        receipt
    }
}
