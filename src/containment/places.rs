//! The places of the hour that one alert is granted: asked for once, by a task that outlives those who wait for it, since a
//! grant that nobody heard of would hold its places for the whole hour.

use std::sync::{Arc, Once};

use tokio::sync::SetOnce;

use crate::domain::{Admission, Deadline, Wanted};
use crate::guard::Allowance;

use super::Context;

pub(super) const TOO_LATE: &str =
    "The time for this alert was over before the ledger of what was cut this hour had answered.";

/// What the ledger grants to one alert.
#[derive(Debug)]
pub(super) struct HourlyPlaces {
    context: Arc<Context>,
    wanted: Wanted,
    deadline: Deadline,
    invocation: String,
    asked: Once,
    granted: SetOnce<Granted>,
}

/// An admission, and what is left of it.
#[derive(Debug)]
struct Granted {
    admission: Admission,
    allowance: Allowance,
}

impl HourlyPlaces {
    /// Places for so many users. The ledger is not asked yet: places are not held by those who wait.
    pub(super) fn new(
        context: Arc<Context>,
        users: usize,
        deadline: Deadline,
        invocation: String,
    ) -> Self {
        let wanted = Wanted {
            users,
            per_hour: context.policy.max_users_per_hour,
            per_alert: context.policy.max_users_per_alert,
        };
        Self {
            context,
            wanted,
            deadline,
            invocation,
            asked: Once::new(),
            granted: SetOnce::new(),
        }
    }

    /// Asks the ledger, once; nobody waits for it here, so that it costs the cut nothing.
    pub(super) fn ask(self: &Arc<Self>) {
        self.asked.call_once(|| {
            let places = Arc::clone(self);
            tokio::spawn(async move {
                let granted = places.ask_ledger().await;
                // Asked once, so answered once.
                let _first = places.granted.set(granted);
            });
        });
    }

    async fn ask_ledger(&self) -> Granted {
        let time = self.deadline.remaining(&*self.context.clock);
        let admission = tokio::time::timeout(time, self.context.ledger.admit(self.wanted))
            .await
            .unwrap_or_else(|_| Admission::undecided(TOO_LATE.to_owned()));
        if let Some(problem) = &admission.undecided {
            tracing::warn!(
                problem,
                wanted = self.wanted.users,
                granted = admission.granted,
                invocation = self.invocation,
                "ledger.undecided"
            );
        }
        let policy = &self.context.policy;
        Granted {
            allowance: Allowance::new(&admission, policy.max_users_per_hour, policy.mode),
            admission,
        }
    }

    /// What the ledger has granted; `None` if it has not answered by the deadline.
    pub(super) async fn allowance(&self) -> Option<&Allowance> {
        let time = self.deadline.remaining(&*self.context.clock);
        // An answer that is there counts, also when the time is just over.
        let granted = match self.granted.get() {
            Some(granted) => granted,
            None => tokio::time::timeout(time, self.granted.wait()).await.ok()?,
        };
        Some(&granted.allowance)
    }

    /// Tells the ledger how many were cut. The reply does not wait: neither for that to be written, nor for an admission that
    /// nobody needed.
    pub(super) fn settle(self: &Arc<Self>) {
        if !self.asked.is_completed() {
            return;
        }
        if let Some(granted) = self.granted.get() {
            self.tell(granted);
            return;
        }
        let places = Arc::clone(self);
        tokio::spawn(async move { places.tell(places.granted.wait().await) });
    }

    fn tell(&self, granted: &Granted) {
        let cut = granted.allowance.taken();
        self.context.ledger.settle(&granted.admission, cut);
    }
}
