//! The cap per hour holds for the whole app: several handler processes, one blob.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use sandbox::blob::BlobService;
use sandbox::clock::SandboxClock;
use sandbox::functions::FunctionsHost;
use sandbox::tenant::Fault;
use serde_json::{Value, json};

use crate::faults::table::Watch;
use crate::support::app::{App, SOON, outcomes};

const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";

/// Users that can be cut in the default world.
const FIVE: [&str; 5] = [
    ALICE,
    "1c5989f1-ba2d-4e83-858b-fed0a712755f",
    "482c590e-0d97-42bf-8dc8-3011ac8efe12",
    "53a12945-a932-48ef-b777-682c5796a670",
    "c20dbc21-0f8a-4abf-b2e9-1ac70b80a255",
];

async fn storage() -> BlobService {
    BlobService::start(&["evict-ledger"], SandboxClock::new())
        .await
        .unwrap()
}

fn url(storage: &BlobService) -> String {
    storage.url("evict-ledger", "hour.json")
}

/// The number of users that the blob counts.
pub(crate) fn counted(bytes: &[u8]) -> u64 {
    let book: Value = serde_json::from_slice(bytes).unwrap();
    ["open", "cut"]
        .iter()
        .flat_map(|list| book[list].as_array().unwrap().clone())
        .map(|entry| entry["users"].as_u64().unwrap())
        .sum()
}

/// What the handlers log about the ledger.
pub(crate) fn ledger_lines(apps: &[&App]) -> Vec<String> {
    apps.iter()
        .flat_map(|app| app.host.worker_log())
        .map(|line| line.text)
        .filter(|text| text.contains("\"message\":\"ledger."))
        .collect()
}

async fn soon(what: impl Future<Output = ()>) {
    tokio::time::timeout(SOON, what).await.unwrap();
}

fn users(users: &[&str]) -> String {
    json!({ "users": users, "expect": users.len() }).to_string()
}

/// Posts this many alerts of five users to each app at once, and returns all receipts.
pub(crate) async fn storm(apps: &[&App], alerts: usize) -> Vec<Value> {
    let posts = (0..alerts).flat_map(|_| apps.iter().map(|app| app.post(users(&FIVE))));
    let answers = futures_util::future::join_all(posts).await;
    answers
        .into_iter()
        .flat_map(|answer| answer.body["receipts"].as_array().unwrap().clone())
        .collect()
}

/// An app in `observe` mode reports what the cap per hour would withhold, over all of its instances, and leaves the
/// hour of enforcing apps unchanged.
#[tokio::test]
async fn observing_counts_an_hour_of_its_own_and_takes_no_place_of_the_one_that_cuts() {
    let storage = storage().await;
    let url = url(&storage);
    let settings = |mode| {
        [
            ("EVICT_LEDGER_URL", url.as_str()),
            ("EVICT_MAX_USERS_PER_HOUR", "3"),
            ("EVICT_MODE", mode),
        ]
    };
    let watching = [
        App::start(&settings("observe")).await,
        App::start(&settings("observe")).await,
    ];
    let mut seen = Vec::new();
    for (app, named) in watching.iter().zip([&FIVE[..2], &FIVE[2..]]) {
        let answer = app.post(users(named)).await;
        seen.extend(answer.body["receipts"].as_array().unwrap().clone());
    }
    let told = outcomes(&seen);
    let count = |word: &str| told.iter().filter(|outcome| *outcome == word).count();
    assert_eq!(
        (count("withheld observe"), count("withheld blast_radius")),
        (3, 2),
        "{told:?}"
    );
    let capped = seen
        .iter()
        .find(|receipt| receipt["reason"] == "blast_radius");
    let detail = capped.unwrap()["detail"].as_str().unwrap();
    assert!(
        detail.contains("2 would have been cut in the hour"),
        "{detail}"
    );
    let check = watching[0].check().await;
    assert_eq!(check.body["ledger"]["used"], 3, "{}", check.body["ledger"]);
    assert_eq!(check.body["ledger"]["url"], format!("{url}.observed"));

    let app = App::start(&settings("enforce")).await;
    let answer = app.post(users(&FIVE)).await;
    let cut = outcomes(answer.body["receipts"].as_array().unwrap());
    let count = |word: &str| cut.iter().filter(|outcome| *outcome == word).count();
    assert_eq!((count("revoked"), count("withheld blast_radius")), (3, 2));
    app.end().await;
    for app in watching {
        app.end().await;
    }
}

