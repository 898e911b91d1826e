//! Who is asked about which groups.

use std::time::Duration;

use uuid::Uuid;

use super::harness::{ROLES, World, adele, answer, recorded, token};
use crate::directory::{Blind, Group};
use crate::domain::GroupId;
use crate::graph::{Disposition, Tally};

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
        .directory
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
        world.directory.user(adele(), &tally, deadline),
        world
            .directory
            .memberships(adele(), &asked, &tally, deadline)
    );
    assert!(user.unwrap().is_some() && member_of.unwrap().is_empty());
    assert!(world.times().iter().all(|at| *at < 0.1));
}

#[tokio::test(start_paused = true)]
async fn without_groups_nothing_is_asked() {
    let world = World::new(|_| recorded("check-member-groups-none"));
    let member_of = world
        .directory
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
        .directory
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
    let failed = world
        .directory
        .memberships(adele(), &asked, &tally, deadline);
    assert!(failed.await.is_err());
    let later = world.within(100);
    let next = world
        .directory
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
        .directory
        .memberships(adele(), &groups(1), &Tally::new(), world.within(100))
        .await;
    assert!(result.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_group_is_there_or_not_and_says_whether_it_hides_its_members() {
    let group = groups(1)[0];
    let read = |body: String| {
        let world = World::new(move |_| answer(200, &body));
        async move {
            let (tally, deadline) = (Tally::new(), world.within(100));
            let read = world.directory.group(group, &tally, deadline).await;
            (read, world.lines())
        }
    };
    for (visibility, hides_members) in [
        ("", false),
        (r#","visibility":null"#, false),
        (r#","visibility":"Private""#, false),
        (r#","visibility":"HiddenMembership""#, true),
    ] {
        let (found, lines) = read(format!(r#"{{"id":"{group}"{visibility}}}"#)).await;
        assert_eq!(
            found.unwrap(),
            Some(Group { hides_members }),
            "{visibility}"
        );
        assert_eq!(
            lines,
            [format!("GET /groups/{group}?$select=id,visibility")]
        );
    }
    for other in ["{}".to_owned(), format!(r#"{{"id":"{}"}}"#, groups(2)[1])] {
        let (found, _) = read(other).await;
        assert!(found.is_err());
    }
    let none = World::new(|_| recorded("user-not-found-404"));
    let (tally, deadline) = (Tally::new(), none.within(100));
    assert_eq!(
        none.directory.group(group, &tally, deadline).await.unwrap(),
        None
    );
    // Replicas lag, so it was asked for once more.
    assert_eq!(none.times(), [0.0, 1.0]);
    let denied = World::new(|_| recorded("forbidden-403"));
    let deadline = denied.within(100);
    assert!(
        denied
            .directory
            .group(group, &tally, deadline)
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_that_hides_its_members_is_blind_unless_the_token_lets_them_be_seen() {
    for (roles, is_blind) in [
        (&ROLES[..], true),
        (&["Directory.ReadWrite.All"][..], true),
        (&["GroupMember.Read.All", "Member.Read.Hidden"][..], false),
    ] {
        let world = World::with_identity(
            |seen| {
                let id = seen.line.split(['/', '?']).nth(2).unwrap().to_owned();
                answer(
                    200,
                    &format!(r#"{{"id":"{id}","visibility":"HiddenMembership"}}"#),
                )
            },
            Duration::ZERO,
            |number| Ok(token(number, roles, "2025-10-08T06:00:00Z")),
        );
        let asked = groups(2);
        let blind = world
            .directory
            .blind_groups(&asked, &Tally::new(), world.within(100))
            .await
            .unwrap();
        let hidden = if is_blind { asked } else { Vec::new() };
        let missing = Vec::new();
        assert_eq!(blind, Blind { missing, hidden });
    }
}
