//! The simulated Service Bus: queues and topics with peek-lock, delivery counts and dead-lettering. It must not know
//! the Functions host; several hosts may share one broker, as several instances of an app do.

mod rest;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use self::rest::{End, Held, NoEntity};
use super::message::{DeadLetter, Message, QueuedMessage};
use super::signal::Signal;
use crate::clock::{SandboxClock, plus};
use crate::sync::lock;

/// The largest message of the Basic and Standard tiers ("Service Bus quotas").
pub const LARGEST_MESSAGE_BYTES: usize = 256 * 1024;

/// The default lifetime of a message, from the Basic tier.
const TIME_TO_LIVE: Duration = Duration::from_hours(14 * 24);

/// The settings of one deployment of Service Bus.
#[derive(Debug, Clone)]
pub struct BrokerOptions {
    /// The queues and topics that exist.
    pub entities: Vec<String>,
    /// The maximum delivery count, after which a message is dead-lettered.
    pub max_delivery_count: u32,
    /// The topics among them: messages that are sent there can only be read from their subscriptions, and expire
    /// unseen.
    pub topics: Vec<String>,
    /// How long a delivery is locked without a renewal.
    pub lock_duration: Duration,
    /// The same for entities with a lock duration of their own.
    pub lock_durations: BTreeMap<String, Duration>,
    /// The lifetime of a message whose sender set none. A message of a queue is then dead-lettered, as in the template.
    pub time_to_live: Duration,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            entities: ["evict", "evict-rejected", "evict-receipts"]
                .map(str::to_owned)
                .to_vec(),
            max_delivery_count: 10,
            topics: vec!["evict-receipts".to_owned()],
            lock_duration: Duration::from_mins(1),
            lock_durations: BTreeMap::from([("evict-rejected".to_owned(), Duration::from_mins(5))]),
            time_to_live: TIME_TO_LIVE,
        }
    }
}

/// A Service Bus namespace. Clones are the same namespace.
#[derive(Debug, Clone)]
pub struct Broker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: BrokerOptions,
    clock: SandboxClock,
    signal: Signal,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_sequence_number: i64,
    entities: BTreeMap<String, Entity>,
    /// The locks granted over REST, by their tokens.
    rest_locks: BTreeMap<Uuid, rest::RestLock>,
}

#[derive(Debug, Default)]
struct Entity {
    /// Messages that may not be delivered yet.
    scheduled: BTreeMap<i64, QueuedMessage>,
    active: BTreeMap<i64, QueuedMessage>,
    locked: BTreeMap<i64, (Uuid, QueuedMessage)>,
    dead_lettered: Vec<QueuedMessage>,
    completed: Vec<QueuedMessage>,
}

/// The content of a queue or a topic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueState {
    /// Messages that may not be delivered yet.
    pub scheduled: Vec<QueuedMessage>,
    /// Messages that wait to be delivered.
    pub active: Vec<QueuedMessage>,
    /// Messages in progress.
    pub locked: Vec<QueuedMessage>,
    /// Dead-lettered messages, with the reason.
    pub dead_lettered: Vec<QueuedMessage>,
    /// Completed messages.
    pub completed: Vec<QueuedMessage>,
}

/// The progress of an entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of completed messages.
    pub completed: usize,
    /// The number of messages that wait or are in progress.
    pub open: usize,
}

/// A message that was delivered under a lock.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) entity: String,
    pub(super) message: QueuedMessage,
    pub(super) lock_token: Uuid,
}

/// The lock of a delivery was lost: the message may be delivered to another receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LockLost;

impl Broker {
    /// A namespace with the given entities, all empty.
    #[must_use]
    pub fn new(options: BrokerOptions, clock: SandboxClock) -> Self {
        let entities = options
            .entities
            .iter()
            .map(|name| (name.clone(), Entity::default()))
            .collect();
        Self(Arc::new(Inner {
            options,
            clock,
            signal: Signal::default(),
            state: Mutex::new(State {
                last_sequence_number: 0,
                entities,
                rest_locks: BTreeMap::new(),
            }),
        }))
    }

