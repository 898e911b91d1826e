//! What many users at once do under Graph's write limit: who waits, in which order, and what it costs.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;

use super::harness::{ADELE, Seen, Step, World, adele, answer, clearance, recorded, user_json};
use crate::directory::RevokeFailure;
use crate::domain::UserId;
use crate::graph::throttling::throttle::Blocked;
use crate::graph::{CallError, Disposition, Tally};

const REVOKED: &str = r#"{"value":true}"#;

fn user(number: usize) -> UserId {
    format!("00000000-0000-4000-8000-{number:012}")
        .parse()
        .unwrap()
}

fn is_write(seen: &Seen) -> bool {
    seen.line.ends_with("/revokeSignInSessions")
}

fn refused(scope: &str, seconds: f64) -> Step {
    answer(429, "")
        .header("x-ms-throttle-scope", scope)
        .header("retry-after", &seconds.to_string())
}

/// A bucket of writes as Graph counts them, in which refused ones count too.
struct Bucket {
    most: f64,
    per_second: f64,
    state: Mutex<(Duration, f64)>,
}

impl Bucket {
    fn new(most: f64, per_second: f64) -> Self {
        Self {
            most,
            per_second,
            state: Mutex::new((Duration::ZERO, most)),
        }
    }

    /// Nothing if there is room for one more, else how long there is none.
    fn take(&self, at: Duration) -> Option<f64> {
        let mut state = self.state.lock().unwrap();
        let (last, left) = *state;
        let earned = at.saturating_sub(last).as_secs_f64() * self.per_second;
        let left = (left + earned).min(self.most) - 1.0;
        *state = (at, left);
        (left < 0.0).then(|| (-left / self.per_second).ceil().max(1.0))
    }
}

/// A Graph whose answers take 20 ms and which grants so many writes at once and so many a second.
fn limited(most: f64, per_second: f64) -> World {
    let bucket = Bucket::new(most, per_second);
    World::new(move |seen| {
        let step = if !is_write(seen) {
            answer(200, &user_json(ADELE, "adele@contoso.com", ""))
        } else if let Some(seconds) = bucket.take(seen.at) {
            refused("Tenant_Application/Write/app/tenant", seconds)
        } else {
            answer(200, REVOKED)
        };
        step.after(Duration::from_millis(20))
    })
}

