//! Keeps the tenant's signing keys, and decides when they are read again.
//!
//! - Keys older than half a day are read again in the background, and the old ones serve meanwhile.
//! - An unknown key may be new, so the keys are read again: at once the first time, then at most once a minute. A
//!   stranger with made-up key ids thus cannot make this app flood the sign-in service.
//! - When the sign-in service is down, known keys serve for another three days. Nobody is ever admitted unchecked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jsonwebtoken::DecodingKey;

use crate::domain::Clock;

use super::refusal::Refusal;

/// Microsoft rolls keys about every six weeks, and at any time in an emergency; its own libraries refresh once a day.
const FRESH: Duration = Duration::from_hours(12);
const USABLE: Duration = Duration::from_hours(72);
/// The least time between two readings because of unknown keys.
const BETWEEN_UNKNOWN: Duration = Duration::from_mins(1);
/// The least time after a failed reading.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Keys by their ids.
pub(super) type KeysById = HashMap<String, DecodingKey>;

/// Where keys come from.
pub(super) trait KeySource: Send + Sync + fmt::Debug {
    /// All keys of the tenant, or why they cannot be read.
    fn keys(&self) -> BoxFuture<'_, Result<KeysById, String>>;
}

/// The known keys. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct KeyStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Box<dyn KeySource>,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Known>>,
    /// Serialises readings. Callers that wait for one use its result.
    reading: tokio::sync::Mutex<Option<Attempt>>,
}

struct Known {
    keys: HashMap<String, Arc<DecodingKey>>,
    read_at: Duration,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("keys", &self.keys.len())
            .field("read_at", &self.read_at)
            .finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The keys are old, or were never read.
    Age,
    /// The token's key is not among them.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    at: Duration,
    why: Why,
    failed: bool,
}

impl KeyStore {
    pub(super) fn new(source: Box<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            source,
            clock,
            known: RwLock::new(None),
            reading: tokio::sync::Mutex::new(None),
        }))
    }

    /// Reads the keys, whatever is already known.
    pub(super) async fn refresh(&self) -> Result<(), String> {
        let mut last = self.0.reading.lock().await;
        self.read(&mut last, Why::Age).await
    }

    /// The key with this id.
    pub(super) async fn key(&self, id: &str) -> Result<Arc<DecodingKey>, Refusal> {
        match self.look_up(id) {
            Some((key, age)) if age < FRESH => return Ok(key),
            Some((key, age)) if age < USABLE => {
                let store = self.clone();
                tokio::spawn(async move { store.renew().await });
                return Ok(key);
            }
            Some(_) | None => {}
        }
        let mut last = self.0.reading.lock().await;
        // Another caller may have read them while this one waited.
        if let Some((key, age)) = self.look_up(id)
            && age < USABLE
        {
            return Ok(key);
        }
        let why = if self.is_usable() {
            Why::Unknown
        } else {
            Why::Age
        };
        if self.may_read(*last, why) {
            // The attempt records the failure.
            let _told = self.read(&mut last, why).await;
        }
        match self.look_up(id) {
            Some((key, age)) if age < USABLE => Ok(key),
            Some(_) => Err(Refusal::NoKeys),
            None if !self.is_usable() || last.is_some_and(|last| last.failed) => {
                Err(Refusal::NoKeys)
            }
            None => Err(Refusal::Unproved(
                "The token's signature is not that of the tenant.",
            )),
        }
    }

    /// Reads the keys because they are old, unless that was just attempted.
    async fn renew(&self) {
        // A reading in progress also serves this caller.
        let Ok(mut last) = self.0.reading.try_lock() else {
            return;
        };
        if self.age().is_some_and(|age| age >= FRESH) && self.may_read(*last, Why::Age) {
            let _told = self.read(&mut last, Why::Age).await;
        }
    }

    fn may_read(&self, last: Option<Attempt>, why: Why) -> bool {
        let Some(last) = last else {
            return true;
        };
        let ago = self.0.clock.elapsed().saturating_sub(last.at);
        if last.failed {
            return ago >= AFTER_FAILURE;
        }
        match (last.why, why) {
            (Why::Unknown, Why::Unknown) => ago >= BETWEEN_UNKNOWN,
            (Why::Age, _) | (Why::Unknown, Why::Age) => true,
        }
    }

    async fn read(&self, last: &mut Option<Attempt>, why: Why) -> Result<(), String> {
        let read = self.0.source.keys().await;
        let at = self.0.clock.elapsed();
        *last = Some(Attempt {
            at,
            why,
            failed: read.is_err(),
        });
        match read {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "callers.keys.read");
                let keys = keys
                    .into_iter()
                    .map(|(id, key)| (id, Arc::new(key)))
                    .collect();
                let known = Known { keys, read_at: at };
                *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
                Ok(())
            }
            Err(problem) => {
                tracing::warn!(problem, "callers.keys.unreadable");
                Err(problem)
            }
        }
    }

    fn with_known<T>(&self, of: impl FnOnce(&Known) -> T) -> Option<T> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(of)
    }

    fn age(&self) -> Option<Duration> {
        self.with_known(|known| self.0.clock.elapsed().saturating_sub(known.read_at))
    }

    fn is_usable(&self) -> bool {
        self.age().is_some_and(|age| age < USABLE)
    }

    fn look_up(&self, id: &str) -> Option<(Arc<DecodingKey>, Duration)> {
        let key = self.with_known(|known| known.keys.get(id).cloned())??;
        Some((key, self.age()?))
    }
}