    /// Raised at every change.
    pub(super) fn signal(&self) -> &Signal {
        &self.0.signal
    }

    /// How long a delivery of an entity is locked without a renewal.
    pub(super) fn lock_duration(&self, entity: &str) -> Duration {
        let own = self.0.options.lock_durations.get(entity);
        own.copied().unwrap_or(self.0.options.lock_duration)
    }

    /// Whether an entity is a topic.
    pub(crate) fn is_topic(&self, entity: &str) -> bool {
        self.0.options.topics.iter().any(|topic| topic == entity)
    }

    /// The queues and topics that exist.
    #[must_use]
    pub fn entities(&self) -> Vec<String> {
        lock(&self.0.state).entities.keys().cloned().collect()
    }

    /// Accepts a message and returns it as stored.
    ///
    /// # Errors
    /// The entity does not exist, or the message is larger than the tier allows.
    pub fn send(&self, entity: &str, mut message: Message) -> anyhow::Result<QueuedMessage> {
        let properties = serde_json::to_vec(&message.application_properties)?.len();
        let size = message.body.len() + properties;
        anyhow::ensure!(
            size <= LARGEST_MESSAGE_BYTES,
            "MessageSizeExceeded: {size} bytes, and {entity} takes {LARGEST_MESSAGE_BYTES}"
        );
        message
            .message_id
            .get_or_insert_with(|| Uuid::new_v4().simple().to_string());
        let now = self.0.clock.now();
        let mut state = lock(&self.0.state);
        state.last_sequence_number += 1;
        let sequence_number = state.last_sequence_number;
        let due = message.scheduled_for.filter(|due| *due > now);
        let enqueued_at = due.unwrap_or(now);
        let lives = message.time_to_live.unwrap_or(self.0.options.time_to_live);
        let held = QueuedMessage {
            message,
            sequence_number,
            enqueued_at,
            expires_at: plus(enqueued_at, lives),
            delivery_count: 0,
            dead_letter: None,
        };
        let Some(target) = state.entities.get_mut(entity) else {
            anyhow::bail!("MessagingEntityNotFound: there is no queue or topic {entity:?}");
        };
        if due.is_some() {
            target.scheduled.insert(sequence_number, held.clone());
        } else {
            target.active.insert(sequence_number, held.clone());
        }
        drop(state);
        if let Some(due) = due {
            self.release_at(entity.to_owned(), sequence_number, due);
        }
        self.0.signal.raise();
        Ok(held)
    }

