//! When the identity endpoint is asked, and what happens if it has no answer or Graph does not take the token.

use std::time::Duration;

use futures_util::future::join_all;

use super::harness::{ROLES, World, adele, answer, recorded, token};
use crate::graph::throttling::throttle::Blocked;
use crate::graph::{CallKind, Disposition, Tally};
use crate::http::HttpFailure;
use crate::identity::IdentityProblem;

const LATER: Disposition = Disposition::RetryLater { not_before: None };

#[tokio::test(start_paused = true)]
async fn many_callers_share_one_request_for_a_token() {
    let slow = Duration::from_secs(1);
    let world = World::with_identity(
        |_| recorded("user-found"),
        slow,
        |number| Ok(token(number, &ROLES, "2025-10-08T06:00:00Z")),
    );
    let (tally, deadline) = (Tally::new(), world.within(100));
    let calls = (0..16).map(|_| world.directory.user(adele(), &tally, deadline));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(world.tokens_fetched(), 1);
    // With the token at hand nobody waits for another: the requests leave together.
    assert!(world.seen().iter().all(|seen| seen.at == slow));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_dropped_and_the_call_made_once_more_at_once() {
    let world = World::new(|seen| {
        if seen.token.ends_with("token-0") {
            recorded("unauthorized-401-expired")
        } else {
            recorded("user-found")
        }
    });
    let (tally, deadline) = (Tally::new(), world.within(100));
    let calls = (0..8).map(|_| world.directory.user(adele(), &tally, deadline));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(world.tokens_fetched(), 2);
    assert!(
        world
            .seen()
            .iter()
            .all(|seen| seen.at < Duration::from_millis(10))
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_of_the_old_token_does_not_drop_the_new_one() {
    let world = World::new(|seen| {
        let late = Duration::from_secs(if seen.number == 1 { 3 } else { 1 });
        if seen.token.ends_with("token-0") {
            recorded("unauthorized-401-expired").after(late)
        } else {
            recorded("user-found")
        }
    });
    let (tally, deadline) = (Tally::new(), world.within(100));
    let calls = (0..2).map(|_| world.directory.user(adele(), &tally, deadline));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!((tally.attempts(), world.tokens_fetched()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_again_is_a_matter_for_later() {
    let world = World::new(|_| recorded("unauthorized-401-expired"));
    let error = world
        .directory
        .user(adele(), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Some(401), 2));
    assert_eq!(error.disposition(), LATER);
    assert_eq!(world.tokens_fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_five_minutes_before_it_ends() {
    // Recorded time begins at 08:41:03.
    let world = World::with_identity(
        |_| recorded("user-found"),
        Duration::ZERO,
        |number| {
            let ends = ["2025-10-07T09:00:00Z", "2025-10-08T09:00:00Z"];
            Ok(token(number, &ROLES, ends[number.min(1)]))
        },
    );
    for (seconds, fetched) in [(0, 1), (836, 1), (2, 2), (600, 2)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        world
            .directory
            .user(adele(), &Tally::new(), world.within(100))
            .await
            .unwrap();
        assert_eq!(world.tokens_fetched(), fetched, "after {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_still_lives_serves_while_the_identity_endpoint_is_away() {
    let world = World::with_identity(
        |_| recorded("user-found"),
        Duration::ZERO,
        |number| match number {
            0 => Ok(token(0, &ROLES, "2025-10-07T08:45:00Z")),
            _ => Err(IdentityProblem::Refused(500)),
        },
    );
    for (seconds, fetched) in [(0, 1), (60, 2), (10, 2), (30, 3)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        world
            .directory
            .user(adele(), &Tally::new(), world.within(100))
            .await
            .unwrap();
        assert_eq!(world.tokens_fetched(), fetched);
    }
    tokio::time::advance(Duration::from_mins(5)).await;
    let error = world
        .directory
        .user(adele(), &Tally::new(), world.within(5))
        .await
        .unwrap_err();
    assert!(matches!(
        error.disposition(),
        Disposition::RetryLater { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn an_identity_endpoint_that_is_away_for_a_moment_is_asked_again() {
    let away = || IdentityProblem::Unreachable(HttpFailure::Connect("refused".to_owned()));
    let world = World::with_identity(
        |_| recorded("user-found"),
        Duration::ZERO,
        move |number| match number {
            0 => Err(away()),
            1 => Err(IdentityProblem::Refused(503)),
            _ => Ok(token(number, &ROLES, "2025-10-08T06:00:00Z")),
        },
    );
    let tally = Tally::new();
    let user = world
        .directory
        .user(adele(), &tally, world.within(100))
        .await;
    assert!(user.unwrap().is_some());
    assert_eq!((tally.attempts(), world.tokens_fetched()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_missing_identity_is_said_at_once() {
    for problem in [
        IdentityProblem::Absent,
        IdentityProblem::Unsupported,
        IdentityProblem::Refused(400),
        IdentityProblem::Unreadable("it is empty"),
    ] {
        let script = problem.clone();
        let world = World::with_identity(
            |_| recorded("user-found"),
            Duration::ZERO,
            move |_| Err(script.clone()),
        );
        let tally = Tally::new();
        let deadline = world.within(100);
        let error = world.directory.user(adele(), &tally, deadline).await;
        assert_eq!(error.unwrap_err().disposition(), LATER);
        assert!(world.directory.identity(deadline).await.is_err());
        assert_eq!((tally.attempts(), world.tokens_fetched()), (0, 2));
        assert!(world.times().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_begins_while_the_token_is_fetched_is_kept() {
    let world = World::with_identity(
        |_| recorded("user-found"),
        Duration::from_secs(5),
        |number| Ok(token(number, &ROLES, "2025-10-08T06:00:00Z")),
    );
    let told = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let throttle = &world.directory.client().throttle;
        throttle.refused(
            CallKind::Read,
            Blocked::Everything,
            Some(Duration::from_secs(20)),
        );
    };
    let tally = Tally::new();
    let (user, ()) = tokio::join!(
        world.directory.user(adele(), &tally, world.within(100)),
        told
    );
    user.unwrap();
    assert!(world.times()[0] >= 21.0, "{:?}", world.times());
}

#[tokio::test(start_paused = true)]
async fn an_identity_endpoint_that_hangs_costs_no_more_than_the_deadline() {
    let world = World::with_identity(
        |_| answer(200, ""),
        Duration::from_hours(1),
        |number| Ok(token(number, &ROLES, "2025-10-08T06:00:00Z")),
    );
    let error = world.directory.identity(world.within(3)).await.unwrap_err();
    assert_eq!(error.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn the_token_tells_tenant_and_roles_and_is_masked() {
    let world = World::new(|_| recorded("user-found"));
    let facts = world.directory.identity(world.within(3)).await.unwrap();
    assert_eq!(
        facts.tenant,
        "84c31ca0-ac3b-4eae-ad11-519d80233e6f".parse().unwrap()
    );
    assert!(crate::graph::missing_permissions(&facts.roles).is_empty());
    assert_eq!(facts.expires_at.to_string(), "2025-10-08T06:00:00Z");
    assert!(!format!("{:?} {facts:?}", world.directory).contains("token-0"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_serves_to_its_last_second_and_not_in_the_next() {
    for (seconds, is_answered) in [(59, true), (60, false)] {
        let world = World::with_identity(
            |_| recorded("user-found"),
            Duration::ZERO,
            |number| match number {
                // The world begins at 08:41:03.
                0 => Ok(token(0, &ROLES, "2025-10-07T08:42:03Z")),
                _ => Err(IdentityProblem::Absent),
            },
        );
        let tally = Tally::new();
        let first = world.directory.user(adele(), &tally, world.within(1)).await;
        assert!(first.is_ok());
        tokio::time::advance(Duration::from_secs(seconds)).await;
        let second = world.directory.user(adele(), &tally, world.within(1)).await;
        assert_eq!(second.is_ok(), is_answered, "{seconds}");
    }
}

/// Whether a token has ended is for Graph to say: this machine's clock may be ahead.
#[tokio::test(start_paused = true)]
async fn a_token_that_looks_ended_is_not_asked_for_at_every_call() {
    let world = World::with_identity(
        |_| recorded("user-found"),
        Duration::ZERO,
        |number| Ok(token(number, &ROLES, "2025-10-07T08:40:03Z")),
    );
    for (seconds, fetched) in [(0, 1), (1, 1), (28, 1), (1, 2)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        let tally = Tally::new();
        let asked = world.directory.user(adele(), &tally, world.within(1)).await;
        assert!(asked.is_ok());
        assert_eq!(world.tokens_fetched(), fetched);
    }
}

#[tokio::test(start_paused = true)]
async fn what_holds_the_token_shows_where_it_is_from_and_not_the_token() {
    let world = World::new(|_| recorded("user-found"));
    world
        .directory
        .user(adele(), &Tally::new(), world.within(5))
        .await
        .unwrap();
    let shown = format!("{:?}", world.directory);
    assert!(
        shown.contains("Tokens { source: ScriptedIdentity"),
        "{shown}"
    );
    assert!(!shown.contains("token-0"), "{shown}");
}
