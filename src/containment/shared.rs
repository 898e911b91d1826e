//! What the subjects of one alert share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::directory::Blind;
use crate::domain::{Subject, Urgency, UserId};
use crate::graph::{CallError, Turn};

use super::conclusion::Conclusion;
use super::places::HourlyPlaces;
use super::{Context, Task};

/// How much of an alert's time a subject gets that has waited for its turn: as many as are worked on at once leave in it at half
/// of Graph's write limit. A subject that started with less would be looked up for nothing.
const ONE_TAKES: Duration = Duration::from_secs(10);

/// One alert at work.
pub(super) struct Run {
    pub(super) context: Arc<Context>,
    pub(super) task: Task,
    pub(super) places: Arc<HourlyPlaces>,
    /// Since when the alert has waited.
    since: Timestamp,
    blind_groups: OnceCell<Result<Blind, CallError>>,
    /// Two subjects can name one user; the user is acted on once.
    acted: Mutex<HashMap<UserId, Arc<OnceCell<Conclusion>>>>,
}

impl Run {
    /// An alert that wants so many users cut. Nothing is asked yet.
    pub(super) fn new(context: Arc<Context>, task: Task, wanted: usize) -> Self {
        let invocation = task.correlation.invocation_id.clone();
        let places = HourlyPlaces::new(Arc::clone(&context), wanted, task.deadline, invocation);
        Self {
            places: Arc::new(places),
            since: task.enqueued_at.unwrap_or_else(|| context.clock.now()),
            blind_groups: OnceCell::new(),
            acted: Mutex::default(),
            task,
            context,
        }
    }

    /// The subject's turn among all that this process works on; `None` if it does not come in time. The first one has the ledger
    /// asked.
    pub(super) async fn turn(&self, urgency: Urgency) -> Option<Turn> {
        let begun_by = self.task.deadline.earlier_by(ONE_TAKES);
        let left = begun_by.remaining(&*self.context.clock);
        let turn = tokio::time::timeout(left, self.context.turns.take(urgency));
        // What is not decided when the time is over is what the caller tells.
        let turn = turn.await.ok()?;
        self.places.ask();
        Some(turn)
    }

    pub(super) fn urgency(&self, subject: &Subject) -> Urgency {
        Urgency::of(&subject.flag, self.since)
    }

    /// In which of the protected groups nobody can be seen, or only under some tokens. Asked once for all subjects.
    pub(super) async fn blind_groups(&self) -> Result<Blind, CallError> {
        let ask = || self.context.groups.blind(&self.context, self.task.deadline);
        self.blind_groups.get_or_init(ask).await.clone()
    }

    /// Where the conclusion about a user is kept.
    pub(super) fn acted_on(&self, user: UserId) -> Arc<OnceCell<Conclusion>> {
        let mut acted = self.acted.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(acted.entry(user).or_default())
    }
}
