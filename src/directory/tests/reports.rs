//! The reports keep the pace of their services, and what one of them waits for delays nobody else.

use super::harness::{World, adele, answer, fails, recorded};
use crate::graph::Tally;
use crate::http::HttpFailure;
use crate::inquiry::reports::Because;

const RISK: &str = r#"{"riskLevel":"high","riskState":"atRisk","riskDetail":"none","riskLastUpdatedDateTime":"2025-10-07T03:00:00Z"}"#;

const NOBODY: &str = r#"{"value":[]}"#;

fn is_risk(line: &str) -> bool {
    line.contains("riskyUsers")
}

#[tokio::test(start_paused = true)]
async fn identity_protection_is_asked_once_a_second_and_a_little_less() {
    let world = World::new(|_| answer(200, RISK));
    let reports = world.directory.reports();
    for _ in 0..3 {
        let risk = reports.risk(adele(), world.within(20)).await.unwrap();
        assert_eq!(
            (risk.level.as_str(), risk.state.as_str(), risk.detail),
            ("high", "atRisk", None)
        );
    }
    let [first, second, third] = world.times()[..] else {
        panic!("{:?}", world.times());
    };
    assert!(first < 0.1 && (1.19..1.3).contains(&second) && (2.39..2.5).contains(&third));
}

#[tokio::test(start_paused = true)]
async fn the_log_is_asked_five_times_in_ten_seconds() {
    let world = World::new(|_| answer(200, NOBODY));
    let reports = world.directory.reports();
    for _ in 0..6 {
        reports
            .sign_ins(adele(), None, world.within(30))
            .await
            .unwrap();
    }
    let times = world.times();
    assert!(
        times[4] < 0.1 && (10.4..11.0).contains(&times[5]),
        "{times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_would_not_have_its_turn_in_time_is_not_asked_for() {
    let world = World::new(|_| answer(200, NOBODY));
    let reports = world.directory.reports();
    for _ in 0..5 {
        reports
            .sign_ins(adele(), None, world.within(5))
            .await
            .unwrap();
    }
    let unread = reports
        .sign_ins(adele(), None, world.within(5))
        .await
        .unwrap_err();
    assert_eq!(unread.because, Because::NotAsked);
    assert!(unread.detail.contains("fewer users"), "{}", unread.detail);
    assert_eq!(world.seen().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_report_holds_up_nobody_else() {
    let world = World::new(|seen| {
        if is_risk(&seen.line) {
            answer(429, "")
        } else {
            recorded("user-found")
        }
    });
    let reports = world.directory.reports();
    let (tally, soon) = (Tally::new(), world.within(5));
    let risk = reports.risk(adele(), soon);
    let user = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let read = world.directory.user(adele(), &tally, world.within(5)).await;
        (read, world.times().len())
    };
    let (risk, (user, sent)) = tokio::join!(risk, user);
    assert_eq!(risk.unwrap_err().because, Because::Throttled);
    assert!(user.unwrap().is_some());
    assert_eq!(
        sent, 2,
        "the directory was asked at once, between two questions to Identity Protection"
    );
    let times: Vec<f64> = world
        .seen()
        .iter()
        .filter(|seen| is_risk(&seen.line))
        .map(|seen| seen.at.as_secs_f64())
        .collect();
    assert!(
        times.len() > 1 && times.windows(2).all(|pair| pair[1] - pair[0] > 1.1),
        "{times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_with_another_behind_it_is_turned_over() {
    let world = World::new(|seen| {
        if seen.line.contains("skiptoken") {
            answer(
                200,
                r#"{"value":[{"createdDateTime":"2025-10-07T08:30:00Z","appDisplayName":"Browser","ipAddress":"192.0.2.7","isInteractive":false,"status":{"errorCode":0},"location":{"countryOrRegion":"NL"}}]}"#,
            )
        } else {
            // Wherever the link leads, the token goes to Graph alone.
            answer(
                200,
                r#"{"value":[],"@odata.nextLink":"https://elsewhere.example/beta/auditLogs/signIns?$skiptoken=abc"}"#,
            )
        }
    });
    let log = world
        .directory
        .reports()
        .sign_ins(adele(), None, world.within(20))
        .await
        .unwrap();
    assert!(log.includes_non_interactive && !log.more && !log.sign_ins[0].interactive);
    assert_eq!(log.sign_ins[0].country.as_deref(), Some("NL"));
    let seen = world.lines();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].ends_with("&$skiptoken=abc"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn pages_that_stay_empty_are_not_taken_for_nobody() {
    let world = World::new(|_| {
        answer(
            200,
            r#"{"value":[],"@odata.nextLink":"https://graph.microsoft.com/beta/auditLogs/signIns?$skiptoken=abc"}"#,
        )
    });
    let log = world
        .directory
        .reports()
        .sign_ins(adele(), None, world.within(20))
        .await
        .unwrap();
    assert!(log.more && log.sign_ins.is_empty());
    assert_eq!(world.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failed_sign_in_is_none() {
    let world = World::new(|_| {
        answer(
            200,
            r#"{"value":[{"createdDateTime":"2025-10-07T08:30:00Z","status":{"errorCode":50126}}]}"#,
        )
    });
    let log = world
        .directory
        .reports()
        .sign_ins(adele(), None, world.within(20))
        .await
        .unwrap();
    assert_eq!(log.sign_ins, []);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_down_is_told_as_it_is() {
    let world = World::new(|_| fails(HttpFailure::Connect("no route".to_owned())));
    let unread = world
        .directory
        .reports()
        .last_sign_ins(adele(), world.within(3))
        .await
        .unwrap_err();
    assert_eq!(
        (unread.because, unread.permission),
        (Because::Failed, "AuditLog.Read.All")
    );
    assert!(unread.detail.contains("no route"), "{}", unread.detail);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_with_the_deadline_comes_too_late() {
    let world = World::new(|_| answer(200, RISK));
    let reports = world.directory.reports();
    reports.risk(adele(), world.within(5)).await.unwrap();
    let exactly = reports
        .risk(adele(), world.within_milliseconds(1_200))
        .await;
    assert_eq!(exactly.unwrap_err().because, Because::NotAsked);
    assert!(
        reports
            .risk(adele(), world.within_milliseconds(1_300))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_be_read_is_not_asked_for_in_another_way() {
    for (status, calls) in [(403, 1), (400, 2), (404, 2)] {
        let world = World::new(move |_| answer(status, ""));
        let reports = world.directory.reports();
        let unread = reports.sign_ins(adele(), None, world.within(5)).await;
        assert!(unread.is_err());
        assert_eq!(world.seen().len(), calls, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_time_the_log_of_thirty_days_is_asked_for() {
    let world = World::new(|_| answer(200, NOBODY));
    let reports = world.directory.reports();
    let log = reports
        .sign_ins(adele(), None, world.within(5))
        .await
        .unwrap();
    // The world begins at 2025-10-07T08:41:03Z.
    assert_eq!(log.since.to_string(), "2025-09-07T08:41:03Z");
}
