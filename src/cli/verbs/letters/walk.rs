//! Locks the messages of queues, several at a time, renews the locks while the command decides and acts, and abandons the
//! rest.
//!
//! No message is abandoned before the end: it would come again at once, before those behind it. A lock that expires all the
//! same, as of a suspended command, brings its message again; the new lock then replaces the old one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};

use super::view::Letter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::service_bus::ServiceBusSession;
use crate::cli::terminal::Console;
use crate::cli::terminal::progress::{Interrupt, Progress, run_interruptibly};
use crate::service_bus::{Lock, Locked, QueuePath, Received, ServiceBus, ServiceBusFailure};

/// Requests in flight: a thousand messages at 70 ms a request take some seconds.
pub(super) const AT_ONCE: usize = 32;

/// The most messages under lock: this many locks are renewed within half a minute at 70 ms a request.
const MOST_HELD: usize = 5_000;

/// The most bytes of bodies that are kept.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// The most unreadable messages before reading ends.
const MOST_ODD: usize = 100;

/// How often a message may come again, after its lock expired, before reading ends.
const MOST_RETURNS: u32 = 3;

/// How often a read that failed for a passing reason is retried.
const MOST_RETRIES: u32 = 3;

/// A message under lock.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) letter: Letter,
    /// The message itself, if the visitor wants it.
    pub(super) message: Option<Received>,
    key: Key,
}

/// The index of the queue, and the sequence number in it.
type Key = (usize, i64);

#[derive(Debug)]
pub(super) struct Gathered {
    /// The messages, in the order of the queues and of their numbers.
    pub(super) found: Vec<Found>,
    pub(super) end: ReadingEnd,
    /// Why messages could not be read at all; their locks expire.
    pub(super) odd: Vec<String>,
}

/// How far reading got.
#[derive(Debug)]
pub(super) enum ReadingEnd {
    /// All messages that no other receiver has locked.
    All,
    /// As many as can be held; there are more.
    Full,
    /// A message came again and again: locks expire faster than they are renewed.
    LocksEnded,
    /// Reading failed midway.
    Broken(Failure),
    /// A Ctrl-C ended it.
    Stopped,
}

impl Gathered {
    /// Whether no other message is there.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.end, ReadingEnd::All) && self.odd.is_empty()
    }

    /// What was not looked at, and why; `None` if all was.
    pub(super) fn not_seen(&self) -> Option<String> {
        let count = self.found.len();
        match &self.end {
            ReadingEnd::All => match self.odd.as_slice() {
                [] => None,
                [first, ..] => Some(format!(
                    "{} more could not be understood, the first of them for this: {first}\n  Next: look at it with the Service Bus \
                     Explorer of the Azure portal; its lock ends by itself within minutes.",
                    messages(self.odd.len())
                )),
            },
            ReadingEnd::Full => Some(format!(
                "{} were looked at, as many as can be held at once; there are more.\n  Next: deal with these, then run the command \
                 again for the rest.",
                messages(count)
            )),
            ReadingEnd::LocksEnded => Some(format!(
                "{} were looked at; there may be more, for the locks on them end faster than they can be renewed.\n  Next: try again \
                 where the network to Service Bus is faster.",
                messages(count)
            )),
            ReadingEnd::Broken(failure) => Some(format!(
                "{} were looked at; there may be more, for then it broke off: {}",
                messages(count),
                failure.text
            )),
            ReadingEnd::Stopped => Some("stopped; there may be more.".to_owned()),
        }
    }

    /// The exit code of a command that only looks.
    pub(super) fn exit(&self) -> Exit {
        match &self.end {
            ReadingEnd::Broken(failure) => failure.exit,
            _ if self.is_complete() => Exit::Success,
            _ => Exit::Partly,
        }
    }
}

pub(super) fn messages(count: usize) -> String {
    match count {
        1 => "One message".to_owned(),
        count => format!("{count} messages"),
    }
}

