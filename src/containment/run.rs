//! One alert: the plan, the places of the hour, and all of its subjects side by side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use crate::directory::Blind;
use crate::domain::{
    Admission, Outcome, Receipt, Subject, SubjectKind, SubjectRef, TenantId, Urgency, UserId,
    Wanted, WithholdReason,
};
use crate::graph::{CallError, Tally, Turn};
use crate::guard::{self, Allowance, Plan, Screened, Withheld};

use super::conclusion::{Conclusion, Draft};
use super::{Ended, Parts, Task, subject};

/// The places of the hour that one alert was granted.
pub(super) type SharedAllowance = Shared<BoxFuture<'static, Arc<Granted>>>;

/// In which of the protected groups nobody can be seen, or only under some tokens.
pub(super) type SharedGroups = Shared<BoxFuture<'static, Result<Blind, CallError>>>;

/// An admission, and what is left of it.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) admission: Admission,
    pub(super) allowance: Allowance,
}

/// How much of an alert's time a subject gets that has waited for its turn: as many as are worked on at once leave in it at half
/// of Graph's write limit. Whoever began with less would be found for nothing.
const ONE_TAKES: Duration = Duration::from_secs(10);

/// What the subjects of one alert share.
pub(super) struct Work {
    pub(super) parts: Arc<Parts>,
    pub(super) task: Task,
    pub(super) allowance: SharedAllowance,
    /// Whether the ledger is asked, which is when the first subject's turn has come: places of the hour are not held by those who
    /// wait.
    begun: Once,
    /// Since when the alert has waited.
    since: Timestamp,
    pub(super) blind_groups: SharedGroups,
    /// Two subjects can name one user; the user is acted on once.
    pub(super) acted: Mutex<HashMap<UserId, Arc<OnceCell<Conclusion>>>>,
}

impl Work {
    /// The subject's turn among all whom this process works on; `None` if it does not come in time.
    pub(super) async fn turn(&self, urgency: Urgency) -> Option<Turn> {
        let begun_by = self.task.deadline.earlier_by(ONE_TAKES);
        let left = begun_by.remaining(&*self.parts.clock);
        let turn = tokio::time::timeout(left, self.parts.turns.take(urgency));
        // What is not decided when the time is over is what the caller tells.
        let turn = turn.await.ok()?;
        self.begun.call_once(|| {
            tokio::spawn(self.allowance.clone());
        });
        Some(turn)
    }

    pub(super) fn urgency(&self, subject: &Subject) -> Urgency {
        Urgency::of(&subject.flag, self.since)
    }
}

/// Contains the alert. Each subject runs as a task of its own, so that a panic in one costs that one alone.
pub(super) async fn contain(parts: Arc<Parts>, task: Task, ended: Ended) -> Vec<Receipt> {
    let plan = guard::plan(&parts.policy, &task.header, &task.subjects);
    let plan = match token_tenant(&parts, &task, &plan).await {
        Ok(tenant) => plan.under(&parts.policy, tenant),
        Err(error) => return token_missing(&parts, &task, plan, &error),
    };
    let wanted = plan.wanted();
    let allowance = admit(&parts, &task, wanted);
    let blind_groups = blind_groups(&parts, &task);
    let work = Arc::new(Work {
        allowance: allowance.clone(),
        begun: Once::new(),
        since: task.enqueued_at.unwrap_or_else(|| parts.clock.now()),
        blind_groups,
        acted: Mutex::default(),
        task,
        parts,
    });

    let mut receipts = run(&work, plan.screened, &*ended).await;
    receipts.extend(left_out(&work.parts, &work.task));
    if work.begun.is_completed() {
        settle(&work.parts, allowance);
    }
    receipts
}

/// The tenant of the app's token, which is asked for only if somebody is to be looked up: nothing is done otherwise.
async fn token_tenant(parts: &Parts, task: &Task, plan: &Plan) -> Result<TenantId, CallError> {
    if plan.wanted() == 0 {
        return Ok(parts.policy.tenant);
    }
    let identity = parts.directory.identity(task.deadline).await?;
    Ok(identity.tenant)
}

/// Without a token the plan stands: only those whom it lets through have to wait for one.
fn token_missing(parts: &Parts, task: &Task, plan: Plan, error: &CallError) -> Vec<Receipt> {
    let receipt = |(subject, screened): (&Subject, Screened)| {
        let draft = Draft::begin(parts, task, &subject.account);
        let ending = Conclusion::of_plan(screened).unwrap_or_else(|| Conclusion::of_error(error));
        draft.finish(ending, None, &Tally::new())
    };
    let receipts = task.subjects.iter().zip(plan.screened).map(receipt);
    receipts.chain(left_out(parts, task)).collect()
}

