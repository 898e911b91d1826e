//! No order of calls, no lost answer and no death lets more users be cut than the cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::account::{Account, Fate, Process, quiet};
use crate::domain::{Ledger as _, Wanted};

/// Another test covers grants without the ledger: here there are none.
fn wanted(users: usize, cap: usize) -> Wanted {
    Wanted {
        users,
        per_hour: cap,
        per_alert: 0,
    }
}

/// The alerts of each process: the number of users, and how many of the granted ones are cut.
type Alerts = Vec<Vec<(usize, usize)>>;

/// The result of a run.
#[derive(Debug)]
struct Run {
    /// The number of choices at each step.
    choices: Vec<usize>,
    cut: usize,
    held_by_the_ledger: usize,
}

/// Runs the alerts of all processes at once; `choose` selects the next step.
async fn run(
    alerts: &Alerts,
    cap: usize,
    mut choose: impl FnMut(usize, &[(usize, Fate)]) -> usize,
) -> Run {
    let account = Account::default();
    account.hold();
    let cut = Arc::new(AtomicUsize::new(0));
    let mut processes = Vec::new();
    for (who, alerts) in alerts.iter().enumerate() {
        let process = Process::start(&account, who);
        for (users, spared) in alerts.clone() {
            let (ledger, cut) = (Arc::clone(&process.ledger), Arc::clone(&cut));
            tokio::spawn(async move {
                let admission = ledger.admit(wanted(users, cap)).await;
                let mine = admission.granted.saturating_sub(spared);
                cut.fetch_add(mine, Ordering::SeqCst);
                ledger.settle(&admission, mine);
            });
        }
        processes.push(process);
    }
    let mut choices = Vec::new();
    loop {
        quiet().await;
        let mut held = account.held();
        if held.is_empty() {
            break;
        }
        // A read has no effect that could be lost.
        let options: Vec<(usize, Fate)> = held
            .iter()
            .enumerate()
            .flat_map(|(index, call)| {
                let fates: &[Fate] = if call.is_write {
                    &[Fate::Answered, Fate::AnswerLost, Fate::Lost]
                } else {
                    &[Fate::Answered, Fate::Lost]
                };
                fates.iter().map(move |fate| (index, *fate))
            })
            .collect();
        let step = choices.len();
        choices.push(options.len());
        let chosen = choose(step, &options);
        let (index, fate) = options.get(chosen).copied().unwrap_or((0, Fate::Answered));
        held.remove(index).let_go(fate);
        account.hold_again(held);
    }
    Run {
        choices,
        cut: cut.load(Ordering::SeqCst),
        held_by_the_ledger: account.used(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Every schedule of the first `depth` calls; later calls succeed. The schedules are enumerated like an odometer.
fn every_schedule(alerts: &Alerts, cap: usize, depth: usize, check: impl Fn(&Run)) -> usize {
    let mut digits = vec![0; depth];
    let mut runs = 0;
    loop {
        let run = runtime().block_on(run(alerts, cap, |step, _| {
            digits.get(step).copied().unwrap_or(0)
        }));
        check(&run);
        runs += 1;
        let mut place = depth;
        loop {
            let Some(before) = place.checked_sub(1) else {
                return runs;
            };
            place = before;
            let most = run.choices.get(place).copied().unwrap_or(1);
            if digits[place] + 1 < most {
                digits[place] += 1;
                break;
            }
            digits[place] = 0;
        }
    }
}

#[test]
fn two_processes_never_both_take_the_last_place_in_any_order_with_any_answer_lost() {
    let alerts: Alerts = vec![vec![(3, 0)], vec![(3, 0)]];
    let runs = every_schedule(&alerts, 4, 6, |run| {
        assert!(run.cut <= 4, "{run:?}");
        assert!(run.held_by_the_ledger >= run.cut, "{run:?}");
    });
    assert!(runs > 1_000, "{runs}");
}

#[test]
fn what_one_process_gives_back_the_other_gets_and_no_more() {
    let alerts: Alerts = vec![vec![(2, 1), (1, 0)], vec![(2, 0)]];
    let runs = every_schedule(&alerts, 3, 5, |run| {
        assert!(run.cut <= 3, "{run:?}");
        assert!(run.held_by_the_ledger >= run.cut, "{run:?}");
    });
    assert!(runs > 300, "{runs}");
}

#[test]
fn when_nothing_is_lost_the_whole_cap_is_used() {
    let alerts: Alerts = vec![vec![(3, 0), (3, 0)], vec![(3, 0), (3, 0)]];
    for first in 0..2 {
        let run = runtime().block_on(run(&alerts, 10, |step, options| {
            // The two processes alternate.
            let goes_well = |option: &(usize, Fate)| option.1 == Fate::Answered;
            if (step + first) % 2 == 0 {
                0
            } else {
                options.iter().rposition(goes_well).unwrap_or(0)
            }
        }));
        assert_eq!((run.cut, run.held_by_the_ledger), (10, 10), "{run:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_schedule_cuts_more_than_the_cap(
        alerts in prop::collection::vec(prop::collection::vec((1_usize..6, 0_usize..3), 1..6), 1..4),
        cap in 0_usize..15,
        schedule in prop::collection::vec(0_usize..100, 0..60),
    ) {
        let run = runtime().block_on(run(&alerts, cap, |step, options| {
            schedule.get(step).map_or(0, |chosen| chosen % options.len().max(1))
        }));
        prop_assert!(run.cut <= cap, "{run:?}");
        prop_assert!(run.held_by_the_ledger >= run.cut, "{run:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_alerts_in_each_of_two_processes_fill_the_cap_in_few_round_trips() {
    let account = Account::default();
    let processes = [Process::start(&account, 0), Process::start(&account, 1)];
    quiet().await;
    account.calls();
    let begun = tokio::time::Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for n in 0..100 {
        let ledger = Arc::clone(&processes[n % 2].ledger);
        running.spawn(async move {
            let admission = ledger.admit(wanted(5, 250)).await;
            assert_eq!(admission.undecided, None);
            ledger.settle(&admission, admission.granted);
            admission.granted
        });
    }
    let granted: usize = running.join_all().await.into_iter().sum();
    assert_eq!(granted, 250);
    let took = begun.elapsed();
    quiet().await;
    let (reads, writes) = account.calls();
    assert!(reads + writes <= 16, "{reads} reads, {writes} writes");
    assert!(took.as_millis() < 500, "{took:?}");
    assert_eq!(account.used(), 250);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_takes_its_reservation_with_it_for_the_hour() {
    let account = Account::default();
    let first = Process::start(&account, 0);
    assert_eq!(first.admit(wanted(8, 10)).await.granted, 8);
    first.kill();
    let second = Process::start(&account, 1);
    assert_eq!(second.admit(wanted(8, 10)).await.granted, 2);
    tokio::time::sleep(std::time::Duration::from_secs(3_600 + 299)).await;
    assert_eq!(second.admit(wanted(8, 10)).await.granted, 0);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(second.admit(wanted(8, 10)).await.granted, 10 - 2);
}
