//! Who waits, for how long, and who gives up at once instead.

use std::time::Duration;

use super::harness::{ADELE, Step, World, adele, answer, fails, recorded, user_json};
use crate::domain::UserId;
use crate::graph::{Disposition, Tally};
use crate::http::HttpFailure;

fn found() -> Step {
    recorded("user-found")
}

/// Every user that is asked for exists.
fn somebody(line: &str) -> Step {
    let id = line
        .trim_start_matches("GET /users/")
        .split('?')
        .next()
        .unwrap();
    answer(200, &user_json(id, "somebody@contoso.com", ""))
}

#[tokio::test(start_paused = true)]
async fn nobody_calls_while_graph_says_wait() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("throttled-429"),
        _ => somebody(&seen.line),
    });
    let deadline = world.within(100);
    let tally = Tally::new();
    let other: UserId = "ace08ec9-aa11-4ada-9145-addf0398233e".parse().unwrap();
    let late = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(world.directory.waiting().is_some());
        world.directory.user(other, &tally, deadline).await.unwrap()
    };
    let (first, second) = tokio::join!(world.directory.user(adele(), &tally, deadline), late);
    assert!(first.unwrap().is_some() && second.is_some());
    let times = world.times();
    assert_eq!(times.len(), 3);
    assert!(times[1..].iter().all(|at| *at >= 12.0), "{times:?}");
    assert_eq!(tally.attempts(), 3);
    assert_eq!(world.directory.waiting(), None);
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_decimals_is_kept_to_the_next_whole_second() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("throttled-429-fractional"),
        _ => found(),
    });
    world
        .directory
        .user(adele(), &Tally::new(), world.within(100))
        .await
        .unwrap();
    let second = world.times()[1];
    assert!((3.0..3.1).contains(&second), "{second}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_until_a_date_counts_on_graphs_own_clock() {
    // Graph's clock is an hour ahead of ours.
    let world = World::new(|seen| match seen.number {
        0 => answer(503, "")
            .header("date", "Tue, 07 Oct 2025 09:41:03 GMT")
            .header("retry-after", "Tue, 07 Oct 2025 09:41:23 GMT"),
        _ => found(),
    });
    world
        .directory
        .user(adele(), &Tally::new(), world.within(100))
        .await
        .unwrap();
    let second = world.times()[1];
    assert!((20.0..20.1).contains(&second), "{second}");
}

