//! Runs the plan for every subject of an alert: look up, decide, act, verify. It loses no receipt: whatever fails in
//! between, every subject ends in exactly one, in the alert's order.
//!
//! It decides nothing itself (`guard` does), speaks no HTTP (`directory` does), and knows neither how an alert arrived nor who
//! reads the receipts.

#![deny(clippy::wildcard_enum_match_arm)]

mod bound;
mod conclusion;
mod membership;
mod own_cuts;
mod places;
mod policy_report;
mod protected_groups;
mod protected_users;
mod run;
mod self_check;
mod shared;
mod subject;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::directory::Directory;
use crate::domain::{
    AlertHeader, Caller, Cleared, Clock, Correlation, Deadline, Ledger, Policy, Receipt, Subject,
    User,
};
use crate::graph::{Tally, Turns};
use crate::guard::{self, Examined, Membership, Withheld};

use own_cuts::OwnCuts;
use protected_groups::ProtectedGroups;
use protected_users::ProtectedUsers;

pub use policy_report::{PolicyReport, ProtectedUserHashes};

pub use self_check::{CheckProblem, Concern, Identity, Permissions, ProtectedGroup, SelfCheck};

/// How many alerts are worked on at the same time at their full width. Others wait, without a call, until one of their users is
/// the most urgent. A higher number would cut nobody sooner: Graph's write limit of an app is 20 users a second.
const ALERTS_AT_ONCE: usize = 4;

/// How much is done at once, and how long a cut is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many users of one alert are worked on at the same time; of all alerts `ALERTS_AT_ONCE` times as many.
    pub concurrency: usize,
    /// How long a cut is read back until it shows.
    pub verify: Duration,
}

/// One alert to contain.
#[derive(Debug, Clone)]
pub struct Task {
    /// What the alert says besides its subjects.
    pub header: AlertHeader,
    /// The users that it flags.
    pub subjects: Vec<Subject>,
    /// How many more it names, which share one receipt.
    pub left_out: usize,
    /// When the message was put on the queue, by the broker's own word. A user whose sessions were cut after it is not
    /// cut again. `None`, as for every HTTP request, always cuts.
    pub enqueued_at: Option<Timestamp>,
    /// When the alert reached this program: when its first message was queued, or its call came.
    pub received_at: Option<Timestamp>,
    /// The message, by a mark that each of its deliveries repeats and that no other has, if the broker has given it one.
    pub message: Option<Uuid>,
    /// The ids that each receipt carries.
    pub correlation: Correlation,
    /// Who called over HTTP, by a checked token.
    pub requested_by: Option<Caller>,
    /// When the receipts have to be there.
    pub deadline: Deadline,
    /// That the alert is over, once its sender says so. A user who is not cut by then is spared.
    pub cleared: Arc<OnceLock<Cleared>>,
}

/// Hears of a subject that has ended: its place among the alert's subjects and its receipt. It is let go when all have.
pub type Ended = Arc<dyn Fn(usize, &Receipt) + Send + Sync>;

/// Contains alerts under one policy.
#[derive(Debug, Clone)]
pub struct Containment {
    context: Arc<Context>,
}

#[derive(Debug)]
struct Context {
    directory: Directory,
    policy: Policy,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    turns: Turns,
    groups: ProtectedGroups,
    users: ProtectedUsers,
    own_cuts: OwnCuts,
}

impl Containment {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        directory: Directory,
        policy: Policy,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Self {
        directory.pin(policy.tenant);
        let groups = ProtectedGroups::default();
        Self {
            context: Arc::new(Context {
                directory,
                policy,
                ledger,
                clock,
                limits,
                turns: Turns::new(limits.concurrency.saturating_mul(ALERTS_AT_ONCE)),
                groups,
                users: ProtectedUsers::default(),
                own_cuts: OwnCuts::default(),
            }),
        }
    }

    /// Leaves out of an alert's subjects what is too many for receipts of their own, and says how many those are.
    pub fn shorten(&self, header: &AlertHeader, subjects: &mut Vec<Subject>) -> usize {
        bound::shorten(&self.context.policy, header, subjects)
    }

    /// Contains one alert. The receipts stand in the order of its subjects, one for each, and one for all that were left
    /// out.
    pub async fn contain(&self, task: Task) -> Vec<Receipt> {
        self.contain_watched(task, Arc::new(|_, _| ())).await
    }

    /// The same, and tells of each subject as it ends, for somebody who watches.
    pub async fn contain_watched(&self, task: Task, ended: Ended) -> Vec<Receipt> {
        self.contain_beyond(0, task, ended).await
    }

    /// The same for all subjects but the first ones, so many, which are worked on elsewhere: they have no receipts here, and count
    /// towards the cap of the alert.
    pub async fn contain_beyond(&self, first: usize, task: Task, ended: Ended) -> Vec<Receipt> {
        run::contain(Arc::clone(&self.context), first, task, ended).await
    }

    /// Looks up who is protected, so that the user behind a name now stays protected by the object id. What is wrong with the
    /// setting is logged.
    pub async fn look_up_protected(&self, deadline: Deadline) {
        for unsound in self.context.users.look_up(&self.context, deadline).await {
            tracing::warn!(
                entry = unsound.entry,
                problem = unsound.text,
                "protected_user.unsound"
            );
        }
    }

    /// What protects a user, for somebody who is to decide. Nothing is done to the user, and what cannot be read protects.
    pub async fn protection(&self, user: &User, deadline: Deadline) -> Option<Withheld> {
        let context = &self.context;
        let blind = context.groups.blind(context, deadline);
        let tally = Tally::new();
        let membership = membership::read(context, user.id, blind, &tally, deadline)
            .await
            .unwrap_or_else(|error| Membership::Unreadable(error.to_string()));
        match guard::examine(&context.policy, &context.users.pinned(), user, &membership) {
            Examined::Withhold(withheld) => Some(withheld),
            Examined::Eligible(_) | Examined::NotEffective(_) => None,
        }
    }

    /// Checks what containment stands on. Changes nothing.
    pub async fn check(&self, deadline: Deadline) -> SelfCheck {
        self_check::check(&self.context, deadline).await
    }

    /// The policy for those who would act beside this app, with the protected users by hashes under this salt. The directory is asked
    /// for them only if it `answers`.
    pub async fn policy_report(
        &self,
        salt: Uuid,
        answers: bool,
        deadline: Deadline,
    ) -> PolicyReport {
        policy_report::report(&self.context, salt, answers, deadline).await
    }

    /// How long Graph still throttles this app; `None` when calls may be made.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        self.context.directory.waiting()
    }
}
