//! Access control: tokens, their permissions, and the endpoint that issues them.

use std::time::Duration;

use sandbox::tenant::Tenant;
use serde_json::json;

use crate::support::{ALICE, App, claims};

#[tokio::test]
async fn a_missing_permission_is_refused_as_graph_refuses_it() {
    let app = App::start().await;
    app.tenant.remove_permission("User.RevokeSessions.All");
    let refused = app.revoke(ALICE).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "Authorization_RequestDenied")
    );
    assert_eq!(
        refused.json["error"]["message"],
        "Insufficient privileges to complete the operation."
    );
    app.tenant.grant("User.ReadWrite.All");
    assert_eq!(app.revoke(ALICE).await.status, 200);
}

#[tokio::test]
async fn a_token_keeps_the_permissions_of_its_birth_while_the_platform_keeps_it() {
    let app = App::start().await;
    app.tenant.keep_tokens(true);
    app.tenant.remove_permission("User.RevokeSessions.All");
    let token = app.token().await;
    app.tenant.grant("User.RevokeSessions.All");
    assert_eq!(app.token().await, token);
    assert_eq!(app.revoke(ALICE).await.status, 403);
    app.tenant.clock().advance(Duration::from_hours(25));
    assert_ne!(app.token().await, token);
    assert_eq!(app.revoke(ALICE).await.status, 200);
}

#[tokio::test]
async fn the_basic_profile_hides_since_when_sessions_are_valid() {
    let app = App::start().await;
    app.tenant.remove_permission("User.Read.All");
    app.tenant.grant("User.ReadBasic.All");
    let path = "/v1.0/users/alice@contoso.com?$select=id,signInSessionsValidFromDateTime";
    let answer = app.get(path).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json.get("signInSessionsValidFromDateTime").is_none());
    app.tenant.refuse_beyond_basic(true);
    assert_eq!(app.get(path).await.status, 403);
}

#[tokio::test]
async fn only_a_living_token_of_this_tenant_opens_graph() {
    let app = App::start().await;
    let path = "/v1.0/users/alice@contoso.com";
    for (token, message) in [
        (None, "Access token is empty."),
        (
            Some("x"),
            "CompactToken parsing failed with error code: 80049217",
        ),
        (
            Some("a.b.c"),
            "Access token validation failure. Invalid signature.",
        ),
    ] {
        let answer = app.send("GET", path, token, None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "InvalidAuthenticationToken")
        );
        assert_eq!(answer.json["error"]["message"], message);
        assert!(answer.header("www-authenticate").starts_with("Bearer "));
    }
    let token = app.token().await;
    app.tenant.revoke_app_tokens();
    assert_eq!(app.send("GET", path, Some(&token), None).await.status, 401);
    app.tenant.set_token_lifetime(Duration::from_mins(5));
    let token = app.token().await;
    assert_eq!(app.send("GET", path, Some(&token), None).await.status, 200);
    app.tenant.clock().advance(Duration::from_mins(5));
    assert_eq!(app.send("GET", path, Some(&token), None).await.status, 401);
    app.tenant.issue_tokens_of(Some(uuid::Uuid::new_v4()));
    assert_eq!(app.get(path).await.status, 404);
}

#[tokio::test]
async fn the_identity_endpoint_knows_its_app_by_the_header() {
    let app = App::start().await;
    let tenant = &app.tenant;
    let url = format!(
        "{}?api-version=2019-08-01&resource=https://graph.microsoft.com",
        tenant.identity_endpoint()
    );
    assert_eq!(app.identity(&url, "wrong").await.status, 401);
    let header = tenant.identity_header();
    let answer = app.identity(&url, &header).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["resource"], "https://graph.microsoft.com");
    assert_eq!(answer.json["token_type"], "Bearer");
    let expires_on: i64 = answer.json["expires_on"].as_str().unwrap().parse().unwrap();
    let claims = claims(answer.json["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"], expires_on);
    assert_eq!(claims["tid"], tenant.tenant_id().to_string());
    assert_eq!(claims["roles"], json!(tenant.permissions()));
    for (query, status) in [
        ("&client_id=5e29463d-71da-4fe0-8e69-999b57db23b0", 200),
        ("&client_id=9a3d526c-b3c1-4479-ba74-197b5c5751ae", 200),
        ("&client_id=00000000-0000-0000-0000-000000000001", 400),
    ] {
        let answer = app.identity(&format!("{url}{query}"), &header).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.json);
    }
    let old = url.replace("2019-08-01", "2017-09-01");
    assert_eq!(app.identity(&old, &header).await.status, 400);
    assert_eq!(tenant.identity_calls().len(), 6);
    assert!(tenant.calls().is_empty());
}

#[tokio::test]
async fn the_environment_points_an_app_at_the_tenant() {
    let tenant: Tenant = App::start().await.tenant;
    let names: Vec<String> = tenant.environment().into_iter().map(|(n, _)| n).collect();
    assert_eq!(
        names,
        [
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "EVICT_GRAPH_ENDPOINT",
            "EVICT_LOGIN_ENDPOINT",
            "EVICT_ARM_ENDPOINT",
            "EVICT_TENANT_ID"
        ]
    );
    assert_ne!(tenant.graph_endpoint(), tenant.control_endpoint());
}
