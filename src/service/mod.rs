//! The composition: an invocation comes in, a reply goes out, and the way between stands here.
//!
//! ```text
//! bytes → host::Invocation → alert::parse → Alert
//!       → containment, per subject: resolve → decide → revoke → verify
//!       → Vec<Receipt> → receipt::… → host::Reply → bytes, and the comment on the alert's incident
//! ```
//!
//! What decides between complete and abandon, between 200, 202 and 400, is in `queue` and `http`; 401, 403 and 503 are in `admission`
//! and `check`. Nothing flows back up.

#![deny(clippy::wildcard_enum_match_arm)]

mod admission;
mod http;
mod incident;
mod queue;
mod reading;
mod self_check;
mod standing;
mod under_way;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::callers::Callers;
use crate::containment::{Containment, Ended, Task};
use crate::domain::{
    Caller, Cleared, Clock, Correlation, Deadline, Mode, Outcome, Parsed, Receipt, Subject,
    TenantId,
};
use crate::host::{Arrival, Handler, Invocation, Reply, Trigger};
use crate::incident::Incidents;
use crate::{alert, receipt};

/// What the settings say to the service.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// The tenant, which names this deployment in events.
    pub tenant: TenantId,
    /// Whether anything is changed at all.
    pub mode: Mode,
    /// The queue's maximum delivery count.
    pub max_deliveries: u32,
    /// How long an HTTP caller waits at most.
    pub http_deadline: Duration,
    /// How long one delivery of a message is worked on.
    pub queue_deadline: Duration,
    /// The wait before an unfinished first delivery is abandoned; it doubles with each delivery.
    pub redelivery_wait: Duration,
    /// Who lets HTTP callers in, for the self-check.
    pub http_access: HttpAccess,
    /// Every setting in force, for the self-check. No secret is among them.
    pub in_force: Vec<(&'static str, String)>,
    /// The version of this program.
    pub version: &'static str,
}

pub use self::admission::HttpAccess;
pub use self::self_check::CheckAnswer;

/// Answers invocations.
#[derive(Debug)]
pub struct Service {
    containment: Containment,
    /// The incidents that are written; `None` where none is.
    incidents: Option<Arc<Incidents>>,
    /// Where messages wait for the entities of their incidents.
    waiting_places: Semaphore,
    /// What checks HTTP callers; `None` where the host's function keys alone do.
    callers: Option<Callers>,
    settings: ServiceSettings,
    clock: Arc<dyn Clock>,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        containment: Containment,
        incidents: Option<Incidents>,
        callers: Option<Callers>,
        settings: ServiceSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            containment,
            incidents: incidents.map(Arc::new),
            waiting_places: Semaphore::new(reading::WAITING_PLACES),
            callers,
            settings,
            clock,
        }
    }

    /// What an alert came to: a receipt for each of its subjects, users and others, in its order.
    async fn contain(&self, parsed: &Parsed, left_out: usize, of: Delivery) -> Vec<Receipt> {
        self.contain_beyond(0, parsed, left_out, of).await
    }

    /// The same for all but the first ones, so many, which are worked on elsewhere.
    async fn contain_beyond(
        &self,
        first: usize,
        parsed: &Parsed,
        left_out: usize,
        of: Delivery,
    ) -> Vec<Receipt> {
        if let Parsed::Malformed(_) = parsed {
            return Vec::new();
        }
        let task = Task {
            header: parsed.header().clone(),
            subjects: parsed.subjects().to_vec(),
            left_out,
            enqueued_at: of.enqueued_at,
            received_at: of.received_at,
            message: of.message,
            correlation: of.correlation,
            requested_by: of.requested_by,
            deadline: of.deadline,
            cleared: of.cleared,
        };
        let containment = &self.containment;
        containment.contain_beyond(first, task, of.ended).await
    }

    /// Writes each receipt into the log, once, as it leaves this invocation.
    fn log(&self, receipts: &[Receipt]) {
        for receipt in receipts {
            let line = receipt::log_line(receipt, self.settings.tenant);
            tracing::info!(receipt = line, "receipt.made");
        }
    }

    /// Reads a payload, without what is too many for receipts of their own; says how many those are.
    fn read(&self, body: &[u8]) -> (Parsed, usize) {
        let mut parsed = alert::parse(body);
        let left_out = self.shorten(&mut parsed);
        (parsed, left_out)
    }

    fn shorten(&self, parsed: &mut Parsed) -> usize {
        match parsed {
            Parsed::Alert(alert) => self.containment.shorten(&alert.header, &mut alert.subjects),
            Parsed::NothingToDo(nothing) => self
                .containment
                .shorten(&nothing.header, &mut nothing.subjects),
            Parsed::Malformed(_) => 0,
        }
    }

    fn source(&self) -> String {
        format!("/evict/{}", self.settings.tenant)
    }
}

