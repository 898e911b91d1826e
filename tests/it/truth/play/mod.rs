//! Plays a story: the real service with the real client, on the wire of a simulated tenant, its messages handed out by a
//! simulated Functions host. What happened is written down by the sandbox; nothing is judged here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evict::containment::{Containment, Limits};
use evict::domain::ledger::LedgerFuture;
use evict::domain::{
    Admission, Clock, Cloud, GraphEndpoint, GroupId, Ledger, LedgerState, Mode, Policy,
    ProtectedUser, Severity, TenantId, UserId, Wanted,
};
use evict::entra::{Entra, EntraSettings};
use evict::host::{Function, Handler, Invocation, OutputBinding, Reply};
use evict::ledger::MemoryLedger;
use evict::service::{HttpAccess, Service, ServiceSettings};
use jiff::{SignedDuration, Timestamp};
use sandbox::clock::SandboxClock;
use sandbox::functions::{Broker, BrokerOptions, Desk, Message, Settled, Work};
use sandbox::tenant::{CallRecord, Fault, Lobby, SessionState, Tenant, Then};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::case::{Case, Grade, How, Op, Output, Right, Trouble};
use super::words;

/// When every story begins.
const START: &str = "2026-11-24T10:00:00Z";

/// Longer than the hour over which cuts are counted.
const AN_HOUR_LATER: Duration = Duration::from_secs(3_700);

/// What happened.
pub(crate) struct Played {
    pub(crate) start: Timestamp,
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) deliveries: Vec<Done>,
    /// The sessions as they were at the start, and since.
    pub(crate) sessions: Vec<SessionState>,
    /// When somebody else cut a person's sessions: the moment, and the instant from which sessions are valid.
    pub(crate) cut_by_others: Vec<(usize, Timestamp)>,
    pub(crate) deleted: Vec<(usize, Timestamp)>,
    /// When each alert was sent.
    pub(crate) sent: Vec<Timestamp>,
    pub(crate) dead_lettered: usize,
    pub(crate) deaths: usize,
}

/// One delivery, or one HTTP request.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    /// The alert that it is, or comes from; none for what was put back or handed over.
    pub(crate) alert: Option<usize>,
    pub(crate) message: Option<(String, Timestamp, u32)>,
    pub(crate) body: Vec<u8>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) end: End,
}

#[derive(Debug, Clone)]
pub(crate) enum End {
    /// It was answered. Whether the outputs were written and the message settled says the host.
    Answered { said: Said, settled: Settled },
    /// It was given back unfinished.
    Abandoned,
    /// The app ended meanwhile.
    Died,
}

/// What an answer holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) events: Vec<Value>,
    pub(crate) rejected: Vec<Value>,
    pub(crate) handover: Vec<Value>,
    pub(crate) http: Option<(u16, Value)>,
}

impl Done {
    pub(crate) fn said(&self) -> Option<&Said> {
        match &self.end {
            End::Answered { said, .. } => Some(said),
            End::Abandoned | End::Died => None,
        }
    }

    /// The receipts.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        let events = self.said().map(|said| said.events.as_slice());
        events
            .unwrap_or_default()
            .iter()
            .map(|event| event["data"].clone())
            .collect()
    }
}

/// The app's clock: the runtime's, and a time of day that may be wrong.
#[derive(Debug)]
struct AppClock {
    sandbox: SandboxClock,
    skew: SignedDuration,
    started: tokio::time::Instant,
}

impl Clock for AppClock {
    fn now(&self) -> Timestamp {
        self.sandbox.now() + self.skew
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A ledger that outlives the app and does not always work.
#[derive(Debug)]
struct Book {
    inner: MemoryLedger,
    admitted: AtomicU32,
    settled: AtomicU32,
    trouble: Mutex<Vec<Trouble>>,
}

impl Ledger for Book {
    fn admit(&self, wanted: Wanted) -> LedgerFuture<'_, Admission> {
        let this = self.admitted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let trouble = self.trouble.lock().unwrap().clone();
            for trouble in &trouble {
                match trouble {
                    Trouble::LedgerSlow { milliseconds } => {
                        tokio::time::sleep(Duration::from_millis((*milliseconds).into())).await;
                    }
                    Trouble::LedgerFails { nth } if *nth == this => {
                        return Admission::undecided("The ledger is out of order.".to_owned());
                    }
                    _ => {}
                }
            }
            self.inner.admit(wanted).await
        })
    }

    fn settle(&self, admission: &Admission, cut: usize) {
        let this = self.settled.fetch_add(1, Ordering::SeqCst);
        let forgets =
            |trouble: &Trouble| matches!(trouble, Trouble::LedgerForgets { nth } if *nth == this);
        if !self.trouble.lock().unwrap().iter().any(forgets) {
            self.inner.settle(admission, cut);
        }
    }

    fn check(&self) -> LedgerFuture<'_, LedgerState> {
        self.inner.check()
    }
}

