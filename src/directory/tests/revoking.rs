//! The one call that changes something.

use std::time::Duration;

use super::harness::{ADELE, World, adele, answer, clearance, fails, recorded, user_json};
use crate::graph::{Disposition, Tally};
use crate::http::HttpFailure;

#[tokio::test(start_paused = true)]
async fn a_revocation_is_one_request_without_a_body() {
    let world = World::new(|_| recorded("revoke-200"));
    let tally = Tally::new();
    let revocation = world
        .directory
        .revoke(clearance(adele()), &tally, world.within(100))
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
            .directory
            .revoke(clearance(adele()), &Tally::new(), world.within(100))
            .await;
        assert_eq!(revocation.unwrap().calls[0].status, Some(status));
    }
    let world = World::new(|_| recorded("revoke-204"));
    let revocation = world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(100))
        .await;
    assert!(revocation.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_moment_of_the_call_is_told_on_graphs_clock() {
    // Our clock shows 08:41:03 when the first request leaves; Graph's is 20 minutes ahead and answers after 2 seconds.
    let world = World::new(|seen| {
        let date = if seen.number == 0 { "05" } else { "07" };
        answer(200, &user_json(ADELE, "adele@contoso.com", ""))
            .header("date", &format!("Tue, 07 Oct 2025 09:01:{date} GMT"))
            .after(Duration::from_secs(2))
    });
    world
        .directory
        .user(adele(), &Tally::new(), world.within(100))
        .await
        .unwrap();
    let revocation = world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap();
    assert_eq!(revocation.answered_at.to_string(), "2025-10-07T09:01:07Z");
    // The answer that came before the call tells, not its own.
    let called_at = revocation.called_at;
    assert_eq!(called_at.earliest.to_string(), "2025-10-07T09:01:05Z");
    assert_eq!(called_at.latest.to_string(), "2025-10-07T09:01:08Z");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_on_record() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("gateway-timeout-504"),
        1 => fails(HttpFailure::Broken("reset".to_owned())),
        2 => recorded("throttled-429").header("retry-after", "5"),
        _ => recorded("revoke-200"),
    });
    let tally = Tally::new();
    let revocation = world
        .directory
        .revoke(clearance(adele()), &tally, world.within(100))
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
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(100))
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
        _ => fails(HttpFailure::Broken("reset".to_owned())),
    });
    let failure = world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(4))
        .await
        .unwrap_err();
    let since = failure.unclear_since.unwrap();
    assert!(
        since.latest > failure.calls[0].at && since.earliest <= failure.calls[1].at,
        "{failure:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_alone_is_not_unclear() {
    for (status, is_unclear) in [
        (503, false),
        (429, false),
        (500, true),
        (502, true),
        (504, true),
    ] {
        let world = World::new(move |_| answer(status, ""));
        let failure = world
            .directory
            .revoke(clearance(adele()), &Tally::new(), world.within(20))
            .await
            .unwrap_err();
        assert_eq!(failure.unclear_since.is_some(), is_unclear, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_says_false_is_told_from_one_that_says_true() {
    for (body, is_denied) in [
        (r#"{"value":false}"#, true),
        (r#"{"value":true}"#, false),
        ("", false),
        ("<html>", false),
        (r#"{"value":"false"}"#, false),
    ] {
        let world = World::new(move |_| answer(200, body));
        let revocation = world
            .directory
            .revoke(clearance(adele()), &Tally::new(), world.within(100))
            .await
            .unwrap();
        assert_eq!(revocation.unused.is_some(), is_denied, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_write_is_begun_with_less_time_left_than_an_answer_needs() {
    let world = World::new(|_| recorded("revoke-200"));
    let tally = Tally::new();
    let late = world
        .directory
        .revoke(clearance(adele()), &tally, world.within_milliseconds(1_900))
        .await
        .unwrap_err();
    assert_eq!((tally.attempts(), late.unclear_since), (0, None));
    assert!(matches!(
        late.error.disposition(),
        Disposition::RetryLater { .. }
    ));
    let in_time = world
        .directory
        .revoke(clearance(adele()), &tally, world.within(3))
        .await;
    assert!(in_time.is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_request_has_an_id_by_which_a_lost_answer_is_found() {
    let world = World::new(|seen| match seen.number {
        0 => fails(HttpFailure::Broken("reset".to_owned())),
        _ => recorded("revoke-200"),
    });
    let revocation = world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap();
    let sent: Vec<String> = world
        .seen()
        .iter()
        .map(|seen| seen.client_request_id.to_string())
        .collect();
    assert_ne!(sent[0], sent[1]);
    let listed: Vec<_> = revocation
        .calls
        .iter()
        .map(|call| call.client_request_id.clone())
        .collect();
    // The other is found by Graph's own.
    assert_eq!(listed, [Some(sent[0].clone()), None]);
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_not_unclear() {
    let world = World::new(|_| fails(HttpFailure::Connect("refused".to_owned())));
    let failure = world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(2))
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
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!(failure.error.status(), Some(307));
    assert_eq!(world.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_gone_meanwhile_is_a_matter_of_the_alert() {
    let world = World::new(|_| recorded("revoke-not-found-404"));
    let failure = world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!(failure.error.disposition(), Disposition::FixAlert);
}
