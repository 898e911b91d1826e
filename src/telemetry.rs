//! Log lines, each at its own level by the Functions host's rules for a worker's streams.
//!
//! The host logs every stdout line as Information; a stderr line as a Warning if it contains "warn" in any case, else as
//! an Error if it contains "error". So information goes to stdout, warnings and errors to stderr, and an error line is
//! kept free of those four letters. A line is one JSON object, in which control characters are escaped, so that no text
//! can begin a line of its own.
//!
//! Only our own events are written: other crates' may hold URLs, and with them user names or tokens. What a panic says is
//! not written either, since it may quote what was being worked on; the place is.

use std::io::{self, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Begins to write log lines of this level and above, and a line for each panic. A second call changes nothing.
pub fn init(level: Level) {
    let ours = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("evict", level)
        .with_target("handler", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .log_internal_errors(false)
        .with_writer(Streams);
    let started = tracing_subscriber::registry()
        .with(ours)
        .with(lines)
        .try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            let thread = std::thread::current();
            tracing::error!(
                place,
                thread = thread.name().unwrap_or_default(),
                "process.panicked"
            );
        }));
    }
}

/// Chooses the stream by level.
struct Streams;

impl<'a> MakeWriter<'a> for Streams {
    type Writer = Line;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            level: Level::INFO,
            text: Vec::new(),
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Line {
            level: *metadata.level(),
            text: Vec::new(),
        }
    }
}

/// One line, written in one piece when it is whole.
struct Line {
    level: Level,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // A closed or full stream must not end the work, and there is nowhere left to say so.
        let _unwritable = if self.level <= Level::WARN {
            let text = if self.level == Level::ERROR {
                without_warn(&self.text)
            } else {
                self.text.clone()
            };
            io::stderr().lock().write_all(&text)
        } else {
            io::stdout().lock().write_all(&self.text)
        };
    }
}

/// The same JSON, without the letters "warn" in any case: they stand inside strings only, where an escaped letter means
/// the same.
fn without_warn(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    for (index, byte) in line.iter().enumerate() {
        let is_in_warn = index > 0
            && line
                .get(index - 1..index + 3)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"warn"));
        match byte {
            b'a' if is_in_warn => out.extend_from_slice(b"\\u0061"),
            b'A' if is_in_warn => out.extend_from_slice(b"\\u0041"),
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_error_that_speaks_of_warnings_is_still_an_error() {
        let line = br#"{"level":"ERROR","message":"WARN: no warning, wArn"}"#;
        let written = String::from_utf8(without_warn(line)).unwrap();
        assert!(!written.to_lowercase().contains("warn"), "{written}");
        assert!(written.contains("ERROR"));
    }

    proptest! {
        #[test]
        fn keeping_an_error_an_error_changes_no_meaning(text in "([wW][aA][rR][nN]|\\PC|\\\\|\"|\n){0,12}") {
            let line = json!({ "message": text }).to_string();
            let written = String::from_utf8(without_warn(line.as_bytes())).unwrap();
            prop_assert!(!written.to_ascii_lowercase().contains("warn"));
            let read: Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&read["message"], &json!(text));
        }
    }
}