fn message_id(alert: usize) -> String {
    Uuid::from_u128(0xa1e7_0000 + alert as u128).to_string()
}

/// One life of one instance of the app.
struct Life {
    service: Service,
}

struct Stage {
    case: Case,
    tenant: Tenant,
    clock: SandboxClock,
    desk: Desk,
    broker: Broker,
    book: Arc<Book>,
    lives: Mutex<Vec<Arc<Life>>>,
    /// How often the app has died.
    deaths: watch::Sender<usize>,
    done: Mutex<Vec<Done>>,
    taken: AtomicU32,
    working: AtomicUsize,
    changed: Notify,
}

/// Plays the story. The staged package is the repository's own.
pub(crate) async fn play(case: &Case, lobby: &Lobby, staged: &std::path::Path) -> Played {
    let clock = SandboxClock::following_runtime();
    let start: Timestamp = START.parse().unwrap();
    let start = start + SignedDuration::from_millis(case.app.begins.into());
    clock.set_offset(start.duration_since(clock.now()));
    let tenant = lobby.let_in(words::world(case, start), clock.clone());
    let broker = Broker::new(
        BrokerOptions {
            max_delivery_count: case.app.deliveries,
            ..BrokerOptions::default()
        },
        clock.clone(),
    );
    let app_clock = Arc::new(AppClock {
        sandbox: clock.clone(),
        skew: SignedDuration::from_secs(case.app.skew.into()),
        started: tokio::time::Instant::now(),
    });
    let book = Arc::new(Book {
        inner: MemoryLedger::new(app_clock),
        admitted: AtomicU32::new(0),
        settled: AtomicU32::new(0),
        trouble: Mutex::new(case.trouble.clone()),
    });
    let stage = Arc::new(Stage {
        case: case.clone(),
        tenant: tenant.clone(),
        desk: Desk::open(staged, broker.clone()).unwrap(),
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
    stage.set_trouble();

    let mut others = tokio::task::JoinSet::new();
    let log = Arc::new(Mutex::new(Log::default()));
    for trouble in case.trouble.clone() {
        others.spawn(happen(Arc::clone(&stage), trouble, Arc::clone(&log)));
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
        sent,
        dead_lettered: stage.broker.queue("evict").dead_lettered.len(),
        deaths: *stage.deaths.borrow(),
    }
}

#[derive(Default)]
struct Log {
    cut_by_others: Vec<(usize, Timestamp)>,
    deleted: Vec<(usize, Timestamp)>,
}

impl Stage {
    /// Starts every instance of the app, as new.
    fn begin_lives(&self) {
        let lives = (0..self.case.app.instances).map(|_| Arc::new(self.life()));
        *self.lives.lock().unwrap() = lives.collect();
    }

    fn life(&self) -> Life {
        let case = &self.case;
        let clock: Arc<dyn Clock> = Arc::new(AppClock {
            sandbox: self.clock.clone(),
            skew: SignedDuration::from_secs(case.app.skew.into()),
            started: tokio::time::Instant::now(),
        });
        let entra = Entra::connect(
            EntraSettings {
                client_id: None,
                cloud: Cloud::Global,
                endpoint: GraphEndpoint::loopback(&self.tenant.graph_endpoint()).unwrap(),
            },
            Arc::clone(&clock),
        );
        let policy = policy(case);
        let settings = ServiceSettings {
            tenant: policy.tenant,
            mode: policy.mode,
            max_deliveries: case.app.deliveries,
            http_deadline: Duration::from_secs(case.app.http_deadline),
            queue_deadline: Duration::from_secs(case.app.queue_deadline),
            redelivery_wait: Duration::from_secs(case.app.redelivery_wait),
            http_access: HttpAccess::FunctionKey,
            in_force: Vec::new(),
            version: "0",
        };
        let limits = Limits {
            concurrency: case.app.concurrency,
            verify: Duration::from_secs(case.app.verify),
        };
        let ledger: Arc<dyn Ledger> = Arc::clone(&self.book) as Arc<dyn Ledger>;
        let containment =
            Containment::new(entra.unwrap(), policy, ledger, Arc::clone(&clock), limits);
        Life {
            service: Service::new(containment, None, settings, clock),
        }
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
        let body = words::body(&self.case, number);
        let at = self.clock.now();
        if alert.copies == 0 {
            let work = self.desk.request("RevokeFromAlert", &body).unwrap();
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
            if let Some(work) = self.desk.take().unwrap() {
                let body = work.message().unwrap().message.body.clone();
                let id = work.message().unwrap().message_id();
                let mut alerts = 0..self.case.alerts.len();
                // A dead letter that was put back has another id.
                let alert = alerts
                    .clone()
                    .find(|alert| message_id(*alert) == id)
                    // What was asked over HTTP was never on the queue.
                    .or_else(|| {
                        alerts.find(|alert| {
                            self.case.alerts[*alert].copies > 0
                                && words::body(&self.case, *alert) == body
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
        let message = work.message().map(|held| {
            (
                held.message_id().to_owned(),
                held.enqueued_at,
                held.delivery_count,
            )
        });
        let from = self.clock.now();
        let end = {
            let answer = self.answer(&life, &work);
            let loss = async {
                if let Some(after) = lock_lost {
                    tokio::time::sleep(Duration::from_millis(after.into())).await;
                    self.desk.lose_lock(&work);
                    self.changed.notify_waiters();
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                biased;
                _ = deaths.changed() => {
                    self.desk.lose_lock(&work);
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

    async fn answer(&self, life: &Life, work: &Work) -> End {
        let function = Function::ALL
            .into_iter()
            .find(|function| function.name() == work.function())
            .unwrap();
        let document = work.document.to_string();
        let invocation = Invocation::parse(function, &work.id.to_string(), document.as_bytes());
        let reply = Box::pin(life.service.handle(invocation.unwrap())).await;
        let status = if reply.reason_abandoned().is_some() {
            500
        } else {
            200
        };
        let settled = self.desk.answer(work, status, &reply.to_json());
        if reply.reason_abandoned().is_some() {
            return End::Abandoned;
        }
        End::Answered {
            said: said(&reply),
            settled,
        }
    }

    /// Puts the tenant's faults in force.
    fn set_trouble(&self) {
        for trouble in &self.case.trouble {
            match trouble {
                Trouble::Call {
                    on,
                    person,
                    after,
                    times,
                    effect,
                    how,
                } => {
                    let mut fault = Fault::on(pattern(*on)).after_calls(*after).times(*times);
                    if let Some(person) = person {
                        fault = fault.for_user(&words::person_id(*person).to_string());
                    }
                    if *effect {
                        fault = fault.after_effect();
                    }
                    self.tenant.faults().add(spoil(fault, how));
                }
                Trouble::Lag { milliseconds } => self
                    .tenant
                    .set_replication_lag(Duration::from_millis((*milliseconds).into())),
                Trouble::LagReads { reads } => self.tenant.set_replication_lag_reads(*reads),
                Trouble::OthersTokens { .. } => self.tenant.issue_tokens_of(Some(words::ELSEWHERE)),
                Trouble::OutputRefused { output, times } => {
                    let name = match output {
                        Output::Receipts => "receipts",
                        Output::Rejected => "rejected",
                        Output::Handover => "handover",
                    };
                    self.desk.refuse_output(name, *times);
                }
                Trouble::Permission { .. }
                | Trouble::TokensRevoked { .. }
                | Trouble::Deleted { .. }
                | Trouble::CutByOthers { .. }
                | Trouble::SignIn { .. }
                | Trouble::LedgerFails { .. }
                | Trouble::LedgerForgets { .. }
                | Trouble::LedgerSlow { .. }
                | Trouble::LockLost { .. }
                | Trouble::Death { .. } => {}
            }
        }
    }

    /// Lifts all trouble and puts back what was left over, until nothing is.
    async fn mend(self: &Arc<Self>) {
        self.tenant.faults().clear();
        self.book.trouble.lock().unwrap().clear();
        for right in [Right::Revoke, Right::ReadUsers, Right::ReadMembers] {
            self.tenant.grant(right.name());
        }
        self.tenant.issue_tokens_of(None);
        self.tenant.revoke_app_tokens();
        self.tenant.set_replication_lag(Duration::ZERO);
        for output in ["receipts", "rejected", "handover"] {
            self.desk.refuse_output(output, 0);
        }
        let mut left: VecDeque<_> = self.broker.queue("evict").dead_lettered.into();
        for _ in 0..3 {
            left.extend(self.broker.take("evict-rejected"));
            // What could not be read would only come again.
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

impl Right {
    fn name(self) -> &'static str {
        match self {
            Self::Revoke => "User.RevokeSessions.All",
            Self::ReadUsers => "User.Read.All",
            Self::ReadMembers => "GroupMember.Read.All",
        }
    }
}

/// What happens by itself in the middle of the story.
async fn happen(stage: Arc<Stage>, trouble: Trouble, log: Arc<Mutex<Log>>) {
    let at = |milliseconds: u32| tokio::time::sleep(Duration::from_millis(milliseconds.into()));
    let tenant = &stage.tenant;
    match trouble {
        Trouble::Permission {
            lost,
            at: from,
            back,
        } => {
            at(from).await;
            tenant.remove_permission(lost.name());
            tenant.revoke_app_tokens();
            if let Some(back) = back {
                at(back - from).await;
                tenant.grant(lost.name());
                tenant.revoke_app_tokens();
            }
        }
        Trouble::TokensRevoked { at: from } => {
            at(from).await;
            tenant.revoke_app_tokens();
        }
        Trouble::OthersTokens { until } => {
            at(until).await;
            tenant.issue_tokens_of(None);
        }
        Trouble::Deleted { person, at: from } => {
            at(from).await;
            if tenant.delete_user(&words::person_id(person).to_string()) {
                log.lock()
                    .unwrap()
                    .deleted
                    .push((person, stage.clock.now()));
            }
        }
        Trouble::CutByOthers { person, at: from } => {
            at(from).await;
            let now = stage.clock.now();
            let second = Timestamp::from_second(now.as_second()).unwrap();
            let id = words::person_id(person).to_string();
            // It never goes back.
            let moves = tenant
                .valid_from(&id)
                .is_some_and(|before| before <= second);
            if moves && tenant.set_valid_from(&id, second) {
                log.lock().unwrap().cut_by_others.push((person, now));
            }
        }
        Trouble::SignIn { person, at: from } => {
            at(from).await;
            let _deleted = tenant.sign_in(&words::person_id(person).to_string(), "Browser");
        }
        Trouble::Death { call } => {
            tenant.wait_for_calls("*", call).await;
            stage.deaths.send_modify(|deaths| *deaths += 1);
            stage.begin_lives();
        }
        Trouble::Call { .. }
        | Trouble::Lag { .. }
        | Trouble::LagReads { .. }
        | Trouble::LedgerFails { .. }
        | Trouble::LedgerForgets { .. }
        | Trouble::LedgerSlow { .. }
        | Trouble::OutputRefused { .. }
        | Trouble::LockLost { .. } => {}
    }
}

fn policy(case: &Case) -> Policy {
    let rules = &case.policy;
    let user = |(person, by_name): &(usize, bool)| {
        if *by_name {
            ProtectedUser::Upn(words::upn(case, *person).to_uppercase().parse().unwrap())
        } else {
            ProtectedUser::Id(UserId::from_uuid(words::person_id(*person)).unwrap())
        }
    };
    let group = |group: &usize| GroupId::from_uuid(words::group_id(*group)).unwrap();
    Policy {
        tenant: TenantId::from_uuid(words::TENANT).unwrap(),
        protected_users: rules.people.iter().map(user).collect(),
        protected_groups: rules.groups.iter().map(group).collect(),
        mode: if rules.observe {
            Mode::Observe
        } else {
            Mode::Enforce
        },
        max_users_per_alert: rules.per_alert,
        max_users_per_hour: rules.per_hour,
        min_severity: rules.least.map(|least| match least {
            Grade::Low => Severity::Low,
            Grade::Medium => Severity::Medium,
            Grade::High => Severity::High,
        }),
    }
}

fn said(reply: &Reply) -> Said {
    let json = |binding| {
        reply
            .messages(binding)
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    };
    Said {
        events: json(OutputBinding::Receipts),
        rejected: json(OutputBinding::Rejected),
        handover: json(OutputBinding::Handover),
        http: reply
            .http()
            .map(|http| (http.status, serde_json::from_str(&http.body).unwrap())),
    }
}

fn pattern(on: Op) -> &'static str {
    match on {
        Op::ReadUser => "GET /v1.0/users/*",
        Op::FindUser => "GET /v1.0/users",
        Op::Members => "POST */checkMemberGroups",
        Op::ReadGroup => "GET /v1.0/groups/*",
        Op::Revoke => "POST */revokeSignInSessions",
        Op::Token => "GET /msi/token",
        Op::Anything => "*",
    }
}

fn spoil(fault: Fault, how: &How) -> Fault {
    match how {
        How::Throttled(None) => fault.answer(429),
        How::Throttled(Some(text)) => fault.throttled(text),
        How::ThrottledUntil(seconds) => fault.throttled_until_date(*seconds),
        How::Status(status) => fault.answer(*status),
        How::Down(text) => fault.answer(503).header("Retry-After", text),
        How::Reset => fault.reset(),
        How::Truncated(bytes) => fault.then(Then::Truncate { bytes: *bytes }),
        How::Garbage => fault.then(Then::Garbage),
        How::Hang => fault.hang(),
        How::Late(milliseconds) => fault.delayed(Duration::from_millis((*milliseconds).into())),
        How::Hollow => fault.answer(200),
    }
}
