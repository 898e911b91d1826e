//! The queue trigger. The queue is the durability: a message is completed only when every subject of it is final, or on its
//! last delivery, when everything is reported and what is left goes to `evict-rejected` in a form that can be put back.
//!
//! What is final is reported at once: where a delivery ends with some subjects final, their receipts are published, the message is
//! completed, and the others go on in a message of their own, which says how often they were tried. So no later delivery can
//! deny what an earlier one has done.
//!
//! What is retried and what is not:
//!
//! - A malformed message is not: it would only come again as it is. It goes to `evict-rejected` with the reason, and so
//!   does one that names nobody yet, because its entities have not arrived (where its incident may be read: not within a quarter of an
//!   hour) or it only links to them.
//! - A subject that Graph could not be asked about is, after a wait that grows with each delivery; the host itself redelivers
//!   at once.
//! - A subject that failed for want of a permission is not: the platform keeps a token for up to a day, longer than all
//!   deliveries. It is reported at once, and put into `evict-rejected` for when the permission is there.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{
    AlertHeader, CommentBy, Correlation, Deadline, HandedOn, Parsed, Receipt, Story,
};
use crate::host::{Arrival, BrokerWord, OutputBinding, QueueMessage, Reply};
use crate::receipt::{self, AlertReport, EventKey, RejectedFrom};

use super::incident::Telling;
use super::reading::Looked;
use super::{Delivery, Joined, Service, deadline, hand_over, kept};

/// How much longer than a delivery may be worked on its message may be kept back. With the longest delivery it stays well
/// inside host.json's function time-out and lock renewal.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What is left of a delivery's time for answering.
const MARGIN: Duration = Duration::from_secs(2);

impl Service {
    pub(super) async fn revoke_from_queue(
        &self,
        invocation: String,
        message: QueueMessage,
        arrival: Arrival,
    ) -> Reply {
        let (parsed, mut left_out) = self.read(&message.body);
        arrival.keeps(kept(&parsed).saturating_add(message.body.len()));
        let progress = Progress::of(&message.broker, parsed.header().handed_on.as_ref());
        let correlation = correlation(invocation, &message.broker, &progress, parsed.header());
        let deadline = deadline(&*self.clock, &arrival, self.settings.queue_deadline);
        self.wait_for_turn(&progress, &message.broker).await;
        let key = event_key(&message, &correlation);
        let looked = self.look_at_incident(parsed, progress.queued_at, deadline.earlier_by(MARGIN));
        let mut parsed = match looked.await {
            Looked::Ready(mut parsed) => {
                left_out = left_out.saturating_add(self.shorten(&mut parsed));
                parsed
            }
            Looked::Pending(parsed) => return Self::wait_on(&parsed, &progress, &message, key),
        };
        let joined = Joined::default();
        let delivery = Delivery {
            enqueued_at: progress.queued_at,
            received_at: progress.queued_at,
            message: key.of_broker(),
            correlation: correlation.clone(),
            requested_by: None,
            deadline: deadline.earlier_by(MARGIN),
            cleared: Arc::default(),
            joined: Joined::clone(&joined),
            ended: Arc::new(|_, _| ()),
        };
        let telling = Telling {
            key,
            usually: CommentBy::Evict,
            deadline,
        };
        let worked = self.contain_and_tell(&parsed, left_out, delivery, &telling);
        let mut receipts = worked.await;
        parsed.join(joined.get().map_or(&[], Vec::as_slice));

        let delivery_count = message.broker.delivery_count;
        let is_last =
            delivery_count.is_some() && progress.deliveries >= self.settings.max_deliveries;
        let is_final = |receipt: &Receipt| receipt.outcome.is_final();
        if !is_last && !receipts.iter().all(is_final) {
            if !receipts.iter().any(is_final) {
                return self.abandon(&receipts, &progress, deadline).await;
            }
            receipts.iter_mut().for_each(hand_over);
        }
        self.log(&receipts);

        let told = self
            .tell_incident(&mut parsed, &mut receipts, &telling)
            .await;
        let report = AlertReport {
            parsed: &parsed,
            receipts: &receipts,
            mode: self.settings.mode,
            requested_by: None,
        };
        let from = RejectedFrom {
            correlation: &correlation,
            delivery_count,
            at: self.clock.now(),
        };
        let rejected = rejected(&report, &message.body, &from);
        let handed_on = progress.handed_on(&message.broker, parsed.header(), told);
        Reply::completed()
            .with_messages(
                OutputBinding::Receipts,
                receipt::events(&report, &self.source(), key),
            )
            .with_messages(OutputBinding::Rejected, rejected)
            .with_messages(
                OutputBinding::Handover,
                receipt::handover(&report, Some(&handed_on)),
            )
            .with_log(format!("alert.read {}", summary(&parsed)))
    }

