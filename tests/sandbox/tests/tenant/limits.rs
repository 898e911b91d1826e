//! Graph's limits, their counting, and the answers beyond them.

use std::time::Duration;

use sandbox::tenant::{Limit, Limits, World};
use serde_json::json;

use crate::support::{ALICE, Answer, App, BOB};

fn writes(most: f64, seconds: f64) -> Limits {
    Limits {
        writes: Limit { most, seconds },
        ..Limits::of_graph(10)
    }
}

fn units(answer: &Answer) -> &str {
    answer.header("x-ms-resource-unit")
}

#[tokio::test]
async fn every_call_costs_what_the_documentation_says() {
    let app = App::start().await;
    let id = app.id_of(ALICE);
    for (path, cost) in [
        ("/v1.0/users/alice@contoso.com", "2"),
        ("/v1.0/users('alice@contoso.com')", "2"),
        ("/v1.0/users/alice@contoso.com?$select=id", "1"),
        ("/v1.0/users?$filter=mail eq 'alice@contoso.com'", "2"),
        ("/v1.0/users?$top=2", "1"),
        ("/v1.0/users?$top=20", "2"),
        ("/v1.0/users?$select=id&$top=2", "1"),
        ("/v1.0/users/nobody@contoso.com", "2"),
        ("/v1.0/groups/00000000-0000-4000-8000-000000000000", "1"),
    ] {
        assert_eq!(units(&app.get(path).await), cost, "{path}");
    }
    let groups = json!({"groupIds": ["00000000-0000-4000-8000-000000000000"]});
    let path = format!("/v1.0/users/{id}/checkMemberGroups");
    assert_eq!(units(&app.post(&path, &groups).await), "4");
    assert_eq!(units(&app.revoke(ALICE).await), "1");
}

#[tokio::test]
async fn who_writes_too_much_is_told_to_wait_and_may_read_meanwhile() {
    let app = App::start().await;
    app.tenant.set_limits(Some(writes(4.0, 200.0)));
    for used in ["", "", "", "1.00"] {
        let answer = app.revoke(ALICE).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ms-throttle-limit-percentage"), used);
    }
    let before = app.tenant.valid_from(BOB);
    let refused = app.revoke(BOB).await;
    assert_eq!((refused.status, refused.code()), (429, "TooManyRequests"));
    assert_eq!(
        refused.header("x-ms-throttle-information"),
        "WriteLimitExceeded"
    );
    let scope = refused.header("x-ms-throttle-scope");
    assert_eq!(
        scope,
        format!(
            "Tenant_Application/Write/9a3d526c-b3c1-4479-ba74-197b5c5751ae/{}",
            app.tenant.tenant_id()
        )
    );
    assert_eq!(units(&refused), "");
    assert_eq!(app.tenant.valid_from(BOB), before);
    // The refused call counts: 50 s for it and 50 s for the next.
    assert_eq!(refused.header("retry-after"), "100");

    app.tenant.clock().advance(Duration::from_secs(50));
    assert_eq!(app.get("/v1.0/users/alice@contoso.com").await.status, 200);
    assert!(app.tenant.calls_while_throttled().is_empty());
    app.tenant.clock().advance(Duration::from_secs(50));
    assert_eq!(app.revoke(BOB).await.status, 200);
    app.tenant.assert_no_surprises();
}

#[tokio::test]
async fn who_keeps_knocking_waits_longer_but_not_for_ever() {
    let app = App::start().await;
    app.tenant.set_limits(Some(writes(10.0, 10_000.0)));
    let mut waits = Vec::new();
    for _ in 0..25 {
        let answer = app.revoke(ALICE).await;
        waits.push(answer.header("retry-after").to_owned());
    }
    let told: Vec<&str> = waits
        .iter()
        .map(String::as_str)
        .filter(|w| !w.is_empty())
        .collect();
    let longer = ["2000", "3000", "4000", "5000", "6000", "7000", "8000"];
    assert_eq!(told[..7], longer);
    assert_eq!(told[7..], ["9000"; 8]);
    app.tenant.clock().advance(Duration::from_secs(5));
    app.tenant.forget_calls();
    app.revoke(ALICE).await;
    assert_eq!(app.tenant.calls_while_throttled().len(), 1);
}