    /// Waits for a message and delivers it, locked for this long.
    pub(super) async fn receive(&self, entity: &str, locked_for: Duration) -> Delivery {
        let mut changes = self.0.signal.subscribe();
        loop {
            if let Some(delivery) = self.try_receive(entity) {
                self.expire_at(&delivery, Instant::now() + locked_for);
                self.0.signal.raise();
                return delivery;
            }
            if changes.changed().await.is_err() {
                // Never: the sender lives in `self`.
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) fn try_receive(&self, name: &str) -> Option<Delivery> {
        let mut state = self.unexpired(name);
        let entity = state.entities.get_mut(name)?;
        let (number, mut message) = entity.active.pop_first()?;
        message.delivery_count += 1;
        let lock_token = Uuid::new_v4();
        entity.locked.insert(number, (lock_token, message.clone()));
        Some(Delivery {
            entity: name.to_owned(),
            message,
            lock_token,
        })
    }

    /// Abandons the message when its lock ends, unless it was settled before.
    fn expire_at(&self, delivery: &Delivery, end: Instant) {
        let (broker, delivery) = (Arc::downgrade(&self.0), delivery.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(end).await;
            if let Some(inner) = broker.upgrade() {
                // A lock that is already gone was settled in time.
                let _settled_before = Self(inner).abandon(&delivery);
            }
        });
    }

    /// Completes a message.
    pub(super) fn complete(&self, delivery: &Delivery) -> Result<(), LockLost> {
        self.settle(delivery, |entity, message| entity.completed.push(message))
    }

    /// Abandons a message: it is delivered again at once, or dead-lettered after its last delivery.
    pub(super) fn abandon(&self, delivery: &Delivery) -> Result<(), LockLost> {
        let most = self.0.options.max_delivery_count;
        self.settle(delivery, |entity, mut message| {
            if message.delivery_count < most {
                entity.active.insert(message.sequence_number, message);
                return;
            }
            message.dead_letter = Some(DeadLetter {
                reason: "MaxDeliveryCountExceeded".to_owned(),
                description: format!(
                    "Message could not be consumed after {most} delivery attempts."
                ),
            });
            entity.dead_lettered.push(message);
        })
    }

    fn settle(
        &self,
        delivery: &Delivery,
        end: impl FnOnce(&mut Entity, QueuedMessage),
    ) -> Result<(), LockLost> {
        let mut state = lock(&self.0.state);
        let entity = state.entities.get_mut(&delivery.entity).ok_or(LockLost)?;
        let number = delivery.message.sequence_number;
        match entity.locked.remove(&number) {
            Some((token, message)) if token == delivery.lock_token => end(entity, message),
            Some(other) => {
                entity.locked.insert(number, other);
                return Err(LockLost);
            }
            None => return Err(LockLost),
        }
        drop(state);
        self.0.signal.raise();
        Ok(())
    }

    /// The content of an entity; empty if the entity does not exist.
    #[must_use]
    pub fn queue(&self, name: &str) -> QueueState {
        let state = self.unexpired(name);
        let Some(entity) = state.entities.get(name) else {
            return QueueState::default();
        };
        QueueState {
            scheduled: entity.scheduled.values().cloned().collect(),
            active: entity.active.values().cloned().collect(),
            locked: entity
                .locked
                .values()
                .map(|(_, message)| message.clone())
                .collect(),
            dead_lettered: entity.dead_lettered.clone(),
            completed: entity.completed.clone(),
        }
    }

    /// The numbers of completed and unsettled messages: cheaper than [`Broker::queue`], because nothing is copied.
    #[must_use]
    pub fn progress(&self, name: &str) -> Progress {
        let state = self.unexpired(name);
        let entity = state.entities.get(name);
        entity.map_or_else(Progress::default, |entity| Progress {
            completed: entity.completed.len(),
            open: entity.active.len() + entity.locked.len(),
        })
    }

    /// Takes all waiting messages of an entity, like a consumer that completes each.
    #[must_use]
    pub fn take(&self, name: &str) -> Vec<QueuedMessage> {
        let mut state = self.unexpired(name);
        let taken: Vec<_> = state
            .entities
            .get_mut(name)
            .map(|entity| std::mem::take(&mut entity.active).into_values().collect())
            .unwrap_or_default();
        drop(state);
        self.0.signal.raise();
        taken
    }

    /// The state, after expired messages are removed from the waiting ones of an entity. A message in progress does not
    /// expire.
    fn unexpired(&self, name: &str) -> MutexGuard<'_, State> {
        let now = self.0.clock.now();
        let mut state = lock(&self.0.state);
        if let Some(entity) = state.entities.get_mut(name) {
            let lapsed = entity
                .active
                .extract_if(.., |_, message| message.expires_at <= now);
            let lapsed: Vec<_> = lapsed.map(|(_, message)| message).collect();
            if !self.is_topic(name) {
                let dead = lapsed.into_iter().map(|mut message| {
                    message.dead_letter = Some(DeadLetter {
                        reason: "TTLExpiredException".to_owned(),
                        description: "The message expired and was dead lettered.".to_owned(),
                    });
                    message
                });
                entity.dead_lettered.extend(dead);
            }
        }
        state
    }

