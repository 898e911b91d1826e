//! When the process leaves after a signal, and with which code.
//!
//! The host starts a handler that has exited with 200 anew at once and counts no error; one that has exited with 0 it never
//! starts again: every call then gets 500, and every message ends in the dead letters (Azure/azure-functions-host,
//! `HttpFunctionInvocationDispatcher.cs`; seen with version 4.1037). It sends no signal itself, and on one of its own it goes on
//! posting messages until its HTTP requests have drained, for half a minute at most. So under a host a signal closes nothing:
//! what comes is served, and the process leaves when nobody can post any more.

use std::time::Duration;

use super::server::InFlight;

/// How long the process stays after a signal: as long as a host that was told to end may still post.
pub const STAY: Duration = Duration::from_secs(30);

/// The exit code at which the host starts the handler anew.
pub const START_ANEW: u8 = 200;

/// Between two looks at whether the host is gone. Nothing tells it.
const LOOK: Duration = Duration::from_millis(100);

/// Stays after a signal for as long as somebody may post: [`STAY`], or until `is_gone` says that the host is gone and what it
/// had posted has ended. What has not ended by then is left: its message was not completed and comes again.
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
