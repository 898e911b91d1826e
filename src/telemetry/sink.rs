//! Where lines go.

use std::io::Write as _;

use tracing::Level;

/// A stream of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    /// The stream on which the host takes a line for what it is.
    pub(super) fn of(level: Level) -> Self {
        if level <= Level::WARN {
            Self::Err
        } else {
            Self::Out
        }
    }
}

/// Takes lines.
pub(super) trait Sink: Send + Sync + 'static {
    /// Writes a whole line, with its end. It cannot fail: there is nowhere to say so.
    fn write(&self, stream: Stream, line: &str);
}

/// The streams of this process.
pub(super) struct ProcessStreams;

impl Sink for ProcessStreams {
    fn write(&self, stream: Stream, line: &str) {
        // One call with the lock held, so that lines of several threads do not mingle.
        let written = match stream {
            Stream::Out => std::io::stdout().lock().write_all(line.as_bytes()),
            Stream::Err => std::io::stderr().lock().write_all(line.as_bytes()),
        };
        // A broken stream is where its breaking would have to be reported.
        drop(written);
    }
}
