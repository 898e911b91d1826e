//! Shows on the standard error how far the work is, and handles Ctrl-C.
//!
//! A bar is drawn only on a terminal that can redraw a line (indicatif honours `TERM=dumb`), without colour, and disappears
//! when the work ends. Messages stand on lines of their own, with or without a bar.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;

use super::escape::Message;
use super::{Console, Surroundings};

/// How often the elapsed time is redrawn.
const TICK: Duration = Duration::from_millis(250);

pub(crate) struct Progress<'a> {
    errors: RefCell<&'a mut (dyn Write + 'a)>,
    bar: ProgressBar,
}

impl Console<'_> {
    /// Shows a progress bar while the work runs, with its total if it is known. The bar is gone before this returns, so that
    /// nothing is written beside it.
    pub(crate) fn with_progress<T>(
        &mut self,
        doing: &'static str,
        all: Option<usize>,
        work: impl FnOnce(&Progress<'_>, &mut dyn Write) -> T,
    ) -> T {
        let progress = Progress::begin(self.errors, &self.surroundings, doing, all);
        work(&progress, self.output)
    }
}

impl<'a> Progress<'a> {
    fn begin(
        errors: &'a mut (dyn Write + 'a),
        surroundings: &Surroundings,
        doing: &'static str,
        all: Option<usize>,
    ) -> Self {
        let target = if surroundings.shows_progress {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let all = all.and_then(|all| u64::try_from(all).ok());
        let bar = ProgressBar::with_draw_target(all, target).with_message(doing);
        look(&bar, all.is_some());
        bar.enable_steady_tick(TICK);
        Self {
            errors: RefCell::new(errors),
            bar,
        }
    }

    pub(crate) fn set(&self, done: usize) {
        self.bar
            .set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }

    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Writes to the terminal without the bar in the way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Removes the bar and writes a question; the answer is typed behind it.
    pub(crate) fn ask(&self, question: &str) -> std::io::Result<()> {
        self.bar.finish_and_clear();
        let mut errors = self.errors.borrow_mut();
        errors.write_all(question.as_bytes())?;
        errors.flush()
    }

    /// Restarts the bar for the next stage of the work.
    pub(crate) fn begin_again(&self, doing: &'static str, all: usize) {
        self.bar.reset();
        self.bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        self.bar.set_message(doing);
        look(&self.bar, true);
        self.bar.enable_steady_tick(TICK);
    }

    /// Writes a message on lines of its own.
    pub(crate) fn tell(&self, text: &dyn Display) {
        let text = text.to_string();
        self.bar.suspend(|| {
            // The work goes on even if nobody can read this.
            let _written = writeln!(self.errors.borrow_mut(), "{}", Message(&text));
        });
    }
}

fn look(bar: &ProgressBar, is_counted: bool) {
    let look = if is_counted {
        "{msg} [{bar:30}] {pos} of {len}, {elapsed}"
    } else {
        "{msg} {spinner} {pos}, {elapsed}"
    };
    if let Ok(style) = ProgressStyle::with_template(look) {
        bar.set_style(style.progress_chars("=> "));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A request to stop, by Ctrl-C.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    asked: Cell<bool>,
    notify: Notify,
}

impl Interrupt {
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.get()
    }

    pub(crate) async fn asked(&self) {
        while !self.asked.get() {
            self.notify.notified().await;
        }
    }
}

/// Runs the work to its end. The first Ctrl-C writes what `first` returns and is left to the work; a second one abandons the
/// work.
pub(crate) async fn run_interruptibly<T>(
    interrupt: &Interrupt,
    progress: &Progress<'_>,
    first: impl Fn() -> String,
    work: impl Future<Output = T>,
) -> Option<T> {
    let Ok(mut signals) = listen() else {
        // Without a handler, Ctrl-C ends the process.
        return Some(work.await);
    };
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            Some(()) = signals.recv() => {
                if interrupt.asked.replace(true) {
                    return None;
                }
                progress.tell(&format_args!("{}. Ctrl-C again ends at once.", first()));
                interrupt.notify.notify_waiters();
            }
            done = &mut work => return Some(done),
        }
    }
}

/// Receives every Ctrl-C from now on, including those that come while another one is handled.
#[cfg(unix)]
fn listen() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

/// Receives every Ctrl-C from now on, including those that come while another one is handled.
#[cfg(windows)]
fn listen() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}
