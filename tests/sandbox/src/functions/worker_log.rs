//! The worker's standard streams, and the level at which the host logs each line (`WorkerProcess.cs`).

use std::sync::{Arc, Mutex};

use super::signal::Signal;
use crate::sync::lock;

/// A level of the host's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `Information`
    Information,
    /// `Warning`
    Warning,
    /// `Error`
    Error,
}

/// The stream that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// One line of the worker, as the host logs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The host's level.
    pub level: Level,
    /// Its stream.
    pub stream: Stream,
    /// Whether it went to the platform's own log instead of the app's.
    pub system: bool,
    /// The line.
    pub text: String,
}

/// The prefix of lines for the platform's own log.
const SYSTEM_PREFIX: &str = "LanguageWorkerConsoleLog";

/// The host's level of a line.
#[must_use]
pub fn level_of(stream: Stream, text: &str, errors_only_on_stderr: bool) -> Level {
    match stream {
        Stream::Out => Level::Information,
        Stream::Err => {
            let text = text.to_lowercase();
            let has = |word: &&str| text.contains(*word);
            if has(&"warn") {
                Level::Warning
            } else if errors_only_on_stderr
                || ["error", "fail", "severe", "unhandled exception"]
                    .iter()
                    .any(has)
            {
                Level::Error
            } else {
                Level::Information
            }
        }
    }
}

/// Every line so far. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct WorkerLog {
    lines: Arc<Mutex<Vec<LogLine>>>,
    signal: Signal,
    errors_only_on_stderr: bool,
}

impl WorkerLog {
    pub(super) fn new(signal: Signal, errors_only_on_stderr: bool) -> Self {
        Self {
            lines: Arc::default(),
            signal,
            errors_only_on_stderr,
        }
    }

    pub(super) fn add(&self, stream: Stream, text: &str) {
        let (system, text) = match text.strip_prefix(SYSTEM_PREFIX) {
            Some(rest) => (true, rest.trim_start_matches([':', ' '])),
            None => (false, text),
        };
        let line = LogLine {
            level: level_of(stream, text, self.errors_only_on_stderr),
            stream,
            system,
            text: text.to_owned(),
        };
        match line.level {
            Level::Information => tracing::info!(target: "worker", "{text}"),
            Level::Warning => tracing::warn!(target: "worker", "{text}"),
            Level::Error => tracing::error!(target: "worker", "{text}"),
        }
        lock(&self.lines).push(line);
        self.signal.raise();
    }

    pub(super) fn lines(&self) -> Vec<LogLine> {
        lock(&self.lines).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_land_at_the_level_their_words_say() {
        for (stream, text, errors_only, level) in [
            (Stream::Out, "an error happened", false, Level::Information),
            (Stream::Err, "listening", false, Level::Information),
            (Stream::Err, "Warning: an error", false, Level::Warning),
            (Stream::Err, "it FAILED", false, Level::Error),
            (Stream::Err, "Unhandled exception", false, Level::Error),
            (Stream::Err, "listening", true, Level::Error),
            (Stream::Err, "a warning", true, Level::Warning),
        ] {
            assert_eq!(level_of(stream, text, errors_only), level, "{text}");
        }
    }

    #[test]
    fn lines_for_the_platform_are_told_apart() {
        let log = WorkerLog::new(Signal::default(), false);
        log.add(Stream::Out, "LanguageWorkerConsoleLog: started");
        assert!(log.lines()[0].system);
        assert_eq!(log.lines()[0].text, "started");
    }
}