#[tokio::test]
async fn resource_units_hold_reads_and_writes() {
    let app = App::start().await;
    let few = Limit {
        most: 5.0,
        seconds: 10.0,
    };
    app.tenant.set_limits(Some(Limits {
        resource_units: few,
        ..Limits::of_graph(10)
    }));
    let path = "/v1.0/users/alice@contoso.com";
    assert_eq!(app.get(path).await.status, 200);
    assert_eq!(app.get(path).await.status, 200);
    let refused = app.get(path).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused
            .header("x-ms-throttle-scope")
            .contains("/ReadWrite/")
    );
    assert_eq!(
        refused.header("x-ms-throttle-information"),
        "ResourceUnitLimitExceeded"
    );
    assert_eq!(refused.header("retry-after"), "6");
    app.tenant.clock().advance(Duration::from_secs(3));
    app.revoke(ALICE).await;
    assert_eq!(app.tenant.calls_while_throttled().len(), 1);
}

#[tokio::test]
async fn instances_share_the_limit_and_each_is_held_to_what_it_was_told() {
    let app = App::start().await;
    let header = app
        .tenant
        .environment_of_another_instance()
        .into_iter()
        .find(|(name, _)| name == "IDENTITY_HEADER")
        .unwrap()
        .1;
    let url = format!(
        "{}?api-version=2019-08-01&resource=https://graph.microsoft.com",
        app.tenant.identity_endpoint()
    );
    let other = app.identity(&url, &header).await.json["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = app.token().await;
    let path = "/v1.0/users/alice@contoso.com/revokeSignInSessions";
    app.tenant.set_limits(Some(writes(2.0, 200.0)));
    let mut statuses = Vec::new();
    for token in [&own, &other, &own] {
        statuses.push(app.send("POST", path, Some(token), None).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    app.tenant.clock().advance(Duration::from_secs(1));
    // The other instance is not throttled yet; then it is.
    assert_eq!(app.send("POST", path, Some(&other), None).await.status, 429);
    assert!(app.tenant.calls_while_throttled().is_empty());
    app.tenant.clock().advance(Duration::from_secs(1));
    app.send("POST", path, Some(&other), None).await;
    assert_eq!(app.tenant.calls_while_throttled().len(), 1);
}

#[tokio::test]
async fn the_limits_are_graphs_own_by_the_size_of_the_tenant_until_told_otherwise() {
    let app = App::start().await;
    let shipped = World::default_contoso().unwrap().users.len();
    assert_eq!(app.tenant.limits(), Some(Limits::of_graph(shipped)));
    let units = [49, 50, 500, 501].map(|users| Limits::of_graph(users).resource_units.most);
    assert!(
        units
            .iter()
            .zip([3_500.0, 5_000.0, 5_000.0, 8_000.0])
            .all(|(one, other)| (one - other).abs() < 0.1)
    );

    let mut limits = app.control("GET", "/limits", None).await.json;
    assert_eq!(limits["writes"], json!({"most": 3000.0, "seconds": 150.0}));
    limits["writes"]["most"] = json!(1);
    assert_eq!(
        app.control("PUT", "/limits", Some(&limits)).await.status,
        204
    );
    assert_eq!(app.revoke(ALICE).await.status, 200);
    assert_eq!(app.revoke(ALICE).await.status, 429);
    app.control("PUT", "/limits", Some(&json!(null))).await;
    assert_eq!(app.tenant.limits(), None);
    assert_eq!(app.revoke(ALICE).await.status, 200);
}

#[test]
fn shortened_windows_keep_the_rate_and_shrink_the_burst() {
    let (full, tenth) = (
        Limits::of_graph(10_000),
        Limits::of_graph(10_000).shortened(10.0),
    );
    assert_eq!(full.time_for_writes(10_000.0), Duration::from_secs(350));
    assert_eq!(tenth.time_for_writes(1_000.0), Duration::from_secs(35));
    assert_eq!(tenth.time_for_writes(300.0), Duration::ZERO);
    assert_eq!(tenth.time_for_writes(301.0), Duration::from_millis(50));
}
