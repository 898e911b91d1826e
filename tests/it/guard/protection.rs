//! Users who must never be cut are not, and the receipt says why.

use sandbox::tenant::{Fault, World};
use serde_json::json;
use uuid::Uuid;

use crate::support::app::{App, SOON, outcomes};

const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
const BREAK_GLASS: &str = "e93f6b20-1a4d-4c85-9b7e-0d5c2f8a6e41";
const PROTECTED_GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
const NO_GROUP: &str = "11111111-2222-4333-8444-555555555555";

#[tokio::test]
async fn a_protected_account_nested_two_groups_deep_is_never_called() {
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP)]).await;
    let users =
        json!({"users": [BREAK_GLASS, "break.glass@contoso.onmicrosoft.com", "alice@contoso.com"]});
    let answer = app.post(users.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(
        outcomes(receipts),
        [
            "withheld protected_group",
            "withheld protected_group",
            "revoked"
        ]
    );
    assert_eq!(receipts[0]["policy"], "EVICT_PROTECTED_GROUPS");
    assert!(
        app.tenant
            .calls_matching(format!("POST *{BREAK_GLASS}/revokeSignInSessions").as_str())
            .is_empty()
    );
    assert!(
        app.tenant
            .sessions_of(BREAK_GLASS)
            .iter()
            .all(|session| session.alive)
    );
    app.end().await;
}

#[tokio::test]
async fn a_user_protected_by_id_or_by_name_in_any_case_is_never_called() {
    let list = format!("{BREAK_GLASS}; ALICE@Contoso.COM");
    let app = App::start(&[("EVICT_PROTECTED_USERS", &list)]).await;
    let users = json!({"users": ["break.glass@contoso.onmicrosoft.com", "6cace4d5-19d5-4695-92e7-4f7bfab36728"]});
    let answer = app.post(users.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(outcomes(receipts), ["withheld protected_user"; 2]);
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_protected_group_that_does_not_exist_withholds_everybody_until_it_does() {
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", NO_GROUP)]).await;
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(outcomes(receipts), ["withheld protected_group_missing"]);
    assert!(receipts[0]["detail"].as_str().unwrap().contains(NO_GROUP));

    app.tenant
        .add_group(NO_GROUP.parse::<Uuid>().unwrap(), "Made later");
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["revoked"]
    );
    app.end().await;
}

#[tokio::test]
async fn a_membership_that_may_not_be_read_spares_the_user_until_the_permission_is_there() {
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP)]).await;
    app.tenant.remove_permission("GroupMember.Read.All");
    app.tenant.revoke_app_tokens();
    app.send(r#"{"user": "alice@contoso.com"}"#);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(outcomes(&receipts), ["failed"]);
    assert_eq!(receipts[0]["fix"], "permission");
    assert_eq!(app.host.messages("evict-rejected").len(), 1);
    assert!(
        receipts[0]["detail"]
            .as_str()
            .unwrap()
            .contains("GroupMember.Read.All"),
        "{}",
        receipts[0]
    );
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_protected_group_that_cannot_be_read_is_not_taken_to_exist() {
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP)]).await;
    let refused = Fault::on("GET /v1.0/groups/*").once().answer(403);
    app.tenant.faults().add(refused);
    let first = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    let receipts = first.body["receipts"].as_array().unwrap();
    assert_eq!(outcomes(receipts), ["failed"]);
    assert_eq!(app.revocations(), 0);
    let second = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(second.body["summary"]["revoked"], 1, "{}", second.body);
    app.end().await;
}