/// The users that an alert's incident names besides those that it was sent with, once that is known.
type Joined = Arc<OnceLock<Vec<Subject>>>;

/// What the trigger says of an alert.
#[derive(Clone)]
struct Delivery {
    enqueued_at: Option<jiff::Timestamp>,
    received_at: Option<jiff::Timestamp>,
    message: Option<uuid::Uuid>,
    correlation: Correlation,
    requested_by: Option<Caller>,
    deadline: Deadline,
    /// That the alert is over, once that is known.
    cleared: Arc<OnceLock<Cleared>>,
    /// The users that the alert flags too, once that is known.
    joined: Joined,
    /// Who hears of each subject as it ends.
    ended: Ended,
}

/// The deadline of an invocation that may take so long. What it waited for room counts.
fn deadline(clock: &dyn Clock, arrival: &Arrival, after: Duration) -> Deadline {
    match arrival.at() {
        Some(arrived) => Deadline::since(arrived, after),
        None => Deadline::after(clock, after),
    }
}

/// What a subject takes until its alert is answered, in bytes: what is known of it, its receipt, and each text that tells it.
const EACH_SUBJECT: usize = 4 * 1024;

/// About how many bytes are kept of what was read.
fn kept(parsed: &Parsed) -> usize {
    let subjects = match parsed {
        Parsed::Alert(alert) => alert.subjects.len(),
        Parsed::NothingToDo(nothing) => nothing.subjects.len(),
        Parsed::Malformed(_) => 0,
    };
    subjects.saturating_mul(EACH_SUBJECT)
}

/// What is not final in this invocation goes to the queue, and says so.
fn hand_over(receipt: &mut Receipt) {
    if receipt.outcome.is_final() {
        return;
    }
    receipt.outcome = Outcome::HandedOver;
    receipt.say_what_stays_alive();
}

impl Handler for Service {
    fn elapsed(&self) -> Option<Duration> {
        Some(self.clock.elapsed())
    }

    async fn handle(&self, invocation: Invocation) -> Reply {
        match invocation.trigger {
            Trigger::Queue(message) => {
                if let Some(refused) = self.unproved(&message).await {
                    return refused;
                }
                self.revoke_from_queue(invocation.id, message, invocation.arrival)
                    .await
            }
            Trigger::Alert(request) => match self.admit(&request).await {
                Ok(caller) => {
                    self.revoke_from_alert(invocation.id, request, caller, invocation.arrival)
                        .await
                }
                Err(refusal) => admission::refused(&refusal),
            },
            Trigger::Check(request) => match self.admit(&request).await {
                Ok(_) => self.check(&invocation.id).await,
                Err(refusal) => admission::refused(&refusal),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[derive(Debug)]
    struct At(Duration);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            self.0
        }
    }

    #[test]
    fn what_an_invocation_waited_for_room_is_taken_from_its_time() {
        let seconds = Duration::from_secs;
        let now = At(seconds(70));
        let waited = Arrival::begun(seconds(30));
        let left = deadline(&now, &waited, seconds(100)).remaining(&now);
        assert_eq!(left, seconds(60));
        let late = deadline(&now, &waited, seconds(20));
        assert!(late.has_passed(&now));
        // Without the handler's own clock it begins now.
        let left = deadline(&now, &Arrival::default(), seconds(100)).remaining(&now);
        assert_eq!(left, seconds(100));
    }
}
