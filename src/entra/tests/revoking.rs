//! The one call that changes something.

use std::time::Duration;

use super::harness::{World, adele, answer, clearance, fails, recorded};
use crate::entra::transport::TransportFailure;
use crate::entra::{Disposition, Tally};

#[tokio::test(start_paused = true)]
async fn a_revocation_is_one_request_without_a_body() {
    let world = World::new(|_| recorded("revoke-200"));
    let tally = Tally::new();
    let revocation = world
        .entra
        .revoke(&clearance(adele()), &tally, world.within(100))
        .await
        .unwrap();
    let seen = &world.seen()[0];
    assert_eq!(
        seen.line,
        "POST /users/87d349ed-44d7-43e1-9a83-5f2406dee5bd/revokeSignInSessions"
    );
    assert_eq!((&seen.json, tally.attempts()), (&None, 1));
    assert_eq!(revocation.answered_at.to_string(), "2025-10-07T08:41:03Z");
    insta::assert_json_snapshot!(revocation.calls, @r#"
    [
      {
        "operation": "POST /users/{id}/revokeSignInSessions",
        "at": "2025-10-07T08:41:03Z",
        "status": 200,
        "requestId": "43ca8df5-daa3-4602-a019-7d1e3203d924"
      }
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn any_success_will_do() {
    for status in [200, 201, 202, 204, 206, 299] {
        let world = World::new(move |_| answer(status, "not JSON"));
        let revocation = world
            .entra
            .revoke(&clearance(adele()), &Tally::new(), world.within(100))
            .await;
        assert_eq!(revocation.unwrap().calls[0].status, Some(status));
    }
    let world = World::new(|_| recorded("revoke-204"));
    let revocation = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(100))
        .await;
    assert!(revocation.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_moment_of_the_call_is_told_on_graphs_clock() {
    // Our clock shows 08:41:03 when the request leaves; Graph's is 20 minutes ahead and answers after 2 seconds.
    let world = World::new(|_| {
        answer(204, "")
            .header("date", "Tue, 07 Oct 2025 09:01:05 GMT")
            .after(Duration::from_secs(2))
    });
    let revocation = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap();
    assert_eq!(revocation.answered_at.to_string(), "2025-10-07T09:01:05Z");
    let called_at = revocation.called_at.as_second();
    assert_eq!(
        called_at,
        "2025-10-07T09:01:03Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_second()
    );
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_on_record() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("gateway-timeout-504"),
        1 => fails(TransportFailure::Broken("reset".to_owned())),
        2 => recorded("throttled-429").header("retry-after", "5"),
        _ => recorded("revoke-200"),
    });
    let tally = Tally::new();
    let revocation = world
        .entra
        .revoke(&clearance(adele()), &tally, world.within(100))
        .await
        .unwrap();
    let statuses: Vec<Option<u16>> = revocation.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(504), None, Some(429), Some(200)]);
    assert_eq!(tally.attempts(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_the_error_and_the_calls() {
    let world = World::new(|_| recorded("revoke-forbidden-403"));
    let failure = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!(failure.error.disposition(), Disposition::FixPermission);
    assert_eq!(failure.calls.len(), 1);
    assert_eq!(
        failure.calls[0].request_id.as_deref(),
        Some("712c3e1a-54c0-4d8f-9da3-7e2728121914")
    );
    assert_eq!(failure.unclear_since, None);
}

#[tokio::test(start_paused = true)]
async fn an_unclear_answer_says_since_when_it_is_unclear() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("throttled-429").header("retry-after", "1"),
        _ => fails(TransportFailure::Broken("reset".to_owned())),
    });
    let failure = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(4))
        .await
        .unwrap_err();
    let since = failure.unclear_since.unwrap();
    assert!(
        since > failure.calls[0].at && since <= failure.calls[1].at,
        "{failure:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_not_unclear() {
    let world = World::new(|_| fails(TransportFailure::Connect("refused".to_owned())));
    let failure = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(2))
        .await
        .unwrap_err();
    assert_eq!(failure.unclear_since, None);
    assert!(matches!(
        failure.error.disposition(),
        Disposition::RetryLater { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_and_not_followed() {
    let world = World::new(|_| answer(307, "").header("location", "https://elsewhere.example/"));
    let failure = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!(failure.error.status(), Some(307));
    assert_eq!(world.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_gone_meanwhile_is_a_matter_of_the_alert() {
    let world = World::new(|_| recorded("revoke-not-found-404"));
    let failure = world
        .entra
        .revoke(&clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!(failure.error.disposition(), Disposition::FixAlert);
}