/// The one receipt of all that were too many for receipts of their own.
fn left_out(parts: &Parts, task: &Task) -> Option<Receipt> {
    let count = task.left_out;
    let mut others = SubjectRef::new(SubjectKind::Other);
    others.name = Some(format!("{count} more accounts"));
    let ending = Conclusion::withheld(Withheld {
        reason: WithholdReason::BlastRadius,
        policy: "EVICT_MAX_USERS_PER_ALERT",
        detail: format!(
            "The alert names {count} accounts more than are told one by one; nobody of them was looked up or cut. Check \
             whether the rule misfires. If users among them are meant, send them in manual messages with \"expect\" set to \
             their number."
        ),
    });
    (count > 0).then(|| Draft::begin(parts, task, &others).finish(ending, None, &Tally::new()))
}

/// How the ledger is asked: while the users are being looked up, so that it costs the cut nothing.
fn admit(parts: &Arc<Parts>, task: &Task, wanted: usize) -> SharedAllowance {
    let (per_hour, mode) = (parts.policy.max_users_per_hour, parts.policy.mode);
    let wanted = Wanted {
        users: wanted,
        per_hour,
        per_alert: parts.policy.max_users_per_alert,
    };
    let (deadline, invocation) = (task.deadline, task.correlation.invocation_id.clone());
    let parts = Arc::clone(parts);
    let asked = async move {
        let time = deadline.remaining(&*parts.clock);
        let admission = tokio::time::timeout(time, parts.ledger.admit(wanted))
            .await
            .unwrap_or_else(|_| Admission::undecided(TOO_LATE.to_owned()));
        if let Some(problem) = &admission.undecided {
            tracing::warn!(
                problem,
                wanted = wanted.users,
                granted = admission.granted,
                invocation,
                "ledger.undecided"
            );
        }
        Arc::new(Granted {
            allowance: Allowance::new(&admission, per_hour, mode),
            admission,
        })
    };
    asked.boxed().shared()
}

const TOO_LATE: &str =
    "The time for this alert was over before the ledger of what was cut this hour had answered.";

fn blind_groups(parts: &Arc<Parts>, task: &Task) -> SharedGroups {
    let parts = Arc::clone(parts);
    let deadline = task.deadline;
    async move { parts.groups.blind(&parts, deadline).await }
        .boxed()
        .shared()
}

async fn run(
    work: &Arc<Work>,
    screened: Vec<Screened>,
    ended: &(dyn Fn(usize, &Receipt) + Send + Sync),
) -> Vec<Receipt> {
    let permits = Arc::new(Semaphore::new(work.parts.limits.concurrency));
    let mut running = JoinSet::new();
    let mut receipts: Vec<Option<Receipt>> = Vec::new();
    for (index, (subject, screened)) in work.task.subjects.iter().zip(screened).enumerate() {
        // What the plan alone decides needs no task of its own.
        if let Some(ending) = Conclusion::of_plan(screened) {
            let draft = Draft::begin(&work.parts, &work.task, &subject.account);
            let receipt = draft.finish(ending, None, &Tally::new());
            ended(index, &receipt);
            receipts.push(Some(receipt));
            continue;
        }
        receipts.push(None);
        let work = Arc::clone(work);
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            // The semaphore is never closed; without a permit there would only be more at once.
            let _permit = permits.acquire_owned().await.ok();
            (index, subject::contain(&work, index).await)
        });
    }
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok((index, receipt)) => {
                ended(index, &receipt);
                if let Some(place) = receipts.get_mut(index) {
                    *place = Some(receipt);
                }
            }
            Err(error) => {
                tracing::error!(
                    panicked = error.is_panic(),
                    invocation = work.task.correlation.invocation_id,
                    "containment.subject.lost"
                );
            }
        }
    }
    receipts
        .into_iter()
        .zip(&work.task.subjects)
        .map(|(receipt, subject)| receipt.unwrap_or_else(|| lost(work, subject)))
        .collect()
}

/// The receipt of a subject whose task ended without one. Whether its user was cut is not known, so it is not final.
fn lost(work: &Work, subject: &Subject) -> Receipt {
    let ending = Conclusion::plain(Outcome::Deferred).with_detail(
        "An error in Evict itself ended the work on this subject; the log has a line about it."
            .to_owned(),
    );
    Draft::begin(&work.parts, &work.task, &subject.account).finish(ending, None, &Tally::new())
}

/// Tells the ledger how many were cut. The reply does not wait: neither for that to be written, nor for an admission that
/// nobody needed.
fn settle(parts: &Arc<Parts>, allowance: SharedAllowance) {
    let tell = |parts: &Parts, granted: &Granted| {
        parts
            .ledger
            .settle(&granted.admission, granted.allowance.taken());
    };
    if let Some(granted) = allowance.peek() {
        tell(parts, granted);
        return;
    }
    let parts = Arc::clone(parts);
    tokio::spawn(async move { tell(&parts, &*allowance.await) });
}