#[tokio::test]
async fn two_handlers_and_fifty_alerts_at_once_cut_the_cap_and_not_one_more() {
    let storage = storage().await;
    let url = url(&storage);
    let settings = [
        ("EVICT_LEDGER_URL", url.as_str()),
        ("EVICT_MAX_USERS_PER_HOUR", "83"),
        // `expect` lifts this cap; without the ledger nothing may be cut.
        ("EVICT_MAX_USERS_PER_ALERT", "0"),
    ];
    let (first, second) = (App::start(&settings).await, App::start(&settings).await);
    let receipts = storm(&[&first, &second], 25).await;

    let told = ledger_lines(&[&first, &second]);
    let outcomes = outcomes(&receipts);
    let count = |word: &str| outcomes.iter().filter(|it| *it == word).count();
    assert_eq!(count("revoked"), 83, "{told:#?}");
    assert_eq!(count("withheld blast_radius"), 50 * 5 - 83, "{told:#?}");
    assert_eq!(first.revocations() + second.revocations(), 83);
    let detail = receipts
        .iter()
        .find(|it| it["reason"] == "blast_radius")
        .unwrap();
    assert_eq!(detail["policy"], "EVICT_MAX_USERS_PER_HOUR");

    // Each of them settles its reservations soon.
    for app in [&first, &second] {
        let check = app.check().await;
        assert_eq!(check.status, 200, "{}", check.body);
        assert_eq!(check.body["ledger"]["kept"], "blob");
        assert_eq!(check.body["ledger"]["used"], 83);
    }
    let bytes = storage.bytes("evict-ledger", "hour.json").unwrap();
    assert_eq!(counted(&bytes), 83);
    let calls = storage.calls();
    // Without collisions, one write per alert would be 100. Seen here: 16 to 27.
    assert!(calls.len() <= 100, "{}", calls.len());
    assert!(calls.iter().all(|call| call.surprise.is_none()));
    assert!(
        calls.iter().all(|call| !call.has_token),
        "no token over http"
    );
    first.end().await;
    second.end().await;
}

#[tokio::test]
async fn the_ledger_is_asked_while_graph_is_and_costs_the_cut_no_round_trip() {
    let storage = storage().await;
    let app = App::start(&[("EVICT_LEDGER_URL", &url(&storage))]).await;
    app.check().await;
    let before = storage.calls().len();
    app.tenant.forget_calls();
    app.tenant.hold_answer("GET /v1.0/*");
    app.send(json!({ "user": ALICE }).to_string());
    app.tenant.wait_for_call("GET /v1.0/users/*").await;
    // Graph has not answered yet; the ledger has, in one round trip.
    soon(storage.wait_until(|storage| storage.calls().len() > before)).await;
    let asked: Vec<_> = storage.calls().split_off(before);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (asked[0].method.as_str(), asked[0].status),
        ("PUT", Some(201))
    );
    assert_eq!(app.tenant.calls().len(), 1);
    app.tenant.release_all();
    app.settle().await;
    let second = app.tenant.calls()[1].line();
    assert!(second.contains("revokeSignInSessions"), "{second}");
    app.end().await;
}

#[tokio::test]
async fn an_alert_on_nobody_who_may_be_cut_asks_no_ledger() {
    let storage = storage().await;
    let app = App::start(&[("EVICT_LEDGER_URL", &url(&storage))]).await;
    let abroad =
        json!({"users": [{"id": ALICE, "tenant": "2c63888f-28f0-4481-be6d-dce7a7ace732"}]});
    let mut looks = Vec::new();
    for alert in [None, None, Some(abroad)] {
        let before = storage.calls().len();
        if let Some(alert) = alert {
            let answer = app.post(alert.to_string()).await;
            assert_eq!(answer.body["summary"]["withheld"], 1, "{}", answer.body);
        }
        app.check().await;
        looks.push(storage.calls().len() - before);
    }
    // The first look may be that of the start. A check looks once, and the alert changes nothing.
    assert_eq!(looks[1..], [1, 1], "{looks:?}");
    app.end().await;
}