    /// The broker's time of day.
    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(max_delivery_count: u32) -> Broker {
        let options = BrokerOptions {
            max_delivery_count,
            ..BrokerOptions::default()
        };
        Broker::new(options, SandboxClock::new())
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn an_abandoned_message_comes_again_first_and_is_counted() {
        let broker = broker(10);
        broker.send("evict", Message::of("one")).unwrap();
        broker.send("evict", Message::of("two")).unwrap();
        let first = broker.receive("evict", MINUTE).await;
        assert_eq!(first.message.delivery_count, 1);
        broker.abandon(&first).unwrap();
        let again = broker.receive("evict", MINUTE).await;
        assert_eq!(again.message.text(), Some("one"));
        assert_eq!(again.message.delivery_count, 2);
        assert_eq!(
            again.message.message.message_id,
            first.message.message.message_id
        );
    }

    #[tokio::test]
    async fn the_last_delivery_ends_in_the_dead_letter_queue() {
        let broker = broker(2);
        broker.send("evict", Message::of("poison")).unwrap();
        for _ in 0..2 {
            let delivery = broker.receive("evict", MINUTE).await;
            broker.abandon(&delivery).unwrap();
        }
        let state = broker.queue("evict");
        assert!(state.active.is_empty());
        assert_eq!(
            state.dead_lettered[0].dead_letter.as_ref().unwrap().reason,
            "MaxDeliveryCountExceeded"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_nobody_renews_gives_the_message_back() {
        let broker = broker(10);
        broker.send("evict", Message::of("one")).unwrap();
        let lost = broker.receive("evict", MINUTE).await;
        let again = broker.receive("evict", MINUTE).await;
        assert_eq!(again.message.delivery_count, 2);
        assert_eq!(broker.complete(&lost), Err(LockLost));
        assert_eq!(broker.queue("evict").locked.len(), 1);
        assert_eq!(broker.complete(&again), Ok(()));
        assert_eq!(broker.queue("evict").completed.len(), 1);
    }

    #[tokio::test]
    async fn what_has_outlived_its_time_is_dead_lettered_unless_it_is_being_worked_on() {
        let clock = SandboxClock::new();
        let broker = Broker::new(BrokerOptions::default(), clock.clone());
        let short = |body: &str| Message {
            time_to_live: Some(MINUTE),
            ..Message::of(body)
        };
        broker.send("evict", short("in work")).unwrap();
        let held = broker.receive("evict", MINUTE * 10).await;
        broker.send("evict", short("waits")).unwrap();
        broker.send("evict", Message::of("lives")).unwrap();
        broker.send("evict-receipts", short("of a topic")).unwrap();
        clock.advance(MINUTE);
        let next = broker.try_receive("evict").unwrap();
        assert_eq!(next.message.text(), Some("lives"));
        let dead = broker.queue("evict").dead_lettered;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].text(), Some("waits"));
        assert_eq!(
            dead[0].dead_letter.as_ref().unwrap().reason,
            "TTLExpiredException"
        );
        assert_eq!(broker.complete(&held), Ok(()));
        let topic = broker.queue("evict-receipts");
        assert!(topic.active.is_empty() && topic.dead_lettered.is_empty());
    }

    #[test]
    fn a_message_over_the_limit_and_an_unknown_entity_are_refused() {
        let broker = broker(10);
        broker
            .send("evict", Message::of(vec![b'x'; LARGEST_MESSAGE_BYTES - 2]))
            .unwrap();
        let too_large = broker.send("evict", Message::of(vec![b'x'; LARGEST_MESSAGE_BYTES]));
        assert!(format!("{:#}", too_large.unwrap_err()).contains("MessageSizeExceeded"));
        let unknown = broker.send("evikt", Message::of("x"));
        assert!(format!("{:#}", unknown.unwrap_err()).contains("evikt"));
    }
}
