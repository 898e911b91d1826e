//! Reading back, until it has moved or the time is over.

use std::time::Duration;

use jiff::Timestamp;

use super::harness::{Step, World, adele, answer, recorded};
use crate::directory::Verification;
use crate::graph::{Disposition, Moment, Tally};

fn reads(valid_from: &str) -> Step {
    answer(
        200,
        &format!(r#"{{"id":"x","signInSessionsValidFromDateTime":"{valid_from}"}}"#),
    )
}

async fn verify(world: &World, budget: u64) -> (Verification, u32) {
    let tally = Tally::new();
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let since = Moment {
        earliest: time("2025-10-07T08:41:02.700Z"),
        latest: time("2025-10-07T08:41:03.900Z"),
    };
    let before = Some(time("2025-06-19T07:12:44Z"));
    let budget = Duration::from_secs(budget);
    let verification = world
        .directory
        .verify(adele(), before, since, budget, &tally, world.within(100))
        .await;
    (verification, tally.attempts())
}

#[tokio::test(start_paused = true)]
async fn a_property_that_has_moved_is_proof() {
    let world = World::new(|_| recorded("user-found-after-revoke"));
    let (verification, attempts) = verify(&world, 10).await;
    assert!(verification.verified && verification.problem.is_none());
    assert_eq!(
        verification.sessions_valid_from,
        Some("2025-10-07T08:41:02Z".parse().unwrap())
    );
    assert_eq!(attempts, 1);
    assert_eq!(
        world.lines(),
        [
            "GET /users/87d349ed-44d7-43e1-9a83-5f2406dee5bd?$select=id,signInSessionsValidFromDateTime"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_lags_is_asked_again() {
    let world = World::new(|seen| match seen.number {
        0..3 => reads("2025-06-19T07:12:44Z"),
        _ => reads("2025-10-07T08:41:03Z"),
    });
    let (verification, attempts) = verify(&world, 10).await;
    assert!(verification.verified);
    assert_eq!(attempts, 4);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_move_is_not_verified_within_the_budget() {
    let world = World::new(|_| reads("2025-10-07T08:41:01Z"));
    let (verification, attempts) = verify(&world, 10).await;
    assert!(!verification.verified && verification.problem.is_none());
    assert_eq!(
        verification.sessions_valid_from,
        Some("2025-10-07T08:41:01Z".parse().unwrap())
    );
    assert!((5..=9).contains(&attempts), "{attempts}");
    assert!(world.times().iter().all(|at| *at < 10.0));
}

#[tokio::test(start_paused = true)]
async fn a_property_that_is_left_out_cannot_be_read() {
    for body in [
        "{}",
        r#"{"signInSessionsValidFromDateTime":null}"#,
        r#"{"signInSessionsValidFromDateTime":"soon"}"#,
    ] {
        let world = World::new(move |_| answer(200, body));
        let (verification, attempts) = verify(&world, 10).await;
        assert!(!verification.verified);
        assert_eq!((verification.sessions_valid_from, attempts), (None, 1));
        let problem = verification.problem.unwrap();
        assert_eq!(problem.disposition(), Disposition::FixPermission);
    }
}

#[tokio::test(start_paused = true)]
async fn a_problem_in_between_keeps_what_was_read() {
    let world = World::new(|seen| match seen.number {
        0 => reads("2025-06-19T07:12:44Z"),
        _ => recorded("forbidden-403"),
    });
    let (verification, _) = verify(&world, 10).await;
    assert!(!verification.verified && verification.problem.is_some());
    assert_eq!(
        verification.sessions_valid_from,
        Some("2025-06-19T07:12:44Z".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_budget_ends_the_reading() {
    let world = World::new(|_| recorded("unavailable-503"));
    let (verification, attempts) = verify(&world, 10).await;
    assert!(!verification.verified && verification.problem.is_some());
    assert_eq!(attempts, 1);
    assert_eq!(world.times(), [0.0]);
}