#[tokio::test]
async fn the_reply_does_not_wait_for_what_was_cut_to_be_written() {
    let storage = storage().await;
    let app = App::start(&[("EVICT_LEDGER_URL", &url(&storage))]).await;
    let revoke = format!("POST *{ALICE}/revokeSignInSessions");
    app.tenant.hold(revoke.as_str());
    let asked = app.post(users(&[ALICE, "nobody@contoso.com"]));
    let later = async {
        app.tenant.wait_for_call(revoke.as_str()).await;
        storage.hold("PUT *");
        app.tenant.release_all();
    };
    let (answer, ()) = futures_util::future::join(asked, later).await;
    assert_eq!(answer.body["summary"]["revoked"], 1);
    let reserved = storage.bytes("evict-ledger", "hour.json").unwrap();
    assert_eq!(counted(&reserved), 2);
    storage.release_all();
    let written =
        |storage: &BlobService| counted(&storage.bytes("evict-ledger", "hour.json").unwrap()) == 1;
    soon(storage.wait_until(written)).await;
    app.end().await;
}

#[tokio::test]
async fn a_handler_that_never_saw_the_ledger_cuts_no_more_for_being_started_again() {
    let app = App::start(&[
        (
            "EVICT_LEDGER_URL",
            "http://127.0.0.1:9/evict-ledger/hour.json",
        ),
        ("EVICT_MAX_USERS_PER_ALERT", "2"),
        ("EVICT_MAX_DELIVERIES", "1"),
    ])
    .await;
    let watch = Watch::start(&app);
    for user in &FIVE[..3] {
        app.send(users(&[user]));
        app.settle().await;
        assert!(app.host.kill_worker().await);
        // The attempts are far enough apart for the host not to give up.
        app.clock.advance(Duration::from_mins(31));
    }
    assert_eq!(app.revocations(), 2);
    watch.holds_for_queue(
        "a_handler_that_never_saw_the_ledger_cuts_no_more_for_being_started_again",
        &app,
    );
    app.end().await;
}

#[tokio::test]
async fn without_the_ledger_nothing_is_cut_past_the_cap_of_one_alert_and_the_rest_is_deferred() {
    // A port without a listener.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let app = App::start(&[
        (
            "EVICT_LEDGER_URL",
            &format!("http://127.0.0.1:{port}/evict-ledger/hour.json"),
        ),
        ("EVICT_MAX_USERS_PER_ALERT", "2"),
        ("EVICT_MAX_DELIVERIES", "2"),
    ])
    .await;
    // `expect` lifts the cap per alert, but not the fallback for the cap per hour.
    app.tenant.hold("GET /v1.0/users/*");
    app.send(users(&FIVE));
    app.tenant.wait_for_call("GET /v1.0/users/*").await;
    app.tenant.release_all();
    app.settle().await;
    let receipts = app.receipts();
    let mut found = outcomes(&receipts);
    found.sort();
    assert_eq!(
        found,
        [
            "deferred",
            "deferred",
            "deferred",
            "handed_over",
            "handed_over",
            "handed_over",
            "revoked",
            "revoked"
        ]
    );
    assert_eq!(app.revocations(), 2);
    let deferred = receipts
        .iter()
        .find(|it| it["outcome"] == "deferred")
        .unwrap();
    let detail = deferred["detail"].as_str().unwrap();
    assert!(
        detail.contains("did not answer") && detail.contains("at most 2 users"),
        "{detail}"
    );
    let rejected = app.host.messages("evict-rejected")[0].json().unwrap();
    assert_eq!(rejected["users"].as_array().unwrap().len(), 3);

    // Nothing is left for another alert.
    let answer = app.post(users(&FIVE[3..])).await;
    assert_eq!(answer.status, 202);
    assert_eq!(app.revocations(), 2);

    let check = app.check().await;
    assert_eq!(check.status, 503);
    assert_eq!(check.body["ledger"]["kept"], "blob");
    assert!(
        check.body["problems"]
            .to_string()
            .contains("EVICT_LEDGER_URL"),
        "{}",
        check.body
    );
    for event in ["ledger.down", "ledger.undecided"] {
        let told = |host: &FunctionsHost| {
            let lines = host.worker_log();
            lines.iter().any(|line| line.text.contains(event))
        };
        app.host.wait_until(SOON, told).await.unwrap();
    }
    app.settle().await;
    app.end().await;
}

