//! Log lines, written so that the Functions host logs each at its own level.
//!
//! The host reads a custom handler's streams line by line (Azure/azure-functions-host, `WorkerProcess`): a line on
//! stdout is logged at Information; one on stderr at Warning if "warn" stands *anywhere* in it, else at Error if
//! "error" does. So information and below goes to stdout and the rest to stderr. In the line of an error, the letters
//! "warn" contain an equivalent escape.
//!
//! A line is one JSON object: `time`, `level`, `message`, the event's fields, then those of the spans around it, of
//! which `faas.invocation_id` ties it to the host's own log. Control characters are escaped, so that no value can
//! imitate a separate line.
//!
//! The types mask: their `Debug` hides names and tokens, and no body is ever passed to a log macro. Events of other
//! crates are dropped, because their content is not controlled here. A panic leaves a line with its place and its
//! thread, never its message, which may hold anything. `RUST_LOG` is not read. A stream that is broken, closed, full or
//! not read neither stops the program nor makes it wait.

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

/// Writes the remaining lines when it is dropped, which is the last action of the process.
#[must_use = "dropped at once, it leaves the last lines of the process unwritten"]
pub struct Telemetry {
    streams: ProcessStreams,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.streams.flush();
    }
}

/// Writes this process's events of `level` and above from now on, and a line for each panic. An earlier set-up stays in
/// force.
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
