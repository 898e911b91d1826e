//! Freezes one call to Graph, told by its number, until it is thawed or its caller is gone: so that a test can end the program
//! under test before and after every single call that it makes.

use std::sync::Mutex;

use tokio::sync::watch;

use super::Tenant;
use super::faults::Stage;
use crate::sync::lock;

/// The one call that is to be frozen.
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
    /// The number of a call that has arrived, counted since a freezing was last planned.
    pub(crate) fn count(&self) -> usize {
        let mut plan = lock(&self.plan);
        plan.calls += 1;
        plan.calls
    }

    /// Returns at once, or when this call is thawed.
    pub(crate) async fn pass(&self, number: usize, stage: Stage) {
        let is_target = {
            let mut plan = lock(&self.plan);
            plan.target.take_if(|target| *target == (number, stage))
        };
        if is_target.is_none() {
            return;
        }
        self.state.send_replace(State::Frozen);
        // The sender lives in `self`, so that waiting cannot fail.
        let thawed = |state: &State| *state == State::Thawed;
        if self.state.subscribe().wait_for(thawed).await.is_err() {
            tracing::warn!("the freezer went away while a call was frozen");
        }
    }
}

impl Tenant {
    /// Freezes the call to Graph that comes as this number from now on, counted from 1: when it has arrived and has had no
    /// effect, or when it has had its effect and is not answered.
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

    /// Waits until that call is frozen.
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

    /// Lets that call go, and plans no other.
    pub fn thaw(&self) {
        let freezer = &self.shared.freezer;
        lock(&freezer.plan).target = None;
        freezer.state.send_replace(State::Thawed);
    }
}