#[tokio::test]
async fn what_was_cut_without_the_ledger_is_counted_when_it_is_there_again() {
    let storage = storage().await;
    let app = App::start(&[
        ("EVICT_LEDGER_URL", &url(&storage)),
        ("EVICT_MAX_USERS_PER_HOUR", "3"),
    ])
    .await;
    storage.faults().add(Fault::on("* *").answer(403));
    let answer = app.post(users(&FIVE[..2])).await;
    assert_eq!(answer.body["summary"]["revoked"], 2, "{}", answer.body);
    let check = app.check().await;
    let problems = check.body["problems"].to_string();
    assert!(
        problems.contains("Storage Blob Data Contributor"),
        "{problems}"
    );

    storage.faults().clear();
    let answer = app.post(users(&FIVE[2..])).await;
    assert_eq!(answer.body["summary"]["revoked"], 1, "{}", answer.body);
    assert_eq!(answer.body["summary"]["withheld"], 2, "{}", answer.body);
    let check = app.check().await;
    assert_eq!(check.body["ledger"]["used"], 3);
    app.end().await;
}

#[tokio::test]
async fn lost_answers_busy_servers_and_broken_ones_change_nothing_of_what_is_counted() {
    let storage = storage().await;
    let app = App::start(&[
        ("EVICT_LEDGER_URL", &url(&storage)),
        ("EVICT_MAX_USERS_PER_HOUR", "8"),
    ])
    .await;
    for fault in [
        Fault::on("PUT *").after_effect().once().reset(),
        Fault::on("PUT *").once().reset(),
        Fault::on("PUT *").times(2).answer(503),
        Fault::on("GET *").once().answer(500),
        Fault::on("PUT *").after_effect().once().answer(500),
        Fault::on("PUT *")
            .once()
            .delayed(Duration::from_millis(300)),
    ] {
        storage.faults().add(fault);
    }
    let receipts = storm(&[&app], 4).await;
    let revoked = outcomes(&receipts)
        .iter()
        .filter(|it| *it == "revoked")
        .count();
    assert_eq!(revoked, 8, "{receipts:?}");
    assert_eq!(app.revocations(), 8);
    assert_eq!(app.check().await.body["ledger"]["used"], 8);
    app.end().await;
}

#[tokio::test]
async fn a_ledger_that_never_answers_keeps_no_caller_past_the_deadline() {
    let storage = storage().await;
    storage.hold("GET *");
    let app = App::start(&[
        ("EVICT_LEDGER_URL", &url(&storage)),
        ("EVICT_HTTP_DEADLINE_SECONDS", "5"),
    ])
    .await;
    let asked = tokio::time::timeout(SOON, app.post(users(&[ALICE])));
    let answer = asked.await.unwrap();
    // By then either the time is over, or this process cuts without the ledger.
    let outcome = outcomes(answer.body["receipts"].as_array().unwrap());
    assert!(
        ["handed_over", "revoked"].contains(&outcome[0].as_str()),
        "{outcome:?}"
    );
    storage.release_all();
    app.settle().await;
    app.end().await;
}

#[tokio::test]
async fn a_blob_that_is_not_a_ledger_is_told_and_left_alone() {
    let storage = storage().await;
    let theirs = br#"{"backup": "of somebody else"}"#;
    storage.put("evict-ledger", "hour.json", theirs);
    let app = App::start(&[("EVICT_LEDGER_URL", &url(&storage))]).await;
    let check = app.check().await;
    assert_eq!(check.status, 503);
    let problems = check.body["problems"].to_string();
    assert!(problems.contains("Nothing was overwritten"), "{problems}");
    app.post(users(&[ALICE])).await;
    assert_eq!(storage.bytes("evict-ledger", "hour.json").unwrap(), theirs);
    app.end().await;
}

#[tokio::test]
async fn without_a_ledger_the_check_says_that_each_instance_counts_for_itself() {
    let app = App::start(&[]).await;
    app.post(users(&[ALICE])).await;
    let check = app.check().await;
    assert_eq!(check.status, 200);
    assert_eq!(check.body["ledger"], json!({"kept": "memory", "used": 1}));
    app.end().await;
}
