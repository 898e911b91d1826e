//! Locks what is in queues, some messages at a time, keeps the locks while it is decided and done, and gives back what was not
//! ended.
//!
//! Nothing is given back before the end: it would come again at once, before those behind it. A lock that ends all the same, as
//! of a command that was stopped for a while, brings its message again; then the new lock is kept in its place.

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
use crate::cli::terminal::progress::{Interrupt, Progress, heeding};
use crate::service_bus::{Lock, Locked, QueuePath, Received, ServiceBus, ServiceBusFailure};

/// How many requests are under way at the same time: a thousand messages at 70 ms a request take some seconds.
pub(crate) const AT_ONCE: usize = 32;

/// The most messages that are held under locks. So many locks are renewed within half a minute at 70 ms a request.
const MOST_HELD: usize = 5_000;

/// The most that the bodies of messages take that are kept, in bytes.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// The most messages that cannot be understood at all before the reading ends.
const MOST_ODD: usize = 100;

/// How often a message may come again, since its lock ended, before the reading ends.
const MOST_RETURNS: u32 = 3;

/// How often a reading that failed for a passing reason is begun again.
const MOST_RETRIES: u32 = 3;

/// A message in our hands.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) letter: Letter,
    /// The message itself, if it was wanted.
    pub(crate) message: Option<Received>,
    key: Key,
}

/// Which of the queues, and the number in it.
type Key = (usize, i64);

/// What was found.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The messages, in the order of the queues and of their numbers.
    pub(crate) found: Vec<Found>,
    /// How the reading ended.
    pub(crate) seen: Seen,
    /// Why messages could not be understood at all; they are locked, and come back by themselves.
    pub(crate) odd: Vec<String>,
}

/// How much was seen.
#[derive(Debug)]
pub(crate) enum Seen {
    /// All that is there and that nobody else has locked.
    All,
    /// As much as can be held at once; there is more.
    Full,
    /// A message came again and again, for its lock did not hold.
    LocksEnded,
    /// The reading failed in the middle.
    Broken(Failure),
    /// The person at the terminal stopped it.
    Stopped,
}

impl Gathered {
    /// Whether nothing else is there.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.seen, Seen::All) && self.odd.is_empty()
    }

    /// What was not seen, and why; nothing if all was.
    pub(crate) fn not_seen(&self) -> Option<String> {
        let count = self.found.len();
        match &self.seen {
            Seen::All => match self.odd.as_slice() {
                [] => None,
                [first, ..] => Some(format!(
                    "{} more could not be understood, the first of them for this: {first}\n  Next: look at it with the Service Bus \
                     Explorer of the Azure portal; its lock ends by itself within minutes.",
                    messages(self.odd.len())
                )),
            },
            Seen::Full => Some(format!(
                "{} were looked at, as many as can be held at once; there are more.\n  Next: deal with these, then run the command \
                 again for the rest.",
                messages(count)
            )),
            Seen::LocksEnded => Some(format!(
                "{} were looked at; there may be more, for the locks on them end faster than they can be renewed.\n  Next: try again \
                 where the network to Service Bus is faster.",
                messages(count)
            )),
            Seen::Broken(failure) => Some(format!(
                "{} were looked at; there may be more, for then it broke off: {}",
                messages(count),
                failure.text
            )),
            Seen::Stopped => Some("stopped; there may be more.".to_owned()),
        }
    }

    /// How a command ends that only looked.
    pub(crate) fn exit(&self) -> Exit {
        match &self.seen {
            Seen::Broken(failure) => failure.exit,
            _ if self.is_complete() => Exit::Success,
            _ => Exit::Partly,
        }
    }
}

pub(crate) fn messages(count: usize) -> String {
    match count {
        1 => "One message".to_owned(),
        count => format!("{count} messages"),
    }
}

/// Queues that are gone through, and what is held of them.
pub(crate) struct Walk<'a, 'p> {
    pub(crate) bus: &'a ServiceBus,
    pub(crate) progress: &'a Progress<'p>,
    pub(crate) interrupt: &'a Interrupt,
    sources: &'a [QueuePath],
    held: RefCell<BTreeMap<Key, Lock>>,
}

/// Queues that can be gone through.
pub(crate) struct OpenQueues {
    pub(crate) session: ServiceBusSession,
    pub(crate) sources: Vec<QueuePath>,
}

