//! The self-check: 200 if all is well, otherwise 503 with what to do.

use sandbox::tenant::{Fault, World};
use serde_json::json;

use crate::support::app::App;
use crate::triggers::incident;

fn problems(answer: &crate::support::app::Answer) -> String {
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

/// A program that knows an account can check whether it is protected, and nobody else is named.
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
    // By the object id and by the name, whichever of them the setting has.
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
    // The current token still claims the permission; Graph's refusal makes the app get another one.
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
    app.host
        .wait_until_idle(crate::support::app::SOON)
        .await
        .unwrap();
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

#[tokio::test]
async fn a_protected_group_that_hides_its_members_is_a_problem_with_the_permission_that_shows_them()
{
    const GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", GROUP)]).await;
    let hidden = Some("HiddenMembership");
    assert!(
        app.tenant
            .set_group_visibility(GROUP.parse().unwrap(), hidden)
    );
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    let told = problems(&answer);
    assert!(
        told.contains("Member.Read.Hidden")
            && told.contains("658aa5d8-239f-45c4-aa12-864f4fc7e490"),
        "{told}"
    );
    app.tenant.grant("Member.Read.Hidden");
    app.tenant.revoke_app_tokens();
    assert_eq!(app.check().await.status, 200);
    app.end().await;
}

/// A typing error, a mail address in place of a user principal name, an object id without a user: each is named by its
/// position, because the self-check names nobody.
#[tokio::test]
async fn a_protected_user_who_is_not_there_is_a_problem_by_the_place_in_the_setting() {
    let mut world = World::default_contoso().unwrap();
    world.users[0].mail = Some("alias@contoso.com".to_owned());
    let aliased = world.users[0].id;
    let list = "break.glass@contoso.onmicrosoft.com, breakglas@contoso.com, alias@contoso.com, \
                11111111-2222-4333-8444-555555555555";
    let app = App::start_in(world, &[("EVICT_PROTECTED_USERS", list)]).await;
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    let told = problems(&answer);
    assert!(!told.contains("Entry 1 "), "{told}");
    for (entry, word) in [
        (2, "names nobody"),
        (3, "mail address"),
        (4, "11111111-2222-4333-8444-555555555555"),
    ] {
        let line = told
            .split("Entry ")
            .find(|line| line.starts_with(&format!("{entry} ")))
            .unwrap_or_else(|| panic!("{told}"));
        assert!(line.contains(word), "{line}");
    }
    assert!(
        !told.contains("breakglas") && !told.contains("alias@"),
        "{told}"
    );
    // The user with this mail address is protected all the same.
    let receipt = app
        .post(serde_json::json!({ "user": aliased }).to_string())
        .await;
    assert_eq!(receipt.body["receipts"][0]["reason"], "protected_user");
    app.end().await;
}

#[tokio::test]
async fn a_role_that_is_missing_on_a_workspace_is_named_with_how_to_give_it() {
    let app = incident::start_with(incident::READER, &[]).await;
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body["problems"].as_array().map(Vec::len), Some(1));
    insta::assert_snapshot!(answer.body["problems"][0].as_str().unwrap(), @r#"The app's identity lacks the role Microsoft Sentinel Responder on the workspace /subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc: it may not label incidents, comment on them or add tasks to them. Users are cut as ever, and the incidents there do not tell of it. Next: az role assignment create --role "Microsoft Sentinel Responder" --assignee-principal-type ServicePrincipal --assignee-object-id 4f0c7c9e-31d5-4b5f-8e0a-2f64d1b87a13 --scope "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc" (the template does the same for sentinelWorkspaceIds); it shows within minutes."#);
    app.end().await;

    let without_any = World::default_contoso().unwrap();
    let app = App::start_in(
        without_any,
        &[("EVICT_SENTINEL_WORKSPACES", incident::WORKSPACE)],
    )
    .await;
    let told = problems(&app.check().await);
    assert!(
        told.contains("it may not read incidents, label incidents, comment on them"),
        "{told}"
    );
    app.end().await;
}

#[tokio::test]
async fn a_workspace_that_is_none_is_a_problem_and_one_with_the_role_is_not() {
    let app = incident::start_with(incident::RESPONDER, &[]).await;
    assert_eq!(app.check().await.status, 200);
    app.end().await;

    let mut world = incident::world(incident::RESPONDER);
    world.access.azure.incidents.clear();
    let app = App::start_in(world, &[("EVICT_SENTINEL_WORKSPACES", incident::WORKSPACE)]).await;
    let told = problems(&app.check().await);
    assert!(
        told.contains("Azure has no workspace /subscriptions/"),
        "{told}"
    );
    assert!(told.contains("correct EVICT_SENTINEL_WORKSPACES"), "{told}");
    app.end().await;
}

#[tokio::test]
async fn azure_that_does_not_answer_is_told_by_the_self_check() {
    let app = incident::start_with(incident::RESPONDER, &[]).await;
    app.tenant
        .faults()
        .add(Fault::on("GET */permissions").answer(500));
    let answer = app.check().await;
    assert_eq!(answer.status, 503);
    let told = problems(&answer);
    assert!(
        told.contains("Asking what the app may do in the workspace failed: Azure answered 500"),
        "{told}"
    );
    app.end().await;
}
