//! The self-check: 200 when all is well, 503 with what to do otherwise.

use sandbox::tenant::Fault;
use serde_json::json;

use crate::app::App;

fn problems(answer: &crate::app::Answer) -> String {
    answer.body["problems"].to_string()
}

#[tokio::test]
async fn all_is_well() {
    let app = App::start(&[
        (
            "EVICT_PROTECTED_GROUPS",
            "f448435d-3ca7-4073-8152-a1fd73c0fd09",
        ),
        (
            "EVICT_PROTECTED_USERS",
            "break.glass@contoso.onmicrosoft.com",
        ),
    ])
    .await;
    let answer = app.check().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["status"], "ok");
    assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        answer.body["identity"]["tenant"],
        "f6fadfa7-e5c1-4b62-9362-da5cc13da58a"
    );
    assert_eq!(answer.body["graphReachable"], true);
    assert_eq!(answer.body["protectedGroups"][0]["exists"], true);
    assert_eq!(answer.body["settings"]["EVICT_MODE"], "enforce");
    let text = answer.body.to_string().to_lowercase();
    assert!(
        !text.contains("break.glass") && !text.contains("eyj"),
        "{text}"
    );
    app.end().await;
}

/// Whoever has an account in hand can tell whether it is protected, and nobody else is named.
#[tokio::test]
async fn the_policy_is_told_to_a_program_without_naming_anybody() {
    let app = App::start(&[
        ("EVICT_MODE", "observe"),
        ("EVICT_MIN_SEVERITY", "medium"),
        ("EVICT_MAX_USERS_PER_ALERT", "7"),
        (
            "EVICT_PROTECTED_GROUPS",
            "f448435d-3ca7-4073-8152-a1fd73c0fd09",
        ),
        (
            "EVICT_PROTECTED_USERS",
            "break.glass@contoso.onmicrosoft.com, 6cace4d5-19d5-4695-92e7-4f7bfab36728",
        ),
    ])
    .await;
    let policy = app.check().await.body["policy"].clone();
    for (name, value) in [
        ("tenant", json!("f6fadfa7-e5c1-4b62-9362-da5cc13da58a")),
        ("mode", json!("observe")),
        ("minSeverity", json!("medium")),
        ("maxUsersPerAlert", json!(7)),
        ("maxUsersPerHour", json!(250)),
        (
            "protectedGroups",
            json!(["f448435d-3ca7-4073-8152-a1fd73c0fd09"]),
        ),
    ] {
        assert_eq!(policy[name], value, "{name}");
    }
    let protected = &policy["protectedUsers"];
    assert_eq!(protected["count"], 2);
    let salt: uuid::Uuid = protected["salt"].as_str().unwrap().parse().unwrap();
    let hashes = protected["hashes"].as_array().unwrap();
    let sessions = app
        .tenant
        .sessions_of("break.glass@contoso.onmicrosoft.com");
    let id = sessions[0].user.to_string();
    // By the object id and by the name, whichever of them the setting says.
    for text in [
        "break.glass@contoso.onmicrosoft.com",
        &id,
        "alice@contoso.com",
        "6cace4d5-19d5-4695-92e7-4f7bfab36728",
    ] {
        let hash = uuid::Uuid::new_v5(&salt, text.as_bytes()).to_string();
        assert!(hashes.contains(&json!(hash)), "{text}");
    }
    assert_eq!(hashes.len(), 4);
    let again = app.check().await.body["policy"]["protectedUsers"]["salt"].clone();
    assert_ne!(
        again, protected["salt"],
        "a hash of one answer is none of another"
    );
    app.end().await;
}

#[tokio::test]
async fn a_missing_permission_is_named_with_the_role_to_grant() {
    let app = App::start(&[]).await;
    app.tenant.remove_permission("User.RevokeSessions.All");
    app.tenant.revoke_app_tokens();
    // The token in hand still claims the permission; Graph's refusal makes the app ask for another one.
    app.post(r#"{"user": "alice@contoso.com"}"#).await;
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body["permissions"]["missing"][0],
        "User.RevokeSessions.All"
    );
    let problems = problems(&answer);
    assert!(
        problems.contains("77f3a031-c388-4f99-b373-dc68676a979e"),
        "{problems}"
    );
    app.end().await;
}

#[tokio::test]
async fn a_protected_group_that_does_not_exist_is_a_problem() {
    let app = App::start(&[(
        "EVICT_PROTECTED_GROUPS",
        "11111111-2222-4333-8444-555555555555",
    )])
    .await;
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    assert!(problems(&answer).contains("EVICT_PROTECTED_GROUPS"));
    app.end().await;
}

#[tokio::test]
async fn a_token_of_another_tenant_is_a_problem() {
    let app = App::start(&[("EVICT_TENANT_ID", "2c63888f-28f0-4481-be6d-dce7a7ace732")]).await;
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    assert!(problems(&answer).contains("EVICT_TENANT_ID"));
    app.end().await;
}

#[tokio::test]
async fn an_identity_endpoint_that_gives_no_token_is_a_problem() {
    let app = App::start(&[]).await;
    app.without_token();
    app.post(r#"{"user": "nobody@contoso.com"}"#).await;
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    assert!(problems(&answer).len() > 20);
    app.host.wait_until_idle(crate::app::SOON).await.unwrap();
    app.end().await;
}

#[tokio::test]
async fn a_graph_that_refuses_is_a_problem() {
    let app = App::start(&[]).await;
    app.tenant
        .faults()
        .add(Fault::on("GET /v1.0/users/*").answer(403));
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    assert!(
        problems(&answer).contains("User.Read.All"),
        "{}",
        answer.body
    );
    app.end().await;
}