    /// The message comes again, after a wait, and uses up a delivery.
    async fn abandon(
        &self,
        receipts: &[Receipt],
        progress: &Progress,
        deadline: Deadline,
    ) -> Reply {
        self.log(receipts);
        self.wait_before_redelivery(progress.deliveries, deadline)
            .await;
        Reply::abandoned("No subject of this message is finished. Service Bus delivers it again.")
    }

    /// The alert goes on waiting for its incident's entities, at the end of the queue. That uses up no delivery.
    fn wait_on(
        parsed: &Parsed,
        progress: &Progress,
        message: &QueueMessage,
        key: EventKey<'_>,
    ) -> Reply {
        let header = parsed.header();
        let earlier = header.handed_on.as_ref();
        let story = earlier.and_then(|earlier| earlier.story.clone());
        // What goes on names nobody by itself: a person who sends the alert again needs what its sender wrote.
        let received_body = match earlier {
            Some(earlier) => earlier.received_body.clone(),
            None => std::str::from_utf8(&message.body).ok().map(str::to_owned),
        };
        let handed_on = HandedOn {
            deliveries: progress.before,
            received_body,
            ..progress.handed_on(
                &message.broker,
                header,
                Some(story.unwrap_or_else(|| Story::of(receipt::first_message(key)))),
            )
        };
        Reply::completed()
            .with_messages(
                OutputBinding::Handover,
                vec![receipt::awaiting(header, &handed_on)],
            )
            .with_log(format!("alert.waits {}", summary(parsed)))
    }

    /// A delivery that follows one that has not waited itself, since it went on or its outputs were refused, waits here.
    async fn wait_for_turn(&self, progress: &Progress, broker: &BrokerWord) {
        let Some(queued_at) = broker.enqueued_at else {
            return;
        };
        let base = self.settings.redelivery_wait;
        let turn = turn(base, progress.before, progress.deliveries);
        let since = self.clock.now().duration_since(queued_at);
        let passed = Duration::try_from(since).unwrap_or_default();
        // Clocks may differ: a wait is never longer than half of what a delivery may take.
        let most = LONGEST_WAIT.min(self.settings.queue_deadline / 2);
        tokio::time::sleep(turn.saturating_sub(passed).min(most)).await;
    }

    async fn wait_before_redelivery(&self, deliveries: u32, deadline: Deadline) {
        let left = deadline.remaining(&*self.clock);
        let spent = self.settings.queue_deadline.saturating_sub(left);
        // What has waited for its turn in a storm has waited enough.
        let own = if spent >= LONGEST_WAIT {
            Duration::ZERO
        } else {
            redelivery_wait(self.settings.redelivery_wait, deliveries)
        };
        let told = self.containment.waiting().unwrap_or_default();
        tokio::time::sleep(own.max(told_wait(told, left))).await;
    }
}

/// How far a message has come, those before it included that went on in it.
struct Progress {
    /// How many deliveries there were before this message.
    before: u32,
    /// Which delivery this is.
    deliveries: u32,
    /// When the first message was put on the queue. A body can only put it back, and for its own users alone.
    queued_at: Option<Timestamp>,
    /// By which the receipts of all its messages are found together.
    correlation_id: Option<String>,
}

impl Progress {
    fn of(broker: &BrokerWord, handed_on: Option<&HandedOn>) -> Self {
        let earlier = handed_on.cloned().unwrap_or_default();
        let queued_at = match (broker.enqueued_at, earlier.queued_at) {
            (Some(this), Some(first)) => Some(this.min(first)),
            (this, _) => this,
        };
        Self {
            before: earlier.deliveries,
            deliveries: earlier
                .deliveries
                .saturating_add(broker.delivery_count.unwrap_or(1)),
            queued_at,
            correlation_id: earlier
                .correlation_id
                .or_else(|| broker.correlation_id.clone()),
        }
    }

    fn handed_on(
        &self,
        broker: &BrokerWord,
        header: &AlertHeader,
        story: Option<Story>,
    ) -> HandedOn {
        let correlation_id = self.correlation_id.as_ref();
        HandedOn {
            deliveries: self.deliveries,
            queued_at: self.queued_at,
            correlation_id: correlation_id.or(broker.message_id.as_ref()).cloned(),
            alert_at: header.alert_at(),
            source: Some(header.source()),
            story,
            received_body: None,
        }
    }
}

/// How long after a message was put on the queue its next delivery begins at the earliest: after the waits of all
/// deliveries since `before`, and of the one by which it went on.
fn turn(base: Duration, before: u32, deliveries: u32) -> Duration {
    let waits = (before.max(1)..deliveries).take(32);
    waits.map(|delivery| redelivery_wait(base, delivery)).sum()
}

