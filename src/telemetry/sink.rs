//! Writes lines to the process's streams.
//!
//! Each stream has a writer thread, so that logging never waits: the Functions host reads these streams through pipes,
//! and a pipe that nobody empties blocks its writer. Lines that do not fit into the queue are lost, and counted in a
//! line as soon as there is room. A stream that is closed or full, such as a file on a full disk, loses its lines and
//! stops nothing.

use std::io::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Level;

use super::line;
use crate::domain::Clock;

/// The most bytes of lines that wait for one stream: some ten thousand lines, more than an alert storm produces.
const MOST_WAITING: usize = 4 * 1024 * 1024;

/// How long the end of the process waits for unwritten lines.
const FLUSH: Duration = Duration::from_secs(1);

/// A stream of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    /// The stream on which the host logs a line at this level.
    pub(super) fn of(level: Level) -> Self {
        if level <= Level::WARN {
            Self::Err
        } else {
            Self::Out
        }
    }

    /// Writes to the process's own stream, as long as that takes.
    fn write(self, text: &str) {
        // One call with the lock held, so that lines of several threads do not mix.
        let written = match self {
            Self::Out => std::io::stdout().lock().write_all(text.as_bytes()),
            Self::Err => std::io::stderr().lock().write_all(text.as_bytes()),
        };
        // A broken stream cannot report its own failure.
        drop(written);
    }

    /// The line that reports the lost lines, at a level that belongs on this stream.
    fn confession(self, lost: u64, clock: &dyn Clock) -> String {
        let level = match self {
            Self::Out => Level::INFO,
            Self::Err => Level::WARN,
        };
        let fields = [("message", "log.lines.lost".into()), ("lines", lost.into())];
        line::line(clock.now(), level, &fields)
    }
}

/// Accepts lines.
pub(super) trait Sink: Send + Sync + 'static {
    /// Accepts a whole line, with its line end. It cannot fail and does not wait, because a failure could not be
    /// reported.
    fn write(&self, stream: Stream, line: &str);
}

/// The streams of this process. Clones share their queues.
#[derive(Clone)]
pub(super) struct ProcessStreams {
    out: Writer,
    err: Writer,
}

impl ProcessStreams {
    /// Starts the writer threads.
    pub(super) fn start(clock: &Arc<dyn Clock>) -> Self {
        let writer = |stream: Stream| {
            Writer::start(stream, Arc::clone(clock), move |text| stream.write(text))
        };
        Self {
            out: writer(Stream::Out),
            err: writer(Stream::Err),
        }
    }

    /// Waits until everything is written, but not for a blocked stream.
    pub(super) fn flush(&self) {
        self.out.flush();
        self.err.flush();
    }
}

impl Sink for ProcessStreams {
    fn write(&self, stream: Stream, line: &str) {
        match stream {
            Stream::Out => self.out.write(line),
            Stream::Err => self.err.write(line),
        }
    }
}

/// The queue of one stream.
#[derive(Clone)]
struct Writer {
    stream: Stream,
    lines: Sender<String>,
    waiting: Arc<Waiting>,
}

/// The accepted lines that are not written yet.
#[derive(Default)]
struct Waiting {
    queue: Mutex<Queue>,
    written: Condvar,
}

#[derive(Default)]
struct Queue {
    bytes: usize,
    /// The number of lines lost since the last report.
    lost: u64,
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that can panic happens under this lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Starts a queue. Without a thread, the logging thread writes the lines itself.
    fn start(stream: Stream, clock: Arc<dyn Clock>, put: impl Fn(&str) + Send + 'static) -> Self {
        let (lines, taken) = channel();
        let waiting = Arc::new(Waiting::default());
        let shared = Arc::clone(&waiting);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let started = thread.spawn(move || drain(stream, &taken, &shared, &*clock, put));
        // If the thread did not start, its end of the channel is closed, which `write` detects.
        drop(started);
        Self {
            stream,
            lines,
            waiting,
        }
    }

    fn write(&self, line: &str) {
        {
            let mut queue = self.waiting.queue();
            if queue.bytes + line.len() > MOST_WAITING {
                queue.lost += 1;
                return;
            }
            queue.bytes += line.len();
        }
        if self.lines.send(line.to_owned()).is_err() {
            self.waiting.queue().bytes = 0;
            self.stream.write(line);
        }
    }

    fn flush(&self) {
        let queue = self.waiting.queue();
        let flushed = self
            .waiting
            .written
            .wait_timeout_while(queue, FLUSH, |queue| queue.bytes > 0);
        // Whether it finished in time changes nothing any more.
        drop(flushed);
    }
}

fn drain(
    stream: Stream,
    lines: &Receiver<String>,
    waiting: &Waiting,
    clock: &dyn Clock,
    put: impl Fn(&str),
) {
    while let Ok(line) = lines.recv() {
        put(&line);
        let lost = std::mem::take(&mut waiting.queue().lost);
        if lost > 0 {
            put(&stream.confession(lost, clock));
        }
        let mut queue = waiting.queue();
        queue.bytes = queue.bytes.saturating_sub(line.len());
        drop(queue);
        waiting.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn a_stream_that_takes_nothing_holds_up_nobody_and_what_was_lost_is_counted() {
        let (let_go, go) = channel::<()>();
        let (put, written) = channel();
        let writer = Writer::start(Stream::Out, Arc::new(Stopped), move |text: &str| {
            // Blocked until the other end is dropped, as on a pipe that nobody empties.
            assert!(go.recv().is_err());
            put.send(text.to_owned()).unwrap();
        });
        let line = "x".repeat(1024 * 1024);
        for _ in 0..7 {
            writer.write(&line);
        }
        drop(let_go);
        writer.flush();
        let texts: Vec<String> = written.try_iter().collect();
        assert_eq!(texts.len(), 5);
        assert!(
            texts[1].contains(r#""message":"log.lines.lost","lines":3"#),
            "{}",
            texts[1]
        );
        // The queue has room again.
        writer.write("last");
        writer.flush();
        assert_eq!(written.try_recv().as_deref(), Ok("last"));
    }

    #[test]
    fn the_end_of_the_process_does_not_wait_for_a_stream_that_takes_nothing() {
        let (_let_go, go) = channel::<()>();
        let writer = Writer::start(Stream::Err, Arc::new(Stopped), move |_: &str| {
            assert!(go.recv().is_err());
        });
        writer.write("line");
        writer.flush();
        assert_eq!(writer.waiting.queue().bytes, 4);
    }
}