impl OpenQueues {
    /// Goes through the queues, shows under this title how far it is, and hands every message that `visit` locks back at the end,
    /// unless it is ended. What `visit` writes to the output stands beside the bar.
    pub(crate) fn walk<T>(
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

/// Does the work on queues with locks that are renewed meanwhile. At the end what is still held is given back. A first Ctrl-C is
/// the work's to heed; a second one ends it at once.
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
    match heeding(&interrupt, progress, first, all).await {
        Some(done) => done,
        None => Err(Failure::new(
            Exit::Interrupted,
            "ended at once.\nNext: list what is there; what was locked comes back by itself within minutes, and of a message whose \
             replay was under way a copy may be on the queue already.",
        )),
    }
}

impl Walk<'_, '_> {
    /// Locks what is there. Of each message that `keeps` wants the body is kept.
    pub(crate) async fn gather(
        &self,
        keeps: impl Fn(&Letter) -> bool,
    ) -> Result<Gathered, Failure> {
        let mut gathering = Gathering {
            found: BTreeMap::new(),
            returns: BTreeMap::new(),
            kept: 0,
            odd: Vec::new(),
        };
        let mut seen = Seen::All;
        for (number, source) in self.sources.iter().enumerate() {
            let keeps = &keeps;
            seen = self.gather_of(number, source, keeps, &mut gathering).await;
            if !matches!(seen, Seen::All) {
                break;
            }
        }
        match seen {
            Seen::Broken(failure) if gathering.found.is_empty() => Err(failure),
            seen => Ok(Gathered {
                found: gathering.found.into_values().collect(),
                seen,
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
    ) -> Seen {
        let mut under_way = FuturesUnordered::new();
        // An empty queue is asked once; one with messages ever more at the same time.
        let mut width = 1;
        let mut retries = 0;
        let mut ended = None;
        loop {
            if self.interrupt.is_asked() {
                ended = Some(Seen::Stopped);
            }
            while ended.is_none() && under_way.len() < width {
                under_way.push(self.bus.lock_next(source));
            }
            let Some(answer) = under_way.next().await else {
                return ended.unwrap_or(Seen::All);
            };
            match answer {
                Ok(Some(locked)) => {
                    width = (width + 1).min(AT_ONCE);
                    if let Some(why) = self.take(number, locked, keeps, gathering) {
                        ended.get_or_insert(why);
                    }
                }
                // Whoever else is waiting is told the same, or has one more.
                Ok(None) => {
                    ended.get_or_insert(Seen::All);
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
                    _ => ended = Some(Seen::Broken(error.into())),
                },
            }
        }
    }

    /// Keeps a message that came. Tells why no more should come.
    fn take(
        &self,
        number: usize,
        locked: Locked,
        keeps: &impl Fn(&Letter) -> bool,
        gathering: &mut Gathering,
    ) -> Option<Seen> {
        let key = (number, locked.lock.sequence_number());
        let queue = locked.lock.queue().clone();
        if self.held.borrow_mut().insert(key, locked.lock).is_some() {
            let returns = gathering.returns.entry(key).or_default();
            *returns += 1;
            return (*returns >= MOST_RETURNS).then_some(Seen::LocksEnded);
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
        is_full.then_some(Seen::Full)
    }

    /// The lock on a message.
    pub(crate) fn lock(&self, found: &Found) -> Option<Lock> {
        self.held.borrow().get(&found.key).cloned()
    }

    /// The message was ended: nothing is to be given back.
    pub(crate) fn is_gone(&self, found: &Found) {
        self.held.borrow_mut().remove(&found.key);
    }

    /// Renews every lock three times within the time for which the shortest of them holds.
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
            // A lock that could not be renewed ends, and its message comes again or is somebody else's; acting on it tells.
            self.each(locks, async |lock| drop(self.bus.renew(lock).await))
                .await;
        }
    }

    async fn give_back(&self) {
        let locks: Vec<Lock> = self.held.take().into_values().collect();
        // Its lock ends by itself otherwise.
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

/// What has come so far.
struct Gathering {
    found: BTreeMap<Key, Found>,
    returns: BTreeMap<Key, u32>,
    kept: usize,
    odd: Vec<String>,
}
