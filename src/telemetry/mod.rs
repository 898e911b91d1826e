//! Log lines, written so that the Functions host logs each at its own level.
//!
//! The host reads a custom handler's streams line by line (Azure/azure-functions-host, `WorkerProcess`): a line on stdout
//! is logged at Information; one on stderr at Warning if "warn" stands *anywhere* in it, else at Error if "error" does.
//! So what is no more than information goes to stdout and the rest to stderr, and in the line of an error the letters
//! "warn" are written as an escape that means the same.
//!
//! A line is one JSON object: `time`, `level`, `message`, the event's fields, then those of the spans around it, of which
//! `faas.invocation_id` ties it to the host's own log. Control characters are escaped, so that nothing can pretend to be
//! a line of its own.
//!
//! Masking is the types' work: their `Debug` hides names and tokens, and no body is ever handed to a log macro. Events of
//! other crates are dropped whole, because nobody here has decided what stands in them. A panic leaves a line with its
//! place and its thread, never its message, which may hold anything. `RUST_LOG` is not read. Streams that are broken,
//! closed, full or not read are nothing to stop or to wait for.

mod layer;
mod line;
mod panics;
mod sink;

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;

use crate::domain::{Clock, SystemClock};

use self::layer::Lines;
use self::sink::{ProcessStreams, Sink};

/// The crates whose events are written: the library and its programs.
const OURS: [&str; 2] = ["evict", "handler"];

/// Writes what was logged and is not written yet when it is dropped: the last thing that the process does.
#[must_use = "dropped at once, it leaves the last lines of the process unwritten"]
pub struct Telemetry {
    streams: ProcessStreams,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.streams.flush();
    }
}

/// Writes this process's events of `level` and above from now on, and a line for each panic. What was set up before, if
/// anything was, stays.
pub fn init(level: Level) -> Telemetry {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let streams = ProcessStreams::start(&clock);
    let subscriber = subscriber(level.into(), streams.clone(), clock);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("telemetry.kept");
    }
    panics::install();
    Telemetry { streams }
}

fn subscriber(
    level: LevelFilter,
    sink: impl Sink,
    clock: Arc<dyn Clock>,
) -> impl Subscriber + Send + Sync {
    let ours = FilterFn::new(move |metadata| *metadata.level() <= level && is_ours(metadata));
    let lines = Lines { sink, clock };
    Registry::default().with(lines.with_filter(ours.with_max_level_hint(level)))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next();
    crate_name.is_some_and(|name| OURS.contains(&name))
}

#[cfg(test)]
mod tests;
