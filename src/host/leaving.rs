//! When the process exits after a signal, and with which code.
//!
//! The host restarts a handler that exits with 200 at once and counts no error. It never restarts one that exits with
//! 0: every call then gets 500, and every message is dead-lettered (Azure/azure-functions-host,
//! `HttpFunctionInvocationDispatcher.cs`; seen with version 4.1037). It sends no signal itself. When it receives one,
//! it goes on posting messages until its HTTP requests have drained, for half a minute at most. So under a host a
//! signal closes nothing: the process serves on, and exits when nobody can post any more.

use std::time::Duration;

use super::server::InFlight;

/// How long the process serves after a signal: as long as a host that is shutting down may still post.
pub const STAY: Duration = Duration::from_secs(30);

/// The exit code at which the host restarts the handler.
pub const START_ANEW: u8 = 200;

/// The interval of the checks whether the host is gone. No event reports it.
const LOOK: Duration = Duration::from_millis(100);

/// Waits after a signal for as long as somebody may post: [`STAY`], or until `is_gone` reports that the host is gone
/// and its invocations have ended. Unfinished invocations are abandoned: their messages were not completed and are
/// delivered again.
pub async fn stay(in_flight: InFlight, mut is_gone: impl FnMut() -> bool + Send) {
    let finished = async {
        while !is_gone() {
            tokio::time::sleep(LOOK).await;
        }
        in_flight.ended().await;
    };
    if tokio::time::timeout(STAY, finished).await.is_err() && in_flight.count() > 0 {
        tracing::warn!(
            in_flight = in_flight.count(),
            stayed_seconds = STAY.as_secs(),
            problem = "invocations were still in flight: their messages come again",
            "handler.left.early"
        );
    }
}
