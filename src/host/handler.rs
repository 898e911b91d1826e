//! What answers the host: the seam between the contract and the program behind it.

use std::time::Duration;

use super::invocation::Invocation;
use super::reply::Reply;

/// What answers invocations.
pub trait Handler: Send + Sync + 'static {
    /// The probe is being answered: what was put off for that may begin.
    fn probed(&self) {}

    /// The time since some fixed instant, by the clock with which the handler counts its deadlines.
    fn elapsed(&self) -> Option<Duration> {
        None
    }

    /// Answers one invocation. It runs to its end even if the host is gone. A panic in it fails this invocation only.
    fn handle(&self, invocation: Invocation) -> impl Future<Output = Reply> + Send;
}
