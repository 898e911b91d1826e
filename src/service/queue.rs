//! The queue trigger. The queue is the durability: a message is completed only when every subject of it is final, or on its
//! last delivery, when everything is reported and what is left goes to `evict-rejected` in a form that can be put back.
//!
//! What is retried and what is not:
//!
//! - A malformed message is not: it would only come again as it is. It goes to `evict-rejected` with the reason, and so
//!   does one that names nobody yet, because its entities have not arrived or it only links to them.
//! - A subject that Graph could not be asked about is, by giving the message back after a wait that grows with each
//!   delivery; the host itself redelivers at once.
//! - A subject that failed for want of a permission is not: the platform keeps a token for up to a day, longer than all
//!   deliveries. It is reported at once, and put into `evict-rejected` for when the permission is there.

use std::time::Duration;

use crate::domain::{AlertHeader, Correlation, Deadline, Parsed};
use crate::host::{Arrival, BrokerWord, OutputBinding, QueueMessage, Reply};
use crate::receipt::{self, AlertReport, EventKey, RejectedFrom};

use super::{Delivery, Service, deadline, kept};

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
        let (parsed, left_out) = self.read(&message.body);
        arrival.keeps(kept(&parsed).saturating_add(message.body.len()));
        let correlation = correlation(invocation, &message.broker, parsed.header());
        let deadline = deadline(&*self.clock, &arrival, self.settings.queue_deadline);
        let delivery = Delivery {
            enqueued_at: message.broker.enqueued_at,
            correlation: correlation.clone(),
            requested_by: None,
            deadline: deadline.earlier_by(MARGIN),
        };
        let receipts = self.contain(&parsed, left_out, delivery).await;

        let delivery_count = message.broker.delivery_count;
        let is_last = delivery_count.is_some_and(|count| count >= self.settings.max_deliveries);
        if receipts.iter().any(|receipt| !receipt.outcome.is_final()) && !is_last {
            self.wait_before_redelivery(delivery_count, deadline).await;
            return Reply::abandoned(
                "Not every subject of this message is finished. Service Bus delivers it again.",
            );
        }

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
        let rejected = match &parsed {
            Parsed::Malformed(malformed) => receipt::rejected(malformed, &message.body, &from),
            Parsed::Alert(_) | Parsed::NothingToDo(_) => {
                let mut rejected = receipt::unfinished(&report, &from);
                rejected.extend(receipt::unread(&parsed, &message.body, &from));
                rejected
            }
        };
        let key = event_key(&message, &correlation);
        let reply = Reply::completed()
            .with_messages(
                OutputBinding::Receipts,
                receipt::events(&report, &self.source(), key),
            )
            .with_messages(OutputBinding::Rejected, rejected)
            .with_log(format!("alert.read {}", summary(&parsed)));
        receipts
            .iter()
            .map(receipt::log_line)
            .fold(reply, Reply::with_log)
    }

    async fn wait_before_redelivery(&self, delivery_count: Option<u32>, deadline: Deadline) {
        let own = redelivery_wait(self.settings.redelivery_wait, delivery_count);
        let told = self.containment.waiting().unwrap_or_default();
        let left = deadline.remaining(&*self.clock);
        tokio::time::sleep(own.max(told_wait(told, left))).await;
    }
}

/// The wait doubles with each delivery, so that ten deliveries span minutes.
fn redelivery_wait(base: Duration, delivery_count: Option<u32>) -> Duration {
    let doublings = delivery_count.unwrap_or(1).saturating_sub(1).min(16);
    base.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// How much of a wait that Graph has asked for is kept before the message is given back: all that a delivery may take, of
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

fn correlation(invocation: String, broker: &BrokerWord, header: &AlertHeader) -> Correlation {
    Correlation {
        alert_id: header.alert_id.clone(),
        incident_id: header.incident_id.clone(),
        message_id: broker.message_id.clone(),
        correlation_id: broker.correlation_id.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_deliveries_span_minutes_not_seconds() {
        let base = Duration::from_secs(5);
        let waits: Vec<u64> = (1..=10)
            .map(|count| redelivery_wait(base, Some(count)).as_secs())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60, 60, 60, 60]);
        assert!(waits[..9].iter().sum::<u64>() > 5 * 60);
        assert_eq!(redelivery_wait(base, None), base);
        assert_eq!(redelivery_wait(base, Some(u32::MAX)), LONGEST_WAIT);
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
