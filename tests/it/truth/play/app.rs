//! The app of a story: the real service with the real client, under the story's settings. Its clock and its ledger may
//! be faulty, as the story says.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evict::containment::{Containment, Limits};
use evict::directory::Directory;
use evict::domain::ledger::LedgerFuture;
use evict::domain::{
    Admission, Clock, Cloud, Deadline, GraphEndpoint, GroupId, Ledger, LedgerState, Mode, Policy,
    ProtectedUser, Severity, TenantId, UserId, Wanted,
};
use evict::http::HttpClient;
use evict::identity::{ManagedIdentity, Resource};
use evict::ledger::MemoryLedger;
use evict::service::{HttpAccess, Service, ServiceSettings};
use jiff::{SignedDuration, Timestamp};
use sandbox::clock::SandboxClock;
use sandbox::tenant::Tenant;
use tokio::task::JoinHandle;

use crate::truth::case::{Case, Grade, Trouble};
use crate::truth::people;

/// The app's clock: the runtime's, with a time of day that may be wrong.
#[derive(Debug)]
struct AppClock {
    sandbox: SandboxClock,
    skew: SignedDuration,
    started: tokio::time::Instant,
}

impl AppClock {
    fn new(case: &Case, sandbox: &SandboxClock) -> Self {
        Self {
            sandbox: sandbox.clone(),
            skew: SignedDuration::from_secs(case.app.skew.into()),
            started: tokio::time::Instant::now(),
        }
    }
}

impl Clock for AppClock {
    fn now(&self) -> Timestamp {
        self.sandbox.now() + self.skew
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A ledger that outlives the app and may be faulty.
#[derive(Debug)]
pub(super) struct Book {
    inner: MemoryLedger,
    admitted: AtomicU32,
    settled: AtomicU32,
    trouble: Mutex<Vec<Trouble>>,
}

impl Book {
    pub(super) fn new(case: &Case, clock: &SandboxClock) -> Self {
        Self {
            inner: MemoryLedger::new(Arc::new(AppClock::new(case, clock))),
            admitted: AtomicU32::new(0),
            settled: AtomicU32::new(0),
            trouble: Mutex::new(case.trouble.clone()),
        }
    }

    /// Ends its faults.
    pub(super) fn mend(&self) {
        self.trouble.lock().unwrap().clear();
    }
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

/// An instance of the app, which ends with all its tasks.
pub(super) struct Life {
    pub(super) service: Service,
    looking_up: JoinHandle<()>,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.looking_up.abort();
    }
}

/// Starts an instance of the app.
pub(super) fn start(case: &Case, tenant: &Tenant, clock: &SandboxClock, book: &Arc<Book>) -> Life {
    let clock: Arc<dyn Clock> = Arc::new(AppClock::new(case, clock));
    let http = HttpClient::new();
    let directory = http.map(|http| {
        let identity = ManagedIdentity::new(http.clone(), None, &Resource::graph(Cloud::Global));
        let endpoint = GraphEndpoint::loopback(&tenant.graph_endpoint()).unwrap();
        Directory::connect(http, identity, endpoint, Arc::clone(&clock))
    });
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
    let ledger: Arc<dyn Ledger> = Arc::clone(book) as Arc<dyn Ledger>;
    let containment = Containment::new(
        directory.unwrap(),
        policy,
        ledger,
        Arc::clone(&clock),
        limits,
    );
    let (early, since) = (containment.clone(), Arc::clone(&clock));
    Life {
        looking_up: tokio::spawn(async move {
            let deadline = Deadline::after(&*since, Duration::from_mins(2));
            early.look_up_protected(deadline).await;
        }),
        service: Service::new(containment, None, None, settings, clock),
    }
}

fn policy(case: &Case) -> Policy {
    let rules = &case.policy;
    let user = |(person, by_name): &(usize, bool)| {
        if *by_name {
            ProtectedUser::Upn(people::protected_name(case, *person).parse().unwrap())
        } else {
            ProtectedUser::Id(UserId::from_uuid(people::person_id(*person)).unwrap())
        }
    };
    let group = |group: &usize| GroupId::from_uuid(people::group_id(*group)).unwrap();
    Policy {
        tenant: TenantId::from_uuid(people::TENANT).unwrap(),
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
