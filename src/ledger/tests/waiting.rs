//! The cost of an admission, and what holds while the ledger is unavailable.

use std::time::Duration;

use super::super::problem::LedgerProblem;
use super::account::{Account, Process, quiet};
use crate::domain::{Kept, Ledger as _, Wanted};

fn wanted(users: usize) -> Wanted {
    Wanted {
        users,
        per_hour: 100,
        per_alert: 25,
    }
}

fn down() -> LedgerProblem {
    LedgerProblem::NoAnswer("connection refused".to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_admission_is_one_round_trip_and_so_is_its_settlement() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    quiet().await;
    assert_eq!(account.calls(), (1, 0), "a first look");
    for n in 1..=3 {
        let begun = tokio::time::Instant::now();
        let admission = process.admit(wanted(5)).await;
        assert_eq!((admission.granted, admission.used), (5, (n - 1) * 2));
        assert!(begun.elapsed() <= Duration::from_millis(11));
        process.ledger.settle(&admission, 2);
        quiet().await;
        assert_eq!(account.calls(), (0, 2));
    }
    assert_eq!(account.used(), 6);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_turned_away_on_what_may_be_old() {
    let account = Account::default();
    let (first, second) = (Process::start(&account, 0), Process::start(&account, 1));
    let reserved = first.admit(wanted(100)).await;
    assert_eq!(second.admit(wanted(1)).await.granted, 0);
    first.ledger.settle(&reserved, 3);
    quiet().await;
    // The second process still holds the full hour in memory.
    let admission = second.admit(wanted(100)).await;
    assert_eq!((admission.granted, admission.used), (97, 3));
    assert_eq!(admission.undecided, None);
}

#[tokio::test(start_paused = true)]
async fn a_settlement_rides_on_the_next_admission() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    let first = process.admit(wanted(100)).await;
    process.ledger.settle(&first, 1);
    // Asked at once, before any write.
    assert_eq!(process.admit(wanted(100)).await.granted, 99);
}

#[tokio::test(start_paused = true)]
async fn without_the_ledger_all_alerts_together_cut_what_one_may_and_the_reason_is_told() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    quiet().await;
    account.fail(Some(down()));
    let first = process.admit(wanted(60)).await;
    assert_eq!(first.granted, 25);
    insta::assert_snapshot!(first.undecided.clone().unwrap());
    let begun = tokio::time::Instant::now();
    let second = process.admit(wanted(60)).await;
    assert_eq!(second.granted, 0);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "the second does not wait as the first did"
    );
    process.ledger.settle(&first, 20);
    let check = process.ledger.check().await;
    assert_eq!((check.kept, check.used), (Kept::Blob, None));
    assert!(check.problem.unwrap().contains("connection refused"));

    // Once the ledger is available again, it receives the cuts made without it.
    account.fail(None);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(account.used(), 20);
    let third = process.admit(wanted(100)).await;
    assert_eq!((third.granted, third.undecided), (80, None));
    let check = process.ledger.check().await;
    assert_eq!((check.used, check.problem), (Some(100), None));
}

#[tokio::test(start_paused = true)]
async fn an_hour_that_was_full_when_last_seen_stays_full_without_the_ledger() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    process.admit(wanted(100)).await;
    account.fail(Some(down()));
    let admission = process.admit(wanted(5)).await;
    assert_eq!(admission.granted, 0);
    assert!(admission.undecided.is_some(), "put off, not turned away");
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_did_not_wait_gives_its_places_back() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    quiet().await;
    let left = tokio::time::timeout(Duration::from_millis(5), process.admit(wanted(40))).await;
    assert!(left.is_err());
    quiet().await;
    assert_eq!(account.used(), 0);
    assert_eq!(account.calls().1, 2, "reserved, and given back");
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_is_not_ours_is_never_overwritten() {
    let account = Account::default();
    account.put(b"{\"users\": [\"somebody\"]}");
    let process = Process::start(&account, 0);
    let admission = process.admit(wanted(5)).await;
    let problem = admission.undecided.unwrap();
    assert!(problem.contains("Nothing was overwritten"), "{problem}");
    assert!(!problem.contains("somebody"), "{problem}");
    process.ledger.check().await;
    quiet().await;
    assert_eq!(account.bytes().unwrap(), b"{\"users\": [\"somebody\"]}");
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_told_at_once_and_what_may_is_tried_for_seconds() {
    let refused = |status| LedgerProblem::Answered {
        status,
        code: None,
        request_id: None,
        retry_after: None,
    };
    for (problem, tries, most) in [(refused(403), 1, 1), (refused(503), 10, 60)] {
        let account = Account::default();
        let process = Process::start(&account, 0);
        quiet().await;
        account.calls();
        account.fail(Some(problem));
        let begun = tokio::time::Instant::now();
        process.admit(wanted(5)).await;
        let (reads, writes) = account.calls();
        assert!(
            (tries..=most).contains(&(reads + writes)),
            "{reads} {writes}"
        );
        assert!(begun.elapsed() < Duration::from_secs(8));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_wait_is_not_asked_before() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    quiet().await;
    account.fail(Some(LedgerProblem::Answered {
        status: 503,
        code: Some("ServerBusy".to_owned()),
        request_id: None,
        retry_after: Some(Duration::from_secs(2)),
    }));
    account.calls();
    process.admit(wanted(5)).await;
    let (reads, writes) = account.calls();
    assert_eq!((reads, writes), (2, 1), "at 0, 2 and 4 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_is_there_and_too_busy_lets_nobody_be_cut_past_it() {
    let account = Account::default();
    let process = Process::start(&account, 0);
    quiet().await;
    account.fail(Some(LedgerProblem::Changed));
    let admission = process.admit(wanted(5)).await;
    assert_eq!(admission.granted, 0);
    assert!(
        admission
            .undecided
            .unwrap()
            .contains("others wrote it first")
    );
}

#[tokio::test(start_paused = true)]
async fn a_process_that_began_without_the_ledger_has_time_for_those_who_are_first() {
    let account = Account::default();
    account.fail(Some(down()));
    let process = Process::start(&account, 0);
    quiet().await;
    // Available again, but others write first for two seconds.
    account.fail(Some(LedgerProblem::Changed));
    let later = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        account.fail(None);
    };
    let (admission, ()) = futures_util::future::join(process.admit(wanted(5)), later).await;
    assert_eq!((admission.granted, admission.undecided), (5, None));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_never_saw_the_ledger_cuts_no_more_for_being_started_again() {
    let machine = tempfile::tempdir().unwrap();
    let account = Account::default();
    account.fail(Some(down()));
    let mut granted = 0;
    for who in 0..4 {
        let process = Process::start_on(machine.path(), &account, who);
        quiet().await;
        let admission = process.admit(wanted(20)).await;
        assert!(admission.undecided.is_some());
        granted += admission.granted;
        // The process dies before it could report its cuts.
        process.kill();
    }
    assert_eq!(granted, 25);

    // The next process that reaches the ledger reports them, once.
    account.fail(None);
    for who in 4..6 {
        let process = Process::start_on(machine.path(), &account, who);
        quiet().await;
        assert_eq!(account.used(), 25);
        process.kill();
    }
}