/// The wait doubles with each delivery, so that ten deliveries span minutes.
fn redelivery_wait(base: Duration, deliveries: u32) -> Duration {
    let doublings = deliveries.saturating_sub(1).min(16);
    base.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// How long the message is held before it is abandoned: as long as Graph asked, at most all that a delivery may take, of
/// which `left` was not needed. A delivery that comes before the wait is over only uses one up.
fn told_wait(told: Duration, left: Duration) -> Duration {
    told.min(left.saturating_add(LONGEST_WAIT))
}

fn event_key<'a>(message: &'a QueueMessage, correlation: &'a Correlation) -> EventKey<'a> {
    let broker = &message.broker;
    match (
        broker.sequence_number,
        broker.enqueued_at,
        &correlation.message_id,
    ) {
        (Some(sequence_number), Some(enqueued_at), _) => EventKey::Broker {
            sequence_number,
            enqueued_at,
        },
        (_, _, Some(id)) => EventKey::Message(id),
        (_, _, None) => EventKey::Body(&message.body),
    }
}

fn correlation(
    invocation: String,
    broker: &BrokerWord,
    progress: &Progress,
    header: &AlertHeader,
) -> Correlation {
    Correlation {
        alert_id: header.alert_id.clone(),
        incident_id: header.incident_id.clone(),
        message_id: broker.message_id.clone(),
        correlation_id: progress.correlation_id.clone(),
        invocation_id: invocation,
    }
}

fn summary(parsed: &Parsed) -> String {
    let shape = parsed.header().shape.as_str();
    match parsed {
        Parsed::Alert(alert) => format!("shape={shape} subjects={}", alert.subjects.len()),
        Parsed::NothingToDo(nothing) => {
            let put = if nothing.reason.leaves_users_unread() {
                " put=evict-rejected"
            } else {
                ""
            };
            format!(
                "shape={shape} nothing_to_do={}{put}",
                nothing.reason.as_str()
            )
        }
        Parsed::Malformed(malformed) => {
            format!(
                "shape={shape} malformed path={} put=evict-rejected",
                malformed.path
            )
        }
    }
}

/// What goes to the queue `evict-rejected`: what could not be read, and the users that this delivery leaves unfinished.
fn rejected(report: &AlertReport<'_>, body: &[u8], from: &RejectedFrom<'_>) -> Vec<String> {
    match report.parsed {
        Parsed::Malformed(malformed) => receipt::rejected(malformed, body, from),
        Parsed::Alert(_) | Parsed::NothingToDo(_) => {
            let earlier = report.parsed.header().handed_on.as_ref();
            let received = earlier.and_then(|earlier| earlier.received_body.as_deref());
            let body = received.map_or(body, str::as_bytes);
            let mut rejected = receipt::unfinished(report, from);
            rejected.extend(receipt::unread(report.parsed, body, from));
            rejected
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_deliveries_span_minutes_not_seconds() {
        let base = Duration::from_secs(5);
        let waits: Vec<u64> = (1..=10)
            .map(|count| redelivery_wait(base, count).as_secs())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60, 60, 60, 60]);
        assert!(waits[..9].iter().sum::<u64>() > 5 * 60);
        assert_eq!(redelivery_wait(base, u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn a_delivery_waits_for_those_that_did_not() {
        let base = Duration::from_secs(5);
        let turn = |before, deliveries| turn(base, before, deliveries).as_secs();
        assert_eq!(turn(0, 1), 0);
        // The first one's outputs were refused, which the host answers by the next delivery at once.
        assert_eq!(turn(0, 2), 5);
        assert_eq!(turn(0, 3), 15);
        // What is left of the second delivery goes on.
        assert_eq!(turn(2, 3), 10);
        assert_eq!(turn(2, 4), 30);
        assert!(turn(0, u32::MAX) <= 32 * 60);
    }

    #[test]
    fn the_longest_wait_that_graph_can_ask_for_costs_two_deliveries_of_ten() {
        let (minute, longest) = (Duration::from_mins(1), Duration::from_mins(10));
        let mut told = longest;
        let mut deliveries = 0;
        // A delivery that cannot begin before the wait is over is not worked on at all.
        let to_work = 4 * minute;
        while told >= to_work {
            told = told.saturating_sub(told_wait(told, to_work));
            deliveries += 1;
        }
        assert_eq!(deliveries, 2);
        assert_eq!(told_wait(minute, to_work), minute);
        assert_eq!(told_wait(longest, Duration::ZERO), LONGEST_WAIT);
    }
}
