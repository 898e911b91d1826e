//! The ledger of this hour's cuts is down, slow, or contended. These tests run in process: the deployment chooses the
//! ledger, and containment treats every ledger alike.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evict::containment::{Containment, Limits, Task};
use evict::domain::ledger::LedgerFuture;
use evict::domain::{
    Admission, Clock, Correlation, Deadline, Ledger, LedgerState, Mode, Parsed, Policy, Receipt,
    SystemClock, Wanted,
};

use super::table::Watch;
use crate::support::busy;
use crate::support::directory::{App, Graph, Identity, Seen, in_an_app, recorded, reply};

const SERVES: Identity = Identity::Answers(200);

/// A ledger with scripted faults. Reporting the cuts cannot delay anybody, because the type of `settle` permits no
/// waiting.
#[derive(Debug)]
struct Troubled {
    trouble: Trouble,
    settled: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Down,
    Silent,
}

impl Ledger for Troubled {
    fn admit(&self, _: Wanted) -> LedgerFuture<'_, Admission> {
        match self.trouble {
            Trouble::Down => {
                Box::pin(async { Admission::undecided("The ledger cannot be reached.".to_owned()) })
            }
            Trouble::Silent => Box::pin(pending()),
        }
    }

    fn settle(&self, _: &Admission, cut: usize) {
        self.settled.fetch_add(cut, Ordering::SeqCst);
    }

    fn check(&self) -> LedgerFuture<'_, LedgerState> {
        Box::pin(pending())
    }
}

/// One alert about one user with such a ledger, in three seconds: the requests to Graph, and the final report.
fn with(test: &'static str, trouble: Trouble) {
    in_an_app(&format!("faults::ledger::{test}"), SERVES, async || {
        let graph = Graph::start(async |seen: Seen| match seen.line.split(' ').next() {
            Some("GET") => recorded("user-found"),
            Some("POST") => recorded("revoke-200"),
            _ => reply(501, &[], ""),
        })
        .await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let ledger = Arc::new(Troubled {
            trouble,
            settled: AtomicUsize::new(0),
        });
        let containment = Containment::new(
            App::connect(&graph.root).directory,
            policy(),
            Arc::clone(&ledger) as Arc<dyn Ledger>,
            Arc::clone(&clock),
            Limits {
                concurrency: 4,
                verify: Duration::ZERO,
            },
        );
        let watch = Watch::without_tenant();
        let receipts = containment.contain(task(&*clock)).await;
        let lines: Vec<String> = graph.seen().into_iter().map(|seen| seen.line).collect();
        watch.holds_with(test, &lines, &outcomes_of(&receipts));
        assert_eq!(ledger.settled.load(Ordering::SeqCst), 0);
    });
}

fn policy() -> Policy {
    Policy {
        tenant: "84c31ca0-ac3b-4eae-ad11-519d80233e6f".parse().unwrap(),
        protected_users: Vec::new(),
        protected_groups: Vec::new(),
        mode: Mode::Enforce,
        max_users_per_alert: 25,
        max_users_per_hour: 250,
        min_severity: None,
    }
}

fn task(clock: &dyn Clock) -> Task {
    let parsed = evict::alert::parse(br#"{"user": "87d349ed-44d7-43e1-9a83-5f2406dee5bd"}"#);
    let Parsed::Alert(alert) = parsed else {
        panic!("it names a user: {parsed:?}")
    };
    Task {
        left_out: 0,
        header: alert.header,
        subjects: alert.subjects,
        enqueued_at: None,
        received_at: None,
        message: None,
        correlation: Correlation::default(),
        requested_by: None,
        deadline: Deadline::after(clock, busy::patience(Duration::from_secs(3))),
        cleared: Arc::default(),
    }
}

fn outcomes_of(receipts: &[Receipt]) -> String {
    let texts: Vec<&str> = receipts
        .iter()
        .map(|receipt| receipt.outcome.as_str())
        .collect();
    texts.join(" ")
}

#[test]
fn a_ledger_that_is_down_defers_and_cuts_nobody() {
    with(
        "a_ledger_that_is_down_defers_and_cuts_nobody",
        Trouble::Down,
    );
}

#[test]
fn a_ledger_that_is_silent_holds_nobody_past_the_deadline() {
    with(
        "a_ledger_that_is_silent_holds_nobody_past_the_deadline",
        Trouble::Silent,
    );
}
