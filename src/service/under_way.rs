//! Tells the incident of the first cuts while the rest of its alert is still worked on, so that nobody who looks there waits for the
//! last. It runs beside the work and holds up none of it; what it writes is replaced when all has ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::domain::{Deadline, Parsed, Receipt, Story};
use crate::incident::{Incident, Incidents, comment_id};
use crate::receipt;

use super::incident::{Place, Telling, place};
use super::{Delivery, Joined, Service};

/// How long the others are waited for after the first cut: most alerts are over by then, and have one comment.
const A_MOMENT: Duration = Duration::from_secs(1);

/// How long after that the users who ended meanwhile are added.
const AGAIN: Duration = Duration::from_secs(15);

/// How long one writing may take. The last one waits for it, so that it is the last that stands.
const LONGEST: Duration = Duration::from_secs(10);

/// Whose work has ended, by their places among the alert's subjects.
type EndedSoFar = BTreeMap<usize, Receipt>;

impl Service {
    /// Contains the alert, and tells its incident meanwhile whose sessions are cut already.
    pub(super) async fn contain_and_tell(
        &self,
        parsed: &Parsed,
        left_out: usize,
        of: Delivery,
        telling: &Telling<'_>,
    ) -> Vec<Receipt> {
        let incidents = self.incidents.as_deref();
        let place = incidents.and_then(|incidents| place(incidents, parsed, telling));
        let (Some(incidents), Some(Place::Ours(incident, story))) = (incidents, place) else {
            return self.contain_what_stands(parsed, left_out, of).await;
        };
        let (ended, seen) = watch::channel(EndedSoFar::new());
        let by = of.deadline;
        let joined = Joined::clone(&of.joined);
        let of = Delivery {
            ended: Arc::new(move |index, receipt| {
                ended.send_modify(|all| {
                    all.insert(index, receipt.clone());
                });
            }),
            ..of
        };
        let telling = UnderWay {
            incidents,
            incident,
            story,
            parsed,
            joined,
            by,
        };
        let contain = self.contain_what_stands(parsed, left_out, of);
        let (receipts, ()) = join(contain, self.tell_under_way(&telling, seen)).await;
        receipts
    }

    async fn tell_under_way(&self, telling: &UnderWay<'_>, mut seen: watch::Receiver<EndedSoFar>) {
        let has_cut = |all: &EndedSoFar| all.values().any(|receipt| receipt.outcome.is_cut());
        if seen.wait_for(has_cut).await.is_err() {
            return;
        }
        let mut told = 0;
        let mut rest = A_MOMENT;
        // The channel is closed when all have ended.
        while timeout(rest, seen.wait_for(|_| false)).await.is_err() {
            rest = AGAIN;
            let (count, comment) = {
                let all = seen.borrow();
                (all.len(), telling.comment(self, &all))
            };
            if count > told && telling.write(self, &comment).await {
                told = count;
            }
        }
    }
}

/// What the comments on an alert that is worked on have in common.
struct UnderWay<'a> {
    incidents: &'a Incidents,
    incident: Incident,
    story: Story,
    parsed: &'a Parsed,
    joined: Joined,
    by: Deadline,
}

impl UnderWay<'_> {
    fn comment(&self, service: &Service, ended: &EndedSoFar) -> String {
        let (mode, now) = (service.settings.mode, service.clock.now());
        let mut parsed = self.parsed.clone();
        parsed.join(self.joined.get().map_or(&[], Vec::as_slice));
        receipt::comment_under_way(&parsed, mode, ended, &self.story, now)
    }

    /// Says whether it stands there now. Where it does not, the comment at the end is the first.
    async fn write(&self, service: &Service, comment: &str) -> bool {
        let id = comment_id(&self.incident, self.story.first);
        let by = self.by.min(Deadline::after(&*service.clock, LONGEST));
        let written = self
            .incidents
            .write_comment(&self.incident, id, comment, by)
            .await;
        match &written {
            Ok(()) => tracing::info!(comment = %id, "incident.comment.begun"),
            Err(problem) => tracing::warn!(comment = %id, %problem, "incident.comment.late"),
        }
        written.is_ok()
    }
}
