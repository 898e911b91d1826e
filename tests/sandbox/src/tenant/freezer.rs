//! Pauses one call to Graph, selected by its number, until it is resumed or its caller is gone. A test can thus end the
//! program under test before and after every single call.

use std::sync::Mutex;

use tokio::sync::watch;

use super::Tenant;
use super::faults::Stage;
use crate::sync::lock;

/// The call to pause.
#[derive(Debug)]
pub(crate) struct Freezer {
    plan: Mutex<Plan>,
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct Plan {
    calls: usize,
    target: Option<(usize, Stage)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Frozen,
    Thawed,
}

impl Default for Freezer {
    fn default() -> Self {
        Self {
            plan: Mutex::default(),
            state: watch::Sender::new(State::Thawed),
        }
    }
}

impl Freezer {
    /// The number of a call that has arrived, counted since the last pause was planned.
    pub(crate) fn count(&self) -> usize {
        let mut plan = lock(&self.plan);
        plan.calls += 1;
        plan.calls
    }

    /// Returns at once, or when this call is resumed.
    pub(crate) async fn pass(&self, number: usize, stage: Stage) {
        let is_target = {
            let mut plan = lock(&self.plan);
            plan.target.take_if(|target| *target == (number, stage))
        };
        if is_target.is_none() {
            return;
        }
        self.state.send_replace(State::Frozen);
        // The sender is in `self`, so waiting cannot fail.
        let thawed = |state: &State| *state == State::Thawed;
        if self.state.subscribe().wait_for(thawed).await.is_err() {
            tracing::warn!("the freezer went away while a call was frozen");
        }
    }
}

impl Tenant {
    /// Pauses the call to Graph with this number from now on, counted from 1: before its effect, or after its effect
    /// and before its answer.
    pub fn freeze_call(&self, number: usize, after_effect: bool) {
        let stage = if after_effect {
            Stage::Answer
        } else {
            Stage::Arrival
        };
        let freezer = &self.shared.freezer;
        *lock(&freezer.plan) = Plan {
            calls: 0,
            target: Some((number, stage)),
        };
        freezer.state.send_replace(State::Waiting);
    }

    /// Waits until that call is paused.
    pub async fn wait_until_frozen(&self) {
        let frozen = |state: &State| *state == State::Frozen;
        if self
            .shared
            .freezer
            .state
            .subscribe()
            .wait_for(frozen)
            .await
            .is_err()
        {
            tracing::warn!("the freezer went away");
        }
    }

    /// Resumes that call, and plans no other pause.
    pub fn thaw(&self) {
        let freezer = &self.shared.freezer;
        lock(&freezer.plan).target = None;
        freezer.state.send_replace(State::Thawed);
    }
}
