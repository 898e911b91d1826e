//! Plays a story: the real service with the real client, on the wire of a simulated tenant, with messages from a
//! simulated Functions host. The sandbox records the events; this module judges nothing.

mod app;
mod played;
mod trouble;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evict::host::{Function, Handler, Invocation};
use evict::service::Service;
use jiff::{SignedDuration, Timestamp};
use sandbox::clock::SandboxClock;
use sandbox::functions::{Broker, BrokerOptions, InProcessHost, Message, Work};
use sandbox::tenant::{SharedAddress, Tenant};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use self::app::{Book, Life};
pub(crate) use self::played::{Done, End, Played, Said};
use self::trouble::Log;
use super::case::{Case, Trouble};
use super::people;

/// The start of every story.
const START: &str = "2026-11-24T10:00:00Z";

/// Longer than the hour over which cuts are counted.
const AN_HOUR_LATER: Duration = Duration::from_secs(3_700);

fn message_id(alert: usize) -> String {
    Uuid::from_u128(0xa1e7_0000 + alert as u128).to_string()
}

struct Stage {
    case: Case,
    tenant: Tenant,
    clock: SandboxClock,
    host: InProcessHost,
    broker: Broker,
    book: Arc<Book>,
    /// The current life of each instance of the app.
    lives: Mutex<Vec<Arc<Life>>>,
    /// How often the app has died.
    deaths: watch::Sender<usize>,
    done: Mutex<Vec<Done>>,
    taken: AtomicU32,
    working: AtomicUsize,
    changed: Notify,
}

/// Plays the story. The staged package is the repository's own.
pub(crate) async fn play(case: &Case, address: &SharedAddress, staged: &std::path::Path) -> Played {
    let clock = SandboxClock::following_runtime();
    let start: Timestamp = START.parse().unwrap();
    let start = start + SignedDuration::from_millis(case.app.begins.into());
    clock.set_offset(start.duration_since(clock.now()));
    let tenant = address.admit(people::world(case, start), clock.clone());
    let broker = Broker::new(
        BrokerOptions {
            max_delivery_count: case.app.deliveries,
            ..BrokerOptions::default()
        },
        clock.clone(),
    );
    let book = Arc::new(Book::new(case, &clock));
    let stage = Arc::new(Stage {
        case: case.clone(),
        tenant: tenant.clone(),
        host: InProcessHost::open(staged, broker.clone()).unwrap(),
        clock,
        broker,
        book,
        lives: Mutex::default(),
        deaths: watch::Sender::new(0),
        done: Mutex::default(),
        taken: AtomicU32::new(0),
        working: AtomicUsize::new(0),
        changed: Notify::new(),
    });
    stage.begin_lives();
    trouble::put_in_force(&case.trouble, &stage.tenant, &stage.host);

    let mut others = tokio::task::JoinSet::new();
    let log = Arc::new(Mutex::new(Log::default()));
    for trouble in case.trouble.clone() {
        let (tenant, clock) = (stage.tenant.clone(), stage.clock.clone());
        let (stage, log) = (Arc::clone(&stage), Arc::clone(&log));
        others.spawn(trouble::happen(trouble, tenant, clock, log, move || {
            stage.die();
        }));
    }
    let sent = stage.send_and_work().await;
    others.shutdown().await;

    stage.mend().await;
    let log = std::mem::take(&mut *log.lock().unwrap());
    tenant.redeem_all();
    Played {
        start,
        calls: tenant.calls(),
        sessions: tenant.sessions(),
        deliveries: std::mem::take(&mut stage.done.lock().unwrap()),
        cut_by_others: log.cut_by_others,
        deleted: log.deleted,
        renamed: log.renamed,
        sent,
        dead_lettered: stage.broker.queue("evict").dead_lettered.len(),
        deaths: *stage.deaths.borrow(),
    }
}

impl Stage {
    /// Starts every instance of the app.
    fn begin_lives(&self) {
        let start = |_| app::start(&self.case, &self.tenant, &self.clock, &self.book);
        let lives = (0..self.case.app.instances).map(start).map(Arc::new);
        *self.lives.lock().unwrap() = lives.collect();
    }

    /// Ends every instance immediately, and restarts it.
    fn die(&self) {
        self.deaths.send_modify(|deaths| *deaths += 1);
        self.begin_lives();
    }

    /// Sends every alert in its time, and works until nothing is left.
    async fn send_and_work(self: &Arc<Self>) -> Vec<Timestamp> {
        let mut senders = tokio::task::JoinSet::new();
        for number in 0..self.case.alerts.len() {
            let stage = Arc::clone(self);
            senders.spawn(async move { (number, stage.send(number).await) });
        }
        let mut sent = vec![Timestamp::UNIX_EPOCH; self.case.alerts.len()];
        self.work(async {
            while let Some(ended) = senders.join_next().await {
                let (number, at) = ended.unwrap();
                sent[number] = at;
            }
        })
        .await;
        sent
    }

