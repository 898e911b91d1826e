//! One alert: the plan, the places of the hour, and all of its subjects side by side.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::domain::{Receipt, Subject, SubjectKind, SubjectRef, TenantId, WithholdReason};
use crate::graph::{CallError, Tally};
use crate::guard::{self, Plan, Screened, Withheld};

use super::conclusion::{Conclusion, Draft};
use super::shared::Run;
use super::{Context, Ended, Task, subject};

/// Contains the alert, but for the first subjects, so many. Each subject runs as a task of its own, so that a panic in one costs that
/// one alone.
pub(super) async fn contain(
    context: Arc<Context>,
    first: usize,
    mut task: Task,
    ended: Ended,
) -> Vec<Receipt> {
    let mut plan = guard::plan(&context.policy, &task.header, &task.subjects);
    let first = first.min(task.subjects.len());
    plan.screened.drain(..first);
    task.subjects.drain(..first);
    let plan = match token_tenant(&context, &task, &plan).await {
        Ok(tenant) => plan.under(&context.policy, tenant),
        Err(error) => return token_missing(&context, &task, plan, &error),
    };
    let run = Arc::new(Run::new(context, task, plan.wanted()));
    let mut receipts = work(&run, plan.screened, &|index, receipt| {
        ended(first + index, receipt);
    })
    .await;
    receipts.extend(left_out(&run.context, &run.task));
    run.places.settle();
    receipts
}

/// The tenant of the app's token, which is asked for only if somebody is to be looked up: nothing is done otherwise.
async fn token_tenant(context: &Context, task: &Task, plan: &Plan) -> Result<TenantId, CallError> {
    if plan.wanted() == 0 {
        return Ok(context.policy.tenant);
    }
    let identity = context.directory.identity(task.deadline).await?;
    Ok(identity.tenant)
}

/// Without a token the plan stands: only the subjects that it lets through have to wait for one.
fn token_missing(context: &Context, task: &Task, plan: Plan, error: &CallError) -> Vec<Receipt> {
    let receipt = |(subject, screened): (&Subject, Screened)| {
        let draft = Draft::begin(context, task, &subject.account);
        let conclusion =
            Conclusion::of_plan(screened).unwrap_or_else(|| Conclusion::of_error(error));
        draft.finish(conclusion, None, &Tally::new())
    };
    let receipts = task.subjects.iter().zip(plan.screened).map(receipt);
    receipts.chain(left_out(context, task)).collect()
}

/// The one receipt of all that were too many for receipts of their own.
fn left_out(context: &Context, task: &Task) -> Option<Receipt> {
    let count = task.left_out;
    let mut others = SubjectRef::new(SubjectKind::Other);
    others.name = Some(format!("{count} more accounts"));
    let conclusion = Conclusion::withheld(Withheld {
        reason: WithholdReason::BlastRadius,
        policy: "EVICT_MAX_USERS_PER_ALERT",
        detail: format!(
            "The alert names {count} accounts more than are told one by one; nobody of them was looked up or cut. Check \
             whether the rule misfires. If users among them are meant, send them in manual messages with \"expect\" set to \
             their number."
        ),
    });
    (count > 0)
        .then(|| Draft::begin(context, task, &others).finish(conclusion, None, &Tally::new()))
}

async fn work(
    run: &Arc<Run>,
    screened: Vec<Screened>,
    ended: &(dyn Fn(usize, &Receipt) + Send + Sync),
) -> Vec<Receipt> {
    let permits = Arc::new(Semaphore::new(run.context.limits.concurrency));
    let mut running = JoinSet::new();
    let mut receipts: Vec<Option<Receipt>> = Vec::new();
    for (index, (subject, screened)) in run.task.subjects.iter().zip(screened).enumerate() {
        // What the plan alone decides needs no task of its own.
        if let Some(conclusion) = Conclusion::of_plan(screened) {
            let draft = Draft::begin(&run.context, &run.task, &subject.account);
            let receipt = draft.finish(conclusion, None, &Tally::new());
            ended(index, &receipt);
            receipts.push(Some(receipt));
            continue;
        }
        receipts.push(None);
        let run = Arc::clone(run);
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            // The semaphore is never closed; without a permit there would only be more at once.
            let _permit = permits.acquire_owned().await.ok();
            (index, subject::contain(&run, index).await)
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
                    invocation = run.task.correlation.invocation_id,
                    "containment.subject.lost"
                );
            }
        }
    }
    receipts
        .into_iter()
        .zip(&run.task.subjects)
        .map(|(receipt, subject)| receipt.unwrap_or_else(|| lost(run, subject)))
        .collect()
}

/// The receipt of a subject whose task ended without one. Whether its user was cut is not known, so it is not final.
fn lost(run: &Run, subject: &Subject) -> Receipt {
    let conclusion = Conclusion::deferred(
        "An error in Evict itself ended the work on this subject; the log has a line about it.",
    );
    Draft::begin(&run.context, &run.task, &subject.account).finish(conclusion, None, &Tally::new())
}
