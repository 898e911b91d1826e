//! Limits requests per time, in the order in which they come. It waits; it refuses nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::Clock;
use crate::graph::transport::{Request, Transport};
use crate::http::{Answer, HttpFailure};

/// At most this many requests within any such time.
#[derive(Debug)]
pub(super) struct Quota {
    clock: Arc<dyn Clock>,
    most: usize,
    within: Duration,
    /// When the last `most` requests left or will leave, in monotonic time.
    turns: Mutex<VecDeque<Duration>>,
}

impl Quota {
    pub(super) fn new(clock: Arc<dyn Clock>, most: usize, within: Duration) -> Self {
        Self {
            clock,
            most,
            within,
            turns: Mutex::default(),
        }
    }

    /// The wait of a request that comes now.
    pub(super) fn wait(&self) -> Duration {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        self.next(&turns).saturating_sub(self.clock.elapsed())
    }

    /// Takes the next turn and returns the wait until then.
    fn take(&self) -> Duration {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.next(&turns);
        turns.push_back(turn);
        if turns.len() > self.most {
            turns.pop_front();
        }
        turn.saturating_sub(self.clock.elapsed())
    }

    fn next(&self, turns: &VecDeque<Duration>) -> Duration {
        let now = self.clock.elapsed();
        match turns.front() {
            Some(oldest) if turns.len() >= self.most => now.max(oldest.saturating_add(self.within)),
            Some(_) | None => now,
        }
    }
}

/// A transport that waits for the quota.
#[derive(Debug)]
pub(super) struct Paced {
    transport: Arc<dyn Transport>,
    quota: Arc<Quota>,
}

impl Paced {
    pub(super) fn new(transport: Arc<dyn Transport>, quota: Arc<Quota>) -> Self {
        Self { transport, quota }
    }
}

impl Transport for Paced {
    fn send(
        &self,
        request: Request,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Answer, HttpFailure>> {
        Box::pin(async move {
            let wait = self.quota.take();
            if wait >= timeout {
                tokio::time::sleep(timeout).await;
                return Err(HttpFailure::TimedOut(timeout));
            }
            tokio::time::sleep(wait).await;
            self.transport
                .send(request, timeout.saturating_sub(wait))
                .await
        })
    }
}
