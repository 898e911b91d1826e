//! The order of work if not everything can be done at once. These tests run in process: which user gets a free place
//! shows only while others are held up, and Graph holds them here until a test releases them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use evict::containment::{Containment, Limits, Task};
use evict::domain::{Clock, Correlation, Deadline, Mode, Parsed, Policy, Receipt, SystemClock};
use evict::ledger::MemoryLedger;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::support::directory::{App, Graph, Identity, Seen, in_an_app_of_one_thread, reply};

const SERVES: Identity = Identity::Answers(200);

/// The number of alerts on one user that are worked on at once, if an alert has one user in work.
const AT_ONCE: usize = 4;

const LONG: Duration = Duration::from_mins(2);

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A Graph that holds each question for a user until it is released, and reports the users asked for.
struct Held {
    graph: Graph,
    asked: mpsc::UnboundedReceiver<String>,
    let_through: Arc<Semaphore>,
}

impl Held {
    async fn start() -> Self {
        let (tell, asked) = mpsc::unbounded_channel();
        let let_through = Arc::new(Semaphore::new(0));
        let cut: Arc<Mutex<Vec<String>>> = Arc::default();
        let held = Arc::clone(&let_through);
        let graph = Graph::start(move |seen: Seen| {
            let (tell, held, cut) = (tell.clone(), Arc::clone(&held), Arc::clone(&cut));
            async move { answer(&seen, &tell, &held, &cut).await }
        })
        .await;
        Self {
            graph,
            asked,
            let_through,
        }
    }

    async fn next(&mut self) -> String {
        self.asked.recv().await.unwrap()
    }
}

async fn answer(
    seen: &Seen,
    tell: &mpsc::UnboundedSender<String>,
    held: &Semaphore,
    cut: &Mutex<Vec<String>>,
) -> Response<Body> {
    let at = seen.line.find("/users/").unwrap() + "/users/".len();
    let user = seen.line[at..at + 36].to_owned();
    if seen.line.starts_with("POST") {
        cut.lock().unwrap().push(user);
        return reply(200, &[], r#"{"value":true}"#);
    }
    let is_cut = cut.lock().unwrap().contains(&user);
    if !is_cut {
        tell.send(user.clone()).unwrap();
        held.acquire().await.unwrap().forget();
    }
    let valid_from = if is_cut {
        "2036-01-01T00:00:00Z"
    } else {
        "2026-01-01T00:00:00Z"
    };
    let user = json!({
        "id": user,
        "userPrincipalName": format!("u{}@contoso.com", &user[24..]),
        "userType": "Member",
        "signInSessionsValidFromDateTime": valid_from,
    });
    reply(
        200,
        &[("content-type", "application/json")],
        &user.to_string(),
    )
}

/// An app that works on four users at once and may cut five in an hour.
struct Busy {
    containment: Containment,
    clock: Arc<dyn Clock>,
}

impl Busy {
    fn start(graph: &Graph) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let policy = Policy {
            tenant: "84c31ca0-ac3b-4eae-ad11-519d80233e6f".parse().unwrap(),
            protected_users: Vec::new(),
            protected_groups: Vec::new(),
            mode: Mode::Enforce,
            max_users_per_alert: 25,
            max_users_per_hour: AT_ONCE + 1,
            min_severity: None,
        };
        let limits = Limits {
            concurrency: 1,
            verify: Duration::ZERO,
        };
        let containment = Containment::new(
            App::connect(&graph.root).directory,
            policy,
            Arc::new(MemoryLedger::new(Arc::clone(&clock))),
            Arc::clone(&clock),
            limits,
        );
        Self { containment, clock }
    }

    /// Begins with an alert on these users.
    fn alert(&self, users: &[usize], severity: &str, time: Duration) -> JoinHandle<Vec<Receipt>> {
        let ids: Vec<String> = users.iter().copied().map(id).collect();
        let body = json!({"users": ids, "severity": severity}).to_string();
        let Parsed::Alert(alert) = evict::alert::parse(body.as_bytes()) else {
            panic!("it names users: {body}")
        };
        let task = Task {
            left_out: 0,
            header: alert.header,
            subjects: alert.subjects,
            enqueued_at: None,
            received_at: None,
            message: None,
            correlation: Correlation::default(),
            requested_by: None,
            deadline: Deadline::after(&*self.clock, time),
            cleared: Arc::default(),
        };
        let containment = self.containment.clone();
        tokio::spawn(async move { containment.contain(task).await })
    }

    /// Begins with as many users as are worked on at once, and returns when Graph was asked for all of them.
    async fn fill(&self, held: &mut Held) -> Vec<JoinHandle<Vec<Receipt>>> {
        let begun = (1..=AT_ONCE).map(|user| self.alert(&[user], "medium", LONG));
        let begun = begun.collect();
        for _ in 0..AT_ONCE {
            held.next().await;
        }
        begun
    }
}

async fn outcomes(alert: JoinHandle<Vec<Receipt>>) -> Vec<&'static str> {
    let receipts = alert.await.unwrap();
    receipts
        .iter()
        .map(|receipt| receipt.outcome.as_str())
        .collect()
}

#[test]
fn the_gravest_goes_first_and_whoever_waits_holds_no_place_of_the_hour() {
    let test =
        "directory::urgent::the_gravest_goes_first_and_whoever_waits_holds_no_place_of_the_hour";
    in_an_app_of_one_thread(test, SERVES, async || {
        let mut held = Held::start().await;
        let app = Busy::start(&held.graph);
        let begun = app.fill(&mut held).await;
        let waiting = app.alert(&[5, 6, 7], "low", LONG);
        let urgent = app.alert(&[8], "high", LONG);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        held.let_through.add_permits(1);
        assert_eq!(held.next().await, id(8));

        held.let_through.add_permits(100);
        for alert in begun {
            assert_eq!(outcomes(alert).await, ["revoked"]);
        }
        assert_eq!(outcomes(urgent).await, ["revoked"]);
        // The hour was full when their turn came.
        assert_eq!(outcomes(waiting).await, ["withheld"; 3]);
    });
}

#[test]
fn whose_turn_does_not_come_in_time_is_deferred_and_nothing_is_asked() {
    let test =
        "directory::urgent::whose_turn_does_not_come_in_time_is_deferred_and_nothing_is_asked";
    in_an_app_of_one_thread(test, SERVES, async || {
        let mut held = Held::start().await;
        let app = Busy::start(&held.graph);
        let begun = app.fill(&mut held).await;
        let asked = held.graph.seen().len();
        let short = app
            .alert(&[5], "high", Duration::from_secs(5))
            .await
            .unwrap();
        insta::assert_snapshot!(short[0].detail.as_deref().unwrap(), @"So many other users were to be cut that the turn of this one did not come in the time that there was.");
        assert_eq!(short[0].outcome.as_str(), "deferred");
        assert_eq!(held.graph.seen().len(), asked);

        held.let_through.add_permits(100);
        for alert in begun {
            assert_eq!(outcomes(alert).await, ["revoked"]);
        }
    });
}
