//! The Service Bus trigger: receives messages under a lock, invokes, and settles. It never looks into a message.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::events::Event;
use super::invocation::{SystemData, for_message};
use super::manifest::{Function, Manifest, Trigger};
use super::runner::{HostStopped, Runner};

/// Starts the pumps of every function that a queue triggers: as many as calls may run in parallel. A disabled function
/// has no pump.
pub(super) fn start(manifest: &Manifest, runner: &Arc<Runner>, tasks: &mut JoinSet<()>) {
    for function in &manifest.functions {
        let Trigger::ServiceBus {
            binding,
            queue,
            binary,
        } = &function.trigger
        else {
            continue;
        };
        if runner.disabled.contains(&function.name) {
            continue;
        }
        let hold = lock_lifetime(
            runner.broker.lock_duration(queue),
            manifest.max_lock_renewal,
        );
        for _ in 0..manifest.max_concurrent_calls {
            let pump = Pump {
                runner: Arc::clone(runner),
                function: function.clone(),
                binding: binding.clone(),
                queue: queue.clone(),
                binary: *binary,
                auto_complete: manifest.auto_complete,
                hold,
            };
            tasks.spawn(async move {
                while let Ok(Next::Goes) = pump.next().await {}
                tracing::info!(target: "host", "a pump of {} has ended", pump.queue);
            });
        }
    }
}

/// The longest time that the host keeps a lock: to the end of the last renewal that begins in time.
fn lock_lifetime(lock: Duration, most_renewal: Duration) -> Duration {
    let lock = lock.max(Duration::from_millis(1));
    let renewals = u32::try_from(most_renewal.as_millis() / lock.as_millis()).unwrap_or(u32::MAX);
    lock.saturating_mul(renewals.saturating_add(1))
}

/// Whether the pump goes on.
enum Next {
    Goes,
    Stops,
}

struct Pump {
    runner: Arc<Runner>,
    function: Function,
    binding: String,
    queue: String,
    binary: bool,
    auto_complete: bool,
    hold: Duration,
}

impl Pump {
    /// Processes one message, from its lock to its settlement.
    async fn next(&self) -> Result<Next, HostStopped> {
        let broker = &self.runner.broker;
        let mut listening = self.runner.listening.subscribe();
        let delivery = tokio::select! {
            biased;
            // It fails only when the host is gone.
            _ = listening.wait_for(|listening| !listening) => return Ok(Next::Stops),
            delivery = broker.receive(&self.queue, self.hold) => delivery,
        };
        let document = for_message(
            &self.binding,
            self.binary,
            &delivery.message,
            &delivery.lock_token.to_string(),
            SystemData::new(&self.function.name, broker.now()),
        );
        let done = self
            .runner
            .run(&self.function, document, Some(&delivery.message))
            .await?;
        let settled = match done {
            // An invocation that ends after the listener was stopped has written its outputs, and its message is
            // abandoned all the same.
            _ if !*listening.borrow() => broker.abandon(&delivery),
            Some(_) if self.auto_complete => broker.complete(&delivery),
            Some(_) => Ok(()),
            None => broker.abandon(&delivery),
        };
        if settled.is_err() {
            self.runner.events.add(Event::LockLost {
                message_id: delivery.message.message_id().to_owned(),
            });
        }
        Ok(Next::Goes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_outlives_the_last_renewal() {
        let minutes = Duration::from_mins;
        assert_eq!(lock_lifetime(minutes(1), minutes(11)), minutes(12));
        assert_eq!(lock_lifetime(minutes(1), Duration::ZERO), minutes(1));
    }
}
