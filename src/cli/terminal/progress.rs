//! Says on the standard error how far the work is, and heeds Ctrl-C meanwhile.
//!
//! A bar is drawn only where somebody looks at a terminal that can redraw a line (indicatif sees to `TERM=dumb`), without any
//! colour, and it is gone when the work ends. What has to be read is told as a line of its own, bar or no bar.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::Notify;

use super::escape::Message;
use super::{Console, Surroundings};

/// How often the time that has passed is drawn anew.
const TICK: Duration = Duration::from_millis(250);

/// How far the work is.
pub(crate) struct Progress<'a> {
    errors: RefCell<&'a mut (dyn Write + 'a)>,
    bar: ProgressBar,
}

impl Console<'_> {
    /// Shows how far the work is while it runs: what is being done, and how much of it there is if that is known. The bar is gone
    /// when the work ends, so that nothing is written beside it.
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

    /// So much is done.
    pub(crate) fn set(&self, done: usize) {
        self.bar
            .set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Writes something else to the terminal, with the bar out of its way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away and writes a question, whose answer is typed behind it.
    pub(crate) fn ask(&self, question: &str) -> std::io::Result<()> {
        self.bar.finish_and_clear();
        let mut errors = self.errors.borrow_mut();
        errors.write_all(question.as_bytes())?;
        errors.flush()
    }

    /// Begins anew with something else, of which there is so much.
    pub(crate) fn begin_again(&self, doing: &'static str, all: usize) {
        self.bar.reset();
        self.bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        self.bar.set_message(doing);
        look(&self.bar, true);
        self.bar.enable_steady_tick(TICK);
    }

    /// Tells something on lines of its own.
    pub(crate) fn tell(&self, text: &dyn Display) {
        let text = text.to_string();
        self.bar.suspend(|| {
            // Whether anybody can still read it changes nothing about the work.
            let _told = writeln!(self.errors.borrow_mut(), "{}", Message(&text));
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

/// Whether the person at the terminal has asked to stop.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    asked: Cell<bool>,
    notify: Notify,
}

impl Interrupt {
    /// Whether it was asked.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.get()
    }

    /// Waits until it is asked.
    pub(crate) async fn asked(&self) {
        while !self.asked.get() {
            self.notify.notified().await;
        }
    }
}

/// Does the work to its end. The first Ctrl-C is answered by what `first` says and left to the work to heed; a second one gives
/// the work up.
pub(crate) async fn heeding<T>(
    interrupt: &Interrupt,
    progress: &Progress<'_>,
    first: impl Fn() -> String,
    work: impl Future<Output = T>,
) -> Option<T> {
    let Ok(mut signals) = listen() else {
        // Then a Ctrl-C ends the command as the system does it.
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

/// Hears every Ctrl-C from now on, also those that come while another one is answered.
#[cfg(unix)]
fn listen() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

/// Hears every Ctrl-C from now on, also those that come while another one is answered.
#[cfg(windows)]
fn listen() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}
