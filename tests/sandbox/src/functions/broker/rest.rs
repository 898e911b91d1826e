//! The broker for callers over REST: locks by token on a queue and on its dead-letter sub-queue, and scheduled
//! messages. A lock that is not renewed ends as on the real broker, and its message is available again.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Broker, Delivery, LockLost};
use crate::clock::plus;
use crate::functions::message::QueuedMessage;
use crate::sync::lock;

/// The interval at which scheduled messages check the clock: a test moves the clock by hand, without a notification.
const LOOK: Duration = Duration::from_millis(20);

/// A lock that a caller over REST holds.
#[derive(Debug)]
pub(super) struct RestLock {
    dead: bool,
    delivery: Delivery,
    until: Instant,
}

/// A message that a caller holds.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) message: QueuedMessage,
    pub(crate) token: Uuid,
    pub(crate) until: Timestamp,
}

/// The queue does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoEntity;

/// How a lock ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Complete,
    Unlock,
}

impl Broker {
    /// Delivers the next message of a queue, or of its dead-letter sub-queue, under a lock.
    pub(crate) fn lock_next(&self, entity: &str, dead: bool) -> Result<Option<Held>, NoEntity> {
        if !self.entities().iter().any(|name| name == entity) {
            return Err(NoEntity);
        }
        let next = if dead {
            self.next_dead(entity)
        } else {
            self.try_receive(entity)
        };
        let Some(delivery) = next else {
            return Ok(None);
        };
        let lasts = self.lock_duration(entity);
        let held = Held {
            message: delivery.message.clone(),
            token: delivery.lock_token,
            until: plus(self.now(), lasts),
        };
        let token = delivery.lock_token;
        let until = Instant::now() + lasts;
        let kept = RestLock {
            dead,
            delivery,
            until,
        };
        lock(&self.0.state).rest_locks.insert(token, kept);
        self.watch(token);
        self.0.signal.raise();
        Ok(Some(held))
    }

    /// The first dead letter that is not locked.
    fn next_dead(&self, name: &str) -> Option<Delivery> {
        let mut state = lock(&self.0.state);
        let taken: HashSet<i64> = state
            .rest_locks
            .values()
            .filter(|held| held.dead && held.delivery.entity == name)
            .map(|held| held.delivery.message.sequence_number)
            .collect();
        let entity = state.entities.get_mut(name)?;
        let message = entity
            .dead_lettered
            .iter_mut()
            .find(|message| !taken.contains(&message.sequence_number))?;
        message.delivery_count += 1;
        Some(Delivery {
            entity: name.to_owned(),
            message: message.clone(),
            lock_token: Uuid::new_v4(),
        })
    }

    /// Ends a lock at its time, including renewals.
    fn watch(&self, token: Uuid) {
        let broker = std::sync::Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(inner) = broker.upgrade() {
                let until = lock(&inner.state)
                    .rest_locks
                    .get(&token)
                    .map(|held| held.until);
                let Some(until) = until else { return };
                if Instant::now() >= until {
                    // A lock that is already gone was settled in time.
                    let _settled_before = Self(inner).end_lock(token, End::Unlock);
                    return;
                }
                drop(inner);
                tokio::time::sleep_until(until).await;
            }
        });
    }

    /// Whether the lock belongs to this entity and this message, named by its id or its sequence number.
    pub(crate) fn is_locked(&self, entity: &str, dead: bool, id: &str, token: Uuid) -> bool {
        lock(&self.0.state)
            .rest_locks
            .get(&token)
            .is_some_and(|held| {
                let message = &held.delivery.message;
                held.dead == dead
                    && held.delivery.entity == entity
                    && (message.message_id() == id || message.sequence_number.to_string() == id)
            })
    }

    /// Renews a lock.
    pub(crate) fn renew_lock(&self, token: Uuid) -> Result<(), LockLost> {
        let mut state = lock(&self.0.state);
        let held = state.rest_locks.get_mut(&token).ok_or(LockLost)?;
        held.until = Instant::now() + self.lock_duration(&held.delivery.entity);
        Ok(())
    }

    /// Ends a lock, and with it the message or not.
    pub(crate) fn end_lock(&self, token: Uuid, end: End) -> Result<(), LockLost> {
        let held = lock(&self.0.state)
            .rest_locks
            .remove(&token)
            .ok_or(LockLost)?;
        if !held.dead {
            return match end {
                End::Complete => self.complete(&held.delivery),
                End::Unlock => self.abandon(&held.delivery),
            };
        }
        if end == End::Complete {
            let number = held.delivery.message.sequence_number;
            if let Some(entity) = lock(&self.0.state).entities.get_mut(&held.delivery.entity) {
                entity
                    .dead_lettered
                    .retain(|message| message.sequence_number != number);
            }
        }
        self.0.signal.raise();
        Ok(())
    }

    /// Delivers a message at its scheduled time.
    pub(super) fn release_at(&self, name: String, number: i64, due: Timestamp) {
        let broker = std::sync::Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(inner) = broker.upgrade() {
                if inner.clock.now() >= due {
                    let mut state = lock(&inner.state);
                    if let Some(entity) = state.entities.get_mut(&name)
                        && let Some(message) = entity.scheduled.remove(&number)
                    {
                        entity.active.insert(number, message);
                    }
                    drop(state);
                    inner.signal.raise();
                    return;
                }
                drop(inner);
                tokio::time::sleep(LOOK).await;
            }
        });
    }

    /// Waits for a change, or for this long.
    pub(crate) async fn changed_within(&self, limit: Duration) {
        let mut changes = self.signal().subscribe();
        // Either way the caller checks again.
        let _looked = tokio::time::timeout(limit, changes.changed()).await;
    }
}