/// A walk over queues, and the locks that it holds.
pub(super) struct Walk<'a, 'p> {
    pub(super) bus: &'a ServiceBus,
    pub(super) progress: &'a Progress<'p>,
    pub(super) interrupt: &'a Interrupt,
    sources: &'a [QueuePath],
    held: RefCell<BTreeMap<Key, Lock>>,
}

pub(super) struct OpenQueues {
    pub(super) session: ServiceBusSession,
    pub(super) sources: Vec<QueuePath>,
}

impl OpenQueues {
    /// Walks over the queues, with this title on the progress bar. At the end every message that `visit` has not completed
    /// is abandoned. `visit` writes its answer to the output beside the bar.
    pub(super) fn walk<T>(
        &self,
        title: &'static str,
        console: &mut Console<'_>,
        visit: impl AsyncFnOnce(&Walk<'_, '_>, &mut dyn Write) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        console.with_progress(title, None, |progress, output| {
            let work = async |walk: &Walk<'_, '_>| visit(walk, output).await;
            let walking = walk(&self.session.bus, &self.sources, progress, work);
            self.session.runtime.block_on(walking)
        })
    }
}

/// Does the work while the locks are renewed, then abandons what is still locked. A first Ctrl-C is left to the work; a
/// second one ends it at once.
async fn walk<T>(
    bus: &ServiceBus,
    sources: &[QueuePath],
    progress: &Progress<'_>,
    work: impl AsyncFnOnce(&Walk<'_, '_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let interrupt = Interrupt::default();
    let all = async {
        let walk = Walk {
            bus,
            progress,
            interrupt: &interrupt,
            sources,
            held: RefCell::default(),
        };
        let done = tokio::select! {
            done = work(&walk) => done,
            never = walk.renew_for_ever() => match never {},
        };
        walk.give_back().await;
        done
    };
    let first = || "finishing what is in hand, and giving back what is locked".to_owned();
    match run_interruptibly(&interrupt, progress, first, all).await {
        Some(done) => done,
        None => Err(Failure::new(
            Exit::Interrupted,
            "ended at once.\nNext: list what is there; what was locked comes back by itself within minutes, and of a message whose \
             replay was under way a copy may be on the queue already.",
        )),
    }
}

impl Walk<'_, '_> {
    /// Locks every message, and keeps the bodies that `keeps` wants.
    pub(super) async fn gather(
        &self,
        keeps: impl Fn(&Letter) -> bool,
    ) -> Result<Gathered, Failure> {
        let mut gathering = Gathering {
            found: BTreeMap::new(),
            returns: BTreeMap::new(),
            kept: 0,
            odd: Vec::new(),
        };
        let mut end = ReadingEnd::All;
        for (number, source) in self.sources.iter().enumerate() {
            let keeps = &keeps;
            end = self.gather_of(number, source, keeps, &mut gathering).await;
            if !matches!(end, ReadingEnd::All) {
                break;
            }
        }
        match end {
            ReadingEnd::Broken(failure) if gathering.found.is_empty() => Err(failure),
            end => Ok(Gathered {
                found: gathering.found.into_values().collect(),
                end,
                odd: gathering.odd,
            }),
        }
    }

    async fn gather_of(
        &self,
        number: usize,
        source: &QueuePath,
        keeps: &impl Fn(&Letter) -> bool,
        gathering: &mut Gathering,
    ) -> ReadingEnd {
        let mut under_way = FuturesUnordered::new();
        // An empty queue needs one request; each message that comes adds one.
        let mut width = 1;
        let mut retries = 0;
        let mut ended = None;
        loop {
            if self.interrupt.is_asked() {
                ended = Some(ReadingEnd::Stopped);
            }
            while ended.is_none() && under_way.len() < width {
                under_way.push(self.bus.lock_next(source));
            }
            let Some(answer) = under_way.next().await else {
                return ended.unwrap_or(ReadingEnd::All);
            };
            match answer {
                Ok(Some(locked)) => {
                    width = (width + 1).min(AT_ONCE);
                    if let Some(why) = self.take(number, locked, keeps, gathering) {
                        ended.get_or_insert(why);
                    }
                }
                // The other requests in flight get the same answer, or one more message.
                Ok(None) => {
                    ended.get_or_insert(ReadingEnd::All);
                }
                Err(error) => match &error.cause {
                    ServiceBusFailure::Unexpected(_) if gathering.odd.len() < MOST_ODD => {
                        gathering.odd.push(error.cause.to_string());
                    }
                    ServiceBusFailure::Throttled(_)
                    | ServiceBusFailure::Unavailable(..)
                    | ServiceBusFailure::Network(_)
                        if retries < MOST_RETRIES && !gathering.found.is_empty() =>
                    {
                        retries += 1;
                        tokio::time::sleep(Duration::from_secs(u64::from(retries))).await;
                    }
                    _ => ended = Some(ReadingEnd::Broken(error.into())),
                },
            }
        }
    }

    /// Keeps a message. Returns why reading ends, if it does.
    fn take(
        &self,
        number: usize,
        locked: Locked,
        keeps: &impl Fn(&Letter) -> bool,
        gathering: &mut Gathering,
    ) -> Option<ReadingEnd> {
        let key = (number, locked.lock.sequence_number());
        let queue = locked.lock.queue().clone();
        if self.held.borrow_mut().insert(key, locked.lock).is_some() {
            let returns = gathering.returns.entry(key).or_default();
            *returns += 1;
            return (*returns >= MOST_RETURNS).then_some(ReadingEnd::LocksEnded);
        }
        self.progress.step();
        let letter = Letter::of(&queue, &locked.message);
        let message = keeps(&letter).then_some(locked.message);
        gathering.kept += message.as_ref().map_or(0, |message| message.body.len());
        let found = Found {
            letter,
            message,
            key,
        };
        gathering.found.insert(key, found);
        let is_full = gathering.found.len() >= MOST_HELD || gathering.kept >= MOST_KEPT;
        is_full.then_some(ReadingEnd::Full)
    }

    pub(super) fn lock(&self, found: &Found) -> Option<Lock> {
        self.held.borrow().get(&found.key).cloned()
    }

    /// Forgets a completed message: there is nothing to abandon.
    pub(super) fn forget(&self, found: &Found) {
        self.held.borrow_mut().remove(&found.key);
    }

    /// Renews every lock three times within the shortest lock duration.
    async fn renew_for_ever(&self) -> std::convert::Infallible {
        const LONGEST: Duration = Duration::from_secs(20);
        const SHORTEST: Duration = Duration::from_millis(300);
        loop {
            let shortest = self.held.borrow().values().map(Lock::holds_for).min();
            let Some(holds_for) = shortest else {
                tokio::time::sleep(SHORTEST).await;
                continue;
            };
            tokio::time::sleep((holds_for / 3).clamp(SHORTEST, LONGEST)).await;
            let locks: Vec<Lock> = self.held.borrow().values().cloned().collect();
            // A lock that is not renewed expires: its message comes again or is another receiver's, and acting on it says
            // so.
            self.each(locks, async |lock| drop(self.bus.renew(lock).await))
                .await;
        }
    }

    async fn give_back(&self) {
        let locks: Vec<Lock> = self.held.take().into_values().collect();
        // Without an answer the lock expires.
        self.each(locks, async |lock| drop(self.bus.abandon(lock).await))
            .await;
    }

    async fn each(&self, locks: Vec<Lock>, call: impl AsyncFn(&Lock)) {
        let next = Cell::new(0);
        let one = async || {
            while let Some(lock) = locks.get(next.replace(next.get() + 1)) {
                call(lock).await;
            }
        };
        stream::iter((0..AT_ONCE.min(locks.len())).map(|_| one()))
            .buffer_unordered(AT_ONCE)
            .collect::<()>()
            .await;
    }
}

struct Gathering {
    found: BTreeMap<Key, Found>,
    returns: BTreeMap<Key, u32>,
    kept: usize,
    odd: Vec<String>,
}
