//! Notifies all waiting tasks of a change in the host or the broker, so that nobody polls.

use std::sync::Arc;

use tokio::sync::watch;

/// A counter of changes. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Signal(Arc<watch::Sender<u64>>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Signal {
    /// Wakes all waiting tasks.
    pub(super) fn raise(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Sees every change from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    /// Waits until the condition holds; it is checked now and after every change.
    pub(super) async fn until(&self, mut condition: impl FnMut() -> bool) {
        let mut changes = self.subscribe();
        while !condition() {
            if changes.changed().await.is_err() {
                // Never: the sender lives in `self`.
                return;
            }
        }
    }
}
