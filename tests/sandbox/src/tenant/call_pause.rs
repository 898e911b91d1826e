//! Pauses one call to Graph, selected by its number, until it is resumed or its caller is gone. A test can thus end the
//! program under test before and after every single call.

use std::sync::Mutex;

use tokio::sync::watch;

use super::Tenant;
use super::faults::Stage;
use crate::sync::lock;

/// The call to pause.
#[derive(Debug)]
pub(crate) struct CallPause {
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
    Paused,
    Resumed,
}

impl Default for CallPause {
    fn default() -> Self {
        Self {
            plan: Mutex::default(),
            state: watch::Sender::new(State::Resumed),
        }
    }
}

impl CallPause {
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
        self.state.send_replace(State::Paused);
        // The sender is in `self`, so waiting cannot fail.
        let resumed = |state: &State| *state == State::Resumed;
        if self.state.subscribe().wait_for(resumed).await.is_err() {
            tracing::warn!("the pause went away while a call was paused");
        }
    }
}

impl Tenant {
    /// Pauses the call to Graph with this number from now on, counted from 1: before its effect, or after its effect
    /// and before its answer.
    pub fn pause_call(&self, number: usize, after_effect: bool) {
        let stage = if after_effect {
            Stage::Answer
        } else {
            Stage::Arrival
        };
        let call_pause = &self.shared.call_pause;
        *lock(&call_pause.plan) = Plan {
            calls: 0,
            target: Some((number, stage)),
        };
        call_pause.state.send_replace(State::Waiting);
    }

    /// Waits until that call is paused.
    pub async fn wait_until_paused(&self) {
        let paused = |state: &State| *state == State::Paused;
        if self
            .shared
            .call_pause
            .state
            .subscribe()
            .wait_for(paused)
            .await
            .is_err()
        {
            tracing::warn!("the pause went away");
        }
    }

    /// Resumes that call, and plans no other pause.
    pub fn resume_call(&self) {
        let call_pause = &self.shared.call_pause;
        lock(&call_pause.plan).target = None;
        call_pause.state.send_replace(State::Resumed);
    }
}
