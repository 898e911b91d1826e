//! Answers the host: the seam between the contract and the program behind it.

use std::time::Duration;

use super::invocation::Invocation;
use super::reply::Reply;

/// Answers invocations.
pub trait Handler: Send + Sync + 'static {
    /// Called when the probe is being answered: postponed work may begin.
    fn probed(&self) {}

    /// The time since some fixed instant, by the clock that counts the handler's deadlines.
    fn elapsed(&self) -> Option<Duration> {
        None
    }

    /// Answers one invocation. It runs to its end even if the host disconnects. A panic in it fails this invocation
    /// only.
    fn handle(&self, invocation: Invocation) -> impl Future<Output = Reply> + Send;
}
