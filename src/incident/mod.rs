//! What is asked of and written to the Microsoft Sentinel incident that an alert belongs to, under the app's own identity.
//!
//! An incident's id in an alert is a stranger's text. It becomes an [`Incident`] only if it lies in a workspace of the
//! settings, and there is no other way to make one: no call leaves for anywhere else. Nothing here knows an alert, a
//! receipt or a user; what a comment says is made elsewhere.
//!
//! Azure's limits are obeyed by the same gates as Graph's ([`Arm`]). While Azure is down a comment is tried for
//! a moment only, so that an outage of what reports cannot slow down what cuts.

#![deny(clippy::wildcard_enum_match_arm)]

mod arm;
mod comment;
mod id;
mod label;
mod now;
mod role;
mod task;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{Clock, Deadline, SentinelWorkspace, TenantId};
use crate::graph::{CallError, Disposition};

use std::sync::Arc;

pub use arm::Arm;
pub use comment::comment_id;
pub use id::{Incident, Named, is_sentinel_incident};
pub use now::{Entities, NotRead, Now};

/// The version of the API that is spoken ("Microsoft.SecurityInsights incidents", template reference).
const API_VERSION: &str = "2025-09-01";

/// The role by which all of this may be done ("Roles and permissions in Microsoft Sentinel").
const ROLE: &str = "the role Microsoft Sentinel Responder on the incident's workspace";

/// How long after Azure could not be asked it is tried for a moment only.
const DOWN: Duration = Duration::from_mins(1);

/// That moment.
const A_TRY: Duration = Duration::from_secs(3);

/// Why something could not be written into an incident, as sentences for a person. Names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotWritten {
    /// What happened and what to do.
    pub problem: String,
}

impl NotWritten {
    fn of(problem: &str) -> Self {
        Self {
            problem: problem.to_owned(),
        }
    }
}

impl From<CallError> for NotWritten {
    fn from(error: CallError) -> Self {
        Self::of(&error.to_string())
    }
}

/// The incidents of the workspaces that may be written.
#[derive(Debug)]
pub struct Incidents {
    arm: Arm,
    workspaces: Vec<SentinelWorkspace>,
    clock: Arc<dyn Clock>,
    /// When Azure could last not be asked, on the monotonic clock.
    down: Mutex<Option<Duration>>,
}

impl Incidents {
    /// Puts the parts together. Nothing is asked yet.
    #[must_use]
    pub fn new(
        arm: Arm,
        tenant: TenantId,
        workspaces: Vec<SentinelWorkspace>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        arm.pin(tenant);
        Self {
            arm,
            workspaces,
            clock,
            down: Mutex::default(),
        }
    }

    /// What an alert means by an incident's id.
    #[must_use]
    pub fn named(&self, id: &str) -> Named {
        id::named(&self.workspaces, id)
    }

    /// When to give up, at the latest by that deadline.
    fn within(&self, deadline: Deadline) -> Deadline {
        let down = *self.down.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = down.is_some_and(|down| self.clock.elapsed().saturating_sub(down) < DOWN);
        let left = deadline.remaining(&*self.clock);
        if lately && left > A_TRY {
            Deadline::after(&*self.clock, A_TRY)
        } else {
            deadline
        }
    }

    /// Remembers whether Azure could be asked.
    fn note<T>(&self, result: &Result<T, CallError>) {
        let is_down = match result {
            Ok(_) => false,
            Err(error) => match error.disposition() {
                Disposition::RetryLater { .. } => true,
                Disposition::FixPermission | Disposition::FixAlert | Disposition::GiveUp => false,
            },
        };
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        *down = is_down.then(|| self.clock.elapsed());
    }
}