/// The outcome of a user while Graph throttles questions about groups for longer than the caller waits.
async fn while_memberships_have_to_wait(user: &str) -> String {
    let settings = [
        ("EVICT_PROTECTED_USERS", BREAK_GLASS),
        ("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP),
        ("EVICT_MAX_DELIVERIES", "1"),
    ];
    let app = App::start(&settings).await;
    let questions = Fault::on("POST */checkMemberGroups");
    app.tenant.faults().add(questions.once().throttled("600"));
    app.send(json!({ "users": [user] }).to_string());
    app.settle().await;
    assert_eq!(app.revocations(), 0);
    let outcome = outcomes(&app.receipts()).remove(0);
    app.end().await;
    outcome
}

#[tokio::test]
async fn a_membership_that_may_be_read_later_decides_nothing_but_for_whom_it_does_not_matter() {
    let protected = while_memberships_have_to_wait(BREAK_GLASS).await;
    assert_eq!(protected, "withheld protected_user");
    let other = while_memberships_have_to_wait(ALICE).await;
    assert_eq!(other, "deferred");
}

#[tokio::test]
async fn more_than_twenty_protected_groups_are_asked_for_in_parts() {
    let mut world = serde_json::to_value(World::default_contoso().unwrap()).unwrap();
    let mut ids: Vec<String> = (0..24)
        .map(|n| format!("00000000-0000-4000-8000-{n:012}"))
        .collect();
    for id in &ids {
        let group = json!({ "id": id, "displayName": "One of many", "members": [] });
        world["groups"].as_array_mut().unwrap().push(group);
    }
    ids.push(PROTECTED_GROUP.to_owned());
    let world = World::from_json(&world.to_string()).unwrap();
    let app = App::start_in(world, &[("EVICT_PROTECTED_GROUPS", &ids.join(","))]).await;
    let answer = app
        .post(json!({"users": [BREAK_GLASS, "alice@contoso.com"]}).to_string())
        .await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(outcomes(receipts), ["withheld protected_group", "revoked"]);
    assert_eq!(
        app.tenant.calls_matching("POST */checkMemberGroups").len(),
        4
    );
    app.end().await;
}

#[tokio::test]
async fn a_token_of_another_tenant_cuts_nobody() {
    let app = App::start(&[]).await;
    app.tenant.issue_tokens_of(Some(
        "2c63888f-28f0-4481-be6d-dce7a7ace732".parse().unwrap(),
    ));
    app.tenant.revoke_app_tokens();
    // The current token is dropped at its first refusal, and the next one is of the wrong tenant.
    app.post(r#"{"user": "alice@contoso.com"}"#).await;
    let answer = app.post(r#"{"user": "alice@contoso.com"}"#).await;
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["withheld token_tenant"]
    );
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn an_account_of_another_tenant_is_withheld_and_not_looked_up() {
    let app = App::start(&[]).await;
    let user = json!({"users": [{"upn": "grace.hale@fabrikam.com", "tenant": "2c63888f-28f0-4481-be6d-dce7a7ace732"}]});
    let answer = app.post(user.to_string()).await;
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["withheld other_tenant"]
    );
    assert_eq!(app.tenant.calls().len(), 0);
    app.end().await;
}

/// An answer under one token does not count under the next: Graph left groups out before the permission was granted.
#[tokio::test]
async fn a_permission_that_comes_in_mid_alert_vouches_for_no_answer_from_before() {
    let app = App::start(&[("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP)]).await;
    let hidden = Some("HiddenMembership");
    assert!(
        app.tenant
            .set_group_visibility(PROTECTED_GROUP.parse().unwrap(), hidden)
    );
    let group = "GET /v1.0/groups/*";
    app.tenant.hold_answer(group);
    let first = app.post(json!({ "user": BREAK_GLASS }).to_string());
    let then = async {
        app.tenant.wait_for_call(group).await;
        app.tenant.wait_for_call("POST */checkMemberGroups").await;
        app.tenant.grant("Member.Read.Hidden");
        app.tenant.revoke_app_tokens();
        let second = app.post(r#"{"user": "alice@contoso.com"}"#);
        let release = async {
            // Graph refuses the current token, and the app gets another.
            app.tenant.wait_for_calls("GET /msi/token", 2).await;
            app.tenant
                .wait_for_calls("POST */checkMemberGroups", 2)
                .await;
            app.tenant.release_all();
        };
        futures_util::future::join(second, release).await.0
    };
    let (answer, _) = futures_util::future::join(first, then).await;
    assert_eq!(
        outcomes(answer.body["receipts"].as_array().unwrap()),
        ["withheld membership_unknown"]
    );
    app.end().await;
}

#[tokio::test]
async fn observing_changes_nothing_and_says_what_would_be_done() {
    let app = App::start(&[
        ("EVICT_MODE", "observe"),
        ("EVICT_PROTECTED_GROUPS", PROTECTED_GROUP),
    ])
    .await;
    let users = json!({"users": ["alice@contoso.com", BREAK_GLASS, "nobody@contoso.com"]});
    let answer = app.post(users.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(
        outcomes(receipts),
        ["withheld observe", "withheld protected_group", "not_found"]
    );
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_guest_is_never_reported_as_revoked() {
    let app = App::start(&[]).await;
    let users = json!({"users": [
        "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "lena.vogt_adatum.com#EXT#@contoso.onmicrosoft.com",
        "marc.diaz@contoso.com",
    ]});
    let answer = app.post(users.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    // The third is a guest by type, but signs in here.
    assert_eq!(
        outcomes(receipts),
        ["not_effective", "not_effective", "revoked"]
    );
    assert_eq!(receipts[0]["homeDomain"], "fabrikam.com");
    assert_eq!(app.revocations(), 1);
    assert!(
        app.tenant
            .sessions_of("frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com")
            .iter()
            .all(|session| session.alive)
    );
    app.end().await;
}

/// The setting is resolved at the start, and the user behind a name stays protected by the object id.
#[tokio::test]
async fn who_is_renamed_stays_protected_by_the_object_id_that_the_name_had() {
    let app = App::start(&[(
        "EVICT_PROTECTED_USERS",
        "break.glass@contoso.onmicrosoft.com",
    )])
    .await;
    let looked_up = "GET /v1.0/users/break.glass@contoso.onmicrosoft.com";
    let answered = async {
        while app
            .tenant
            .calls_matching(looked_up)
            .iter()
            .all(|call| call.answered_at.is_none())
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, answered).await.unwrap();
    // The first alert is read after that, and by then the name is pinned.
    app.post(r#"{"user": "nobody@contoso.com"}"#).await;
    assert!(
        app.tenant
            .rename(BREAK_GLASS, "glass.broken@contoso.onmicrosoft.com")
    );
    let users = json!({"users": [BREAK_GLASS, "glass.broken@contoso.onmicrosoft.com"]});
    let answer = app.post(users.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(outcomes(receipts), ["withheld protected_user"; 2]);
    let check = app.check().await;
    let problems = check.body["problems"].to_string();
    assert!(
        problems.contains(BREAK_GLASS) && problems.contains("renamed"),
        "{problems}"
    );
    assert_eq!(app.revocations(), 0);
    app.end().await;
}
