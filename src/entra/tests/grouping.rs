//! Who is asked about which groups.

use std::time::Duration;

use uuid::Uuid;

use super::harness::{World, adele, answer, recorded};
use crate::domain::GroupId;
use crate::entra::{Disposition, Tally};

fn groups(count: u128) -> Vec<GroupId> {
    (1..=count)
        .map(|number| GroupId::from_uuid(Uuid::from_u128(number)).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn groups_are_asked_about_twenty_at_a_time_and_all_at_once() {
    let world = World::new(|seen| {
        let asked = seen.json.as_ref().unwrap()["groupIds"].as_array().unwrap();
        assert!(asked.len() <= 20);
        let body = serde_json::json!({ "value": [asked[0]] });
        answer(200, &body.to_string()).after(Duration::from_secs(1))
    });
    let (tally, asked) = (Tally::new(), groups(45));
    let member_of = world
        .entra
        .memberships(adele(), &asked, &tally, world.within(100))
        .await
        .unwrap();
    assert_eq!(member_of, [asked[0], asked[20], asked[40]]);
    assert_eq!(tally.attempts(), 3);
    assert!(
        world.times().iter().all(|at| *at < 0.1),
        "{:?}",
        world.times()
    );
    assert_eq!(
        world.lines()[0],
        "POST /users/87d349ed-44d7-43e1-9a83-5f2406dee5bd/checkMemberGroups"
    );
}

#[tokio::test(start_paused = true)]
async fn the_user_and_the_groups_are_asked_for_at_the_same_time() {
    let world = World::new(|seen| {
        let name = if seen.line.starts_with("GET") {
            "user-found"
        } else {
            "check-member-groups-none"
        };
        recorded(name).after(Duration::from_secs(1))
    });
    let (tally, asked, deadline) = (Tally::new(), groups(1), world.within(100));
    let (user, member_of) = tokio::join!(
        world.entra.user(adele(), &tally, deadline),
        world.entra.memberships(adele(), &asked, &tally, deadline)
    );
    assert!(user.unwrap().is_some() && member_of.unwrap().is_empty());
    assert!(world.times().iter().all(|at| *at < 0.1));
}

#[tokio::test(start_paused = true)]
async fn without_groups_nothing_is_asked() {
    let world = World::new(|_| recorded("check-member-groups-none"));
    let member_of = world
        .entra
        .memberships(adele(), &[], &Tally::new(), world.within(100))
        .await;
    assert!(member_of.unwrap().is_empty() && world.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_no_answer() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("check-member-groups-none"),
        _ => recorded("forbidden-403"),
    });
    let error = world
        .entra
        .memberships(adele(), &groups(21), &Tally::new(), world.within(100))
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), Disposition::FixPermission);
}

#[tokio::test(start_paused = true)]
async fn that_graph_says_wait_is_heard_although_another_part_of_the_question_has_failed() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("forbidden-403").after(Duration::from_millis(100)),
        1 => answer(429, "{}")
            .header("retry-after", "30")
            .after(Duration::from_secs(1)),
        _ => recorded("check-member-groups-none"),
    });
    let (asked, deadline) = (groups(21), world.within(10));
    let tally = Tally::new();
    let failed = world.entra.memberships(adele(), &asked, &tally, deadline);
    assert!(failed.await.is_err());
    let later = world.within(100);
    let next = world
        .entra
        .memberships(adele(), &asked[..1], &tally, later)
        .await;
    next.unwrap();
    let times = world.times();
    assert_eq!(times.len(), 3);
    assert!(times[1] < 0.1 && times[2] >= 31.0, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_no_object_id_is_an_error() {
    let world = World::new(|_| answer(200, r#"{"value":["Break glass"]}"#));
    let result = world
        .entra
        .memberships(adele(), &groups(1), &Tally::new(), world.within(100))
        .await;
    assert!(result.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_group_exists_or_does_not() {
    let group = groups(1)[0];
    let world = World::new(move |seen| match seen.number {
        0 => answer(200, &format!(r#"{{"id":"{group}"}}"#)),
        1 => recorded("user-not-found-404"),
        2 => answer(200, "{}"),
        _ => recorded("forbidden-403"),
    });
    let (tally, deadline) = (Tally::new(), world.within(100));
    assert!(
        world
            .entra
            .group_exists(group, &tally, deadline)
            .await
            .unwrap()
    );
    assert!(
        !world
            .entra
            .group_exists(group, &tally, deadline)
            .await
            .unwrap()
    );
    assert!(
        world
            .entra
            .group_exists(group, &tally, deadline)
            .await
            .is_err()
    );
    assert!(
        world
            .entra
            .group_exists(group, &tally, deadline)
            .await
            .is_err()
    );
    assert_eq!(world.lines()[0], format!("GET /groups/{group}?$select=id"));
}