    async fn send(self: &Arc<Self>, number: usize) -> Timestamp {
        let alert = &self.case.alerts[number];
        tokio::time::sleep(Duration::from_millis(alert.at.into())).await;
        let body = people::body(&self.case, number);
        let at = self.clock.now();
        if alert.copies == 0 {
            let work = self.host.request("RevokeFromAlert", &body).unwrap();
            self.invoke(number % self.case.app.instances, Some(number), work, body)
                .await;
            return at;
        }
        for _ in 0..alert.copies {
            let mut message = Message::of(body.clone());
            message.message_id = Some(message_id(number));
            self.broker.send("evict", message).unwrap();
        }
        self.changed.notify_waiters();
        at
    }

    /// Works on messages while `source` may bring more, and then until none is left.
    async fn work(self: &Arc<Self>, source: impl Future<Output = ()>) {
        let ended = watch::Sender::new(false);
        let app = &self.case.app;
        let mut pumps = tokio::task::JoinSet::new();
        for pump in 0..app.instances * app.pumps {
            let (stage, ended) = (Arc::clone(self), ended.subscribe());
            pumps.spawn(async move { stage.pump(pump % stage.case.app.instances, ended).await });
        }
        source.await;
        ended.send_replace(true);
        self.changed.notify_waiters();
        while let Some(pump) = pumps.join_next().await {
            pump.unwrap();
        }
    }

    async fn pump(self: &Arc<Self>, instance: usize, mut ended: watch::Receiver<bool>) {
        loop {
            let changed = self.changed.notified();
            if let Some(work) = self.host.take().unwrap() {
                let body = work.message().unwrap().message.body.clone();
                let id = work.message().unwrap().message_id();
                let mut alerts = 0..self.case.alerts.len();
                // A dead letter that was put back has another id.
                let alert = alerts
                    .clone()
                    .find(|alert| message_id(*alert) == id)
                    // An HTTP request was never on the queue.
                    .or_else(|| {
                        alerts.find(|alert| {
                            self.case.alerts[*alert].copies > 0
                                && people::body(&self.case, *alert) == body
                        })
                    });
                self.working.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(self.case.app.waits.into())).await;
                self.invoke(instance, alert, work, body).await;
                self.working.fetch_sub(1, Ordering::SeqCst);
                self.changed.notify_waiters();
                continue;
            }
            if *ended.borrow_and_update() && self.working.load(Ordering::SeqCst) == 0 {
                self.changed.notify_waiters();
                return;
            }
            tokio::select! {
                () = changed => {}
                _ = ended.changed(), if !*ended.borrow() => {}
            }
        }
    }

    async fn invoke(&self, instance: usize, alert: Option<usize>, work: Work, body: Vec<u8>) {
        let life = Arc::clone(&self.lives.lock().unwrap()[instance]);
        let mut deaths = self.deaths.subscribe();
        let lock_lost = work.message().and_then(|_| {
            let this = self.taken.fetch_add(1, Ordering::SeqCst);
            self.case.trouble.iter().find_map(|trouble| match trouble {
                Trouble::LockLost { nth, after } if *nth == this => Some(*after),
                _ => None,
            })
        });
        let message = work
            .message()
            .map(|held| (held.sequence_number, held.enqueued_at, held.delivery_count));
        let from = self.clock.now();
        let end = {
            let answer = self.answer(&life.service, &work);
            let loss = async {
                if let Some(after) = lock_lost {
                    tokio::time::sleep(Duration::from_millis(after.into())).await;
                    self.host.lose_lock(&work);
                    self.changed.notify_waiters();
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                biased;
                _ = deaths.changed() => {
                    self.host.lose_lock(&work);
                    End::Died
                }
                end = answer => end,
                () = loss => unreachable!(),
            }
        };
        self.done.lock().unwrap().push(Done {
            alert,
            message,
            body,
            from,
            until: self.clock.now(),
            end,
        });
        self.changed.notify_waiters();
    }

    async fn answer(&self, life: &Service, work: &Work) -> End {
        let function = Function::ALL
            .into_iter()
            .find(|function| function.name() == work.function())
            .unwrap();
        let document = work.document.to_string();
        let invocation = Invocation::parse(function, &work.id.to_string(), document.as_bytes());
        let reply = Box::pin(life.handle(invocation.unwrap())).await;
        let status = if reply.reason_abandoned().is_some() {
            500
        } else {
            200
        };
        let settled = self.host.answer(work, status, &reply.to_json());
        if reply.reason_abandoned().is_some() {
            return End::Abandoned;
        }
        End::Answered {
            said: Said::of(&reply),
            settled,
        }
    }

    /// Lifts all faults and puts back the rest, until nothing is left.
    async fn mend(self: &Arc<Self>) {
        trouble::lift(&self.case, &self.tenant, &self.host);
        self.book.mend();
        let mut left: VecDeque<_> = self.broker.queue("evict").dead_lettered.into();
        for _ in 0..3 {
            left.extend(self.broker.take("evict-rejected"));
            // An unreadable message would only return.
            left.retain(|message| {
                message.dead_letter.is_some()
                    || message.json().is_some_and(|json| json["users"].is_array())
            });
            if left.is_empty() {
                return;
            }
            tokio::time::sleep(AN_HOUR_LATER).await;
            for message in std::mem::take(&mut left) {
                let mut again = message.message.clone();
                again.message_id = None;
                self.broker.send("evict", again).unwrap();
            }
            self.work(async {}).await;
        }
    }
}