#[tokio::test(start_paused = true)]
async fn reads_pass_while_writes_wait_if_graph_says_that_writes_alone_do() {
    for (scope, reads_pass) in [
        ("Tenant_Application/Write/app/tenant", true),
        ("Tenant_Application/ReadWrite/app/tenant", false),
    ] {
        let world = World::new(move |seen| match (is_write(seen), seen.number) {
            (true, 0) => refused(scope, 30.0),
            (true, _) => answer(200, REVOKED),
            (false, _) => recorded("user-found"),
        });
        let (tally, deadline) = (Tally::new(), world.within(100));
        let clearance = clearance(adele());
        let read = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(world.directory.waiting().is_some());
            world
                .directory
                .user(adele(), &tally, deadline)
                .await
                .unwrap();
            world.clock_seconds()
        };
        let (cut, read_at) =
            tokio::join!(world.directory.revoke(clearance, &tally, deadline), read);
        cut.unwrap();
        assert!(world.times().last().unwrap() >= &30.0);
        assert_eq!(read_at < 2.0, reads_pass, "{scope}: {read_at}");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_users_are_cut_at_the_pace_of_the_limit_and_nobody_is_given_up() {
    const USERS: usize = 10_000;
    // As many as four messages of a queue work on side by side.
    const AT_ONCE: usize = 64;
    let world = limited(3_000.0, 20.0);
    let tally = Tally::new();
    let failed: Vec<String> = futures_util::stream::iter(0..USERS)
        .map(|number| {
            let (world, tally) = (&world, &tally);
            async move {
                let clearance = clearance(user(number));
                let deadline = world.within(238);
                world.directory.revoke(clearance, tally, deadline).await
            }
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(async |cut| cut.err().map(|failure: RevokeFailure| failure.to_string()))
        .collect()
        .await;
    assert_eq!(failed, Vec::<String>::new());
    let alone = 7_000.0 / 20.0;
    let taken = world.clock_seconds();
    assert!(taken <= alone * 1.05, "{taken} s for what takes {alone} s");
    let refused = world.seen().len() - USERS;
    assert!(refused < 200, "{refused} were refused");
}

#[tokio::test(start_paused = true)]
async fn writes_leave_in_the_order_in_which_they_came() {
    let world = limited(1.0, 2.0);
    let (tally, deadline) = (Tally::new(), world.within(238));
    // The first two find out that there is a limit.
    for number in 0..2 {
        let clearance = clearance(user(number));
        world
            .directory
            .revoke(clearance, &tally, deadline)
            .await
            .unwrap();
    }
    let before = world.seen().len();
    let clearances: Vec<_> = (10..30).map(|number| clearance(user(number))).collect();
    let cuts = clearances
        .into_iter()
        .map(|clearance| world.directory.revoke(clearance, &tally, deadline));
    for cut in join_all(cuts).await {
        cut.unwrap();
    }
    let mut first_tries = Vec::new();
    for line in &world.lines()[before..] {
        if !first_tries.contains(line) {
            first_tries.push(line.clone());
        }
    }
    let in_order: Vec<String> = (10..30)
        .map(|number| format!("POST /users/{}/revokeSignInSessions", user(number)))
        .collect();
    assert_eq!(first_tries, in_order);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_in_turn_is_kept_for_later_and_told_why() {
    let world = limited(1.0, 0.5);
    let tally = Tally::new();
    let clearances: Vec<_> = (0..30).map(|number| clearance(user(number))).collect();
    let deadline = world.within(20);
    let cuts = clearances
        .into_iter()
        .map(|clearance| world.directory.revoke(clearance, &tally, deadline));
    let failures: Vec<CallError> = join_all(cuts)
        .await
        .into_iter()
        .filter_map(|cut| cut.err().map(|failure| failure.error))
        .collect();
    assert!(!failures.is_empty());
    for error in &failures {
        assert!(
            matches!(error.disposition(), Disposition::RetryLater { .. }),
            "{error}"
        );
    }
    assert!(world.clock_seconds() <= 20.0);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_turn_does_not_come_says_so() {
    let world = World::new(|_| answer(200, REVOKED));
    let throttle = &world.directory.client().throttle;
    let write = crate::graph::CallKind::Write;
    throttle.refused(write, Blocked::Writes, Some(Duration::from_secs(3)));
    let clearances: Vec<_> = (0..200).map(|number| clearance(user(number))).collect();
    let (tally, deadline) = (Tally::new(), world.within(10));
    let cuts = clearances
        .into_iter()
        .map(|clearance| world.directory.revoke(clearance, &tally, deadline));
    let failed: Vec<String> = join_all(cuts)
        .await
        .into_iter()
        .filter_map(|cut| cut.err().map(|failure| failure.to_string()))
        .collect();
    let cut = world.lines().len();
    assert_eq!(cut + failed.len(), 200);
    assert!((50..80).contains(&cut), "{cut}");
    insta::assert_snapshot!(failed[0], @"Revoking the user's sessions failed: Graph limits how much this app may ask for at a time, and the turn of this call did not come in the time that there was. This may pass: try again later.");
}

/// A Graph that grants so many calls of any kind a second, refuses the rest, and counts those too.
fn limited_in_all(per_second: u32) -> World {
    let counted: Mutex<(u64, u32)> = Mutex::default();
    World::new(move |seen| {
        let mut counted = counted.lock().unwrap();
        if counted.0 != seen.at.as_secs() {
            *counted = (seen.at.as_secs(), 0);
        }
        counted.1 += 1;
        let step = if counted.1 > per_second {
            answer(429, "").header("retry-after", "2")
        } else if is_write(seen) {
            answer(200, REVOKED)
        } else {
            let id = seen.line.split(['/', '?']).nth(2).unwrap();
            answer(200, &user_json(id, "adele@contoso.com", ""))
        };
        step.after(Duration::from_millis(20))
    })
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_wait_is_no_burst_and_a_limit_costs_hardly_a_call() {
    const USERS: u32 = 500;
    const AT_ONCE: usize = 32;
    let world = limited_in_all(20);
    let tally = Tally::new();
    let done = futures_util::stream::iter(0..USERS)
        .map(|number| {
            let (world, tally) = (&world, &tally);
            async move {
                let number = number as usize;
                let clearance = clearance(user(number));
                let deadline = world.within(600);
                let found = world.directory.user(user(number), tally, deadline).await;
                assert!(found.unwrap().is_some());
                world
                    .directory
                    .revoke(clearance, tally, deadline)
                    .await
                    .unwrap();
                let read_back = world.directory.user(user(number), tally, deadline).await;
                assert!(read_back.unwrap().is_some());
            }
        })
        .buffer_unordered(AT_ONCE)
        .count()
        .await;
    assert_eq!(done, USERS as usize);
    let (without, sent) = (USERS * 3, world.seen().len());
    assert!(
        sent * 10 <= without as usize * 11,
        "{sent} calls for what takes {without}"
    );
    // As fast as the limit lets it be, give or take what finding it out costs.
    let (alone, taken) = (f64::from(without) / 20.0, world.clock_seconds());
    assert!(taken <= alone * 1.7, "{taken} s for what takes {alone} s");
}

#[tokio::test(start_paused = true)]
async fn after_a_wait_one_call_probes_before_the_others_leave() {
    let world = World::new(|seen| {
        if seen.at < Duration::from_secs(5) {
            answer(429, "").header("retry-after", "5")
        } else {
            recorded("user-found").after(Duration::from_millis(300))
        }
    });
    let (tally, deadline) = (Tally::new(), world.within(100));
    let asked = (0..20).map(|_| world.directory.user(adele(), &tally, deadline));
    for read in join_all(asked).await {
        assert!(read.unwrap().is_some());
    }
    let after: Vec<f64> = world.times().into_iter().filter(|at| *at >= 5.0).collect();
    assert_eq!(after.len(), 20);
    // Nobody left before the first was answered, and then one after the other.
    assert!(after[1] - after[0] > 0.29, "{after:?}");
    let burst = after.windows(2).any(|pair| pair[1] - pair[0] < 0.04);
    assert!(!burst, "{after:?}");
}