#[tokio::test(start_paused = true)]
async fn the_longer_of_graphs_wait_and_the_back_off_is_kept_until_the_time_is_over() {
    let world = World::new(|_| answer(429, "").header("retry-after", "1"));
    let error = world
        .directory
        .user(adele(), &Tally::new(), world.within(200))
        .await
        .unwrap_err();
    let times = world.times();
    let waits: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.iter().all(|wait| *wait >= 1.0), "{waits:?}");
    assert!(waits[4..].iter().all(|wait| *wait >= 8.0), "{waits:?}");
    // Nobody who waits as told is given up for having been told often.
    assert!(error.attempts() > 10, "{error}");
    assert!(error.elapsed().as_secs() > 180, "{error}");
    assert!(matches!(
        error.disposition(),
        Disposition::RetryLater {
            not_before: Some(_)
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn what_fails_between_two_refusals_has_its_tries_left() {
    let world = World::new(|seen| match seen.number {
        0..10 => answer(429, "").header("retry-after", "1"),
        10..15 => answer(500, ""),
        _ => found(),
    });
    let tally = Tally::new();
    let user = world
        .directory
        .user(adele(), &tally, world.within(1_000))
        .await;
    assert!(user.unwrap().is_some());
    assert_eq!(tally.attempts(), 16);
}

#[tokio::test(start_paused = true)]
async fn being_throttled_without_a_time_holds_everybody_too() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("throttled-429-no-retry-after"),
        _ => found(),
    });
    let (tally, deadline) = (Tally::new(), world.within(100));
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world
            .directory
            .user(adele(), &tally, deadline)
            .await
            .unwrap();
    };
    let (first, ()) = tokio::join!(world.directory.user(adele(), &tally, deadline), late);
    first.unwrap();
    let times = world.times();
    assert!(times[1..].iter().all(|at| *at >= 0.5), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_a_time_holds_nobody_else() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("gateway-timeout-504"),
        _ => found(),
    });
    let (tally, deadline) = (Tally::new(), world.within(100));
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world
            .directory
            .user(adele(), &tally, deadline)
            .await
            .unwrap();
    };
    let (first, ()) = tokio::join!(world.directory.user(adele(), &tally, deadline), late);
    first.unwrap();
    assert!(world.times()[1] < 0.2, "{:?}", world.times());
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_fails_at_once_and_calls_nobody() {
    let world = World::new(|_| recorded("unavailable-503"));
    let tally = Tally::new();
    let deadline = world.within(20);
    let error = world
        .directory
        .user(adele(), &tally, deadline)
        .await
        .unwrap_err();
    let thirty = Disposition::RetryLater {
        not_before: Some(Duration::from_secs(30)),
    };
    assert_eq!(error.disposition(), thirty);
    assert_eq!(error.elapsed(), Duration::ZERO);
    // The next subject is told the same without a request.
    let error = world
        .directory
        .user(adele(), &tally, deadline)
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), thirty);
    assert_eq!(tally.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again() {
    let failures: [fn() -> Step; 7] = [
        || recorded("conflict-409-concurrency"),
        || recorded("gateway-timeout-504"),
        || answer(500, ""),
        || answer(408, ""),
        || fails(HttpFailure::Connect("refused".to_owned())),
        || fails(HttpFailure::Broken("reset".to_owned())),
        || found().after(Duration::from_hours(1)),
    ];
    for failure in failures {
        let world = World::new(move |seen| if seen.number == 0 { failure() } else { found() });
        let tally = Tally::new();
        let user = world
            .directory
            .user(adele(), &tally, world.within(100))
            .await;
        assert_eq!(user.unwrap().unwrap().id.to_string(), ADELE);
        assert_eq!(tally.attempts(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_asked_once() {
    for status in [302, 400, 403, 405, 410, 422] {
        let world = World::new(move |_| answer(status, ""));
        let error = world
            .directory
            .user(adele(), &Tally::new(), world.within(100))
            .await
            .unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(status), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends_with_the_deadline() {
    let world = World::new(|_| found().after(Duration::from_hours(1)));
    let error = world
        .directory
        .user(adele(), &Tally::new(), world.within(8))
        .await
        .unwrap_err();
    assert!(error.elapsed() <= Duration::from_secs(8), "{error}");
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nothing_is_sent() {
    let world = World::new(|_| found());
    let deadline = world.within(1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let tally = Tally::new();
    let error = world
        .directory
        .user(adele(), &tally, deadline)
        .await
        .unwrap_err();
    assert_eq!(
        error.disposition(),
        Disposition::RetryLater { not_before: None }
    );
    assert_eq!((tally.attempts(), world.tokens_fetched()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_with_the_deadline_is_not_begun() {
    for (seconds, calls) in [(4, 1), (5, 2)] {
        let world = World::new(|_| recorded("throttled-429").header("retry-after", "4"));
        let error = world
            .directory
            .user(adele(), &Tally::new(), world.within(seconds))
            .await
            .unwrap_err();
        assert_eq!((error.status(), world.seen().len()), (Some(429), calls));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_names_its_wait_backs_off_as_a_limit_does() {
    let calls_of = |status: u16| async move {
        let world = World::new(move |_| answer(status, "").header("retry-after", "1"));
        let (tally, deadline) = (Tally::new(), world.within(38));
        let asked = world.directory.user(adele(), &tally, deadline).await;
        assert!(asked.is_err());
        world.seen().len()
    };
    let (limited, down) = (calls_of(429).await, calls_of(503).await);
    assert!(limited <= 9 && down <= 9, "{limited} and {down} calls");
}

/// What stood in the way is told, and not that at last there was no time either.
#[tokio::test(start_paused = true)]
async fn the_last_real_cause_is_kept_and_what_ended_the_attempts_is_told_after_it() {
    let world = World::new(|seen| match seen.number {
        0 => answer(503, "").header("request-id", "a-1"),
        _ => found().after(Duration::from_hours(1)),
    });
    let error = world
        .directory
        .user(adele(), &Tally::new(), world.within(4))
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(503));
    let text = error.to_string();
    assert!(
        text.starts_with("Reading the user failed: Graph answered 503 (request-id a-1); then Graph did not answer: no answer came within "),
        "{text}"
    );
    assert!(text.contains("after 2 attempts"), "{text}");
    assert!(matches!(
        error.disposition(),
        Disposition::RetryLater { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn that_others_were_told_to_wait_does_not_hide_what_this_call_met() {
    let world = World::new(|seen| {
        if seen.line.contains(ADELE) {
            fails(HttpFailure::Connect("refused".to_owned()))
        } else {
            answer(429, "").header("retry-after", "60")
        }
    });
    let tally = Tally::new();
    let other: UserId = "ace08ec9-aa11-4ada-9145-addf0398233e".parse().unwrap();
    let deadline = world.within(20);
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world
            .directory
            .user(other, &tally, deadline)
            .await
            .unwrap_err()
    };
    let (first, _) = tokio::join!(world.directory.user(adele(), &tally, deadline), late);
    let error = first.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(
            "no connection could be made (refused); then Graph has told this app to wait another"
        ),
        "{text}"
    );
    assert!(matches!(
        error.disposition(),
        Disposition::RetryLater {
            not_before: Some(_)
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_with_less_time_left_than_an_answer_needs() {
    let world = World::new(|_| answer(500, ""));
    let error = world
        .directory
        .user(adele(), &Tally::new(), world.within(3))
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(500));
    assert!(
        world.times().iter().all(|at| *at <= 2.0),
        "{:?}",
        world.times()
    );
}
