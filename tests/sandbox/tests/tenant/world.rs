//! The world behaves: users are found, groups are checked, sessions end, guests' survive.

use std::time::Duration;

use sandbox::tenant::World;
use serde_json::json;

use crate::support::{ALICE, App, BOB, FRANK, STRANGER};

const PROTECTED: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
const FILE_SERVER: &str = "35dd8954-a7f8-422a-8eed-ef2a6f877ca9";

#[tokio::test]
async fn a_revocation_is_seen_in_the_property_and_in_the_sessions() {
    let app = App::start().await;
    let path = "/v1.0/users/alice@contoso.com?$select=id,signInSessionsValidFromDateTime";
    let before = app.get(path).await.time();
    let answer = app.revoke(ALICE).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json,
        json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean", "value": true})
    );
    assert_eq!(answer.header("location"), "https://graph.microsoft.com/");
    let after = app.get(path).await;
    assert!(after.time() > before);
    assert_eq!(
        after.json["@odata.context"],
        "https://graph.microsoft.com/v1.0/$metadata#users(id,signInSessionsValidFromDateTime)/$entity"
    );
    let text = after.json["signInSessionsValidFromDateTime"].as_str();
    assert_eq!(text.map(str::len), Some("2025-10-07T08:41:02Z".len()));

    app.tenant.redeem_all();
    let sessions = app.tenant.sessions_of(ALICE);
    assert_eq!(sessions.len(), 4);
    for session in sessions {
        assert!(!session.alive && session.refused_at.is_some());
        assert_eq!(session.access_token_alive, !session.cae);
    }
    assert!(
        app.tenant
            .sessions_of(BOB)
            .iter()
            .all(|s| s.alive && s.redemptions == 1)
    );
    app.tenant.assert_no_surprises();
}

#[tokio::test]
async fn a_guest_is_answered_with_success_and_keeps_every_session() {
    let app = App::start().await;
    let before = app.tenant.valid_from(FRANK);
    let key = "frank.moreau_fabrikam.com%23EXT%23@contoso.onmicrosoft.com";
    assert_eq!(app.revoke(key).await.status, 200);
    app.tenant.redeem_all();
    assert!(app.tenant.sessions_of(FRANK).iter().all(|s| s.alive));
    assert_eq!(app.tenant.valid_from(FRANK), before);
    assert_eq!(app.tenant.calls()[0].user, Some(app.id_of(FRANK)));
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_name_in_any_casing() {
    let app = App::start().await;
    for key in [
        "6CACE4D5-19D5-4695-92E7-4F7BFAB36728",
        "ALICE@CONTOSO.COM",
        "alice%40contoso.com",
    ] {
        let answer = app.get(&format!("/v1.0/users/{key}")).await;
        assert_eq!(answer.json["userPrincipalName"], ALICE, "{key}");
    }
    let quoted = app
        .get("/v1.0/users('kira.o%27%27neil%40contoso.com')?$select=id,mail")
        .await;
    assert_eq!(quoted.json["mail"], "kira.o'neil@contoso.com");
    assert_eq!(app.get("/v1.0/users/$x@contoso.com").await.status, 400);
    assert_eq!(app.get("/v1.0/users('$x@contoso.com')").await.status, 404);
}

#[tokio::test]
async fn who_is_not_there_is_named_in_the_refusal() {
    let app = App::start().await;
    for answer in [
        app.get(&format!("/v1.0/users/{STRANGER}")).await,
        app.revoke(STRANGER).await,
    ] {
        assert_eq!(answer.status, 404);
        assert_eq!(answer.code(), "Request_ResourceNotFound");
        assert_eq!(
            answer.json["error"]["message"],
            format!(
                "Resource '{STRANGER}' does not exist or one of its queried reference-property objects are not present."
            )
        );
        let id = answer.header("request-id");
        assert_eq!(answer.json["error"]["innerError"]["request-id"], id);
        assert_eq!(answer.header("client-request-id"), id);
        assert!(answer.header("date").ends_with(" GMT"));
    }
}

#[tokio::test]
async fn select_is_obeyed_to_the_letter() {
    let app = App::start().await;
    let plain = app.get("/v1.0/users/alice@contoso.com").await;
    assert!(plain.json.get("signInSessionsValidFromDateTime").is_none());
    assert!(plain.json.get("displayName").is_some());
    let two = app
        .get("/v1.0/users/alice@contoso.com?$select=id,userType")
        .await;
    let names: Vec<&String> = two.json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.context", "id", "userType"]);
    let wrong = app
        .get("/v1.0/users/alice@contoso.com?$select=id,userNameType")
        .await;
    assert_eq!((wrong.status, wrong.code()), (400, "BadRequest"));
    assert!(
        wrong.json["error"]["message"]
            .to_string()
            .contains("'userNameType' on type 'microsoft.graph.user'")
    );
}

#[tokio::test]
async fn groups_are_checked_through_nesting_and_unknown_ones_are_passed_over() {
    let app = App::start().await;
    let check = |ids: Vec<String>| json!({ "groupIds": ids });
    let nobody = uuid::Uuid::new_v4().to_string();
    let path = "/v1.0/users/break.glass@contoso.onmicrosoft.com/checkMemberGroups";
    let body = check(vec![
        PROTECTED.to_uppercase(),
        FILE_SERVER.into(),
        nobody.clone(),
    ]);
    let answer = app.post(path, &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["value"], json!([PROTECTED]));
    assert_eq!(answer.header("x-ms-resource-unit"), "4");
    let too_many = check(vec![nobody.clone(); 21]);
    assert_eq!(app.post(path, &too_many).await.status, 400);
    let typo = check(vec!["protected".into()]);
    assert_eq!(app.post(path, &typo).await.status, 400);
    app.tenant.remove_permission("GroupMember.Read.All");
    assert_eq!(app.post(path, &body).await.status, 403);
}

#[tokio::test]
async fn a_group_that_hides_its_members_is_left_out_unless_they_may_be_seen() {
    let app = App::start().await;
    let hidden = Some("HiddenMembership");
    assert!(
        app.tenant
            .set_group_visibility(PROTECTED.parse().unwrap(), hidden)
    );
    let group = app
        .get(&format!("/v1.0/groups/{PROTECTED}?$select=id,visibility"))
        .await;
    assert_eq!(group.json["visibility"], "HiddenMembership");
    let path = "/v1.0/users/break.glass@contoso.onmicrosoft.com/checkMemberGroups";
    let body = json!({ "groupIds": [PROTECTED] });
    let left_out = app.post(path, &body).await;
    assert_eq!(
        (left_out.status, &left_out.json["value"]),
        (200, &json!([]))
    );
    app.tenant.grant("Member.Read.Hidden");
    let seen = app.post(path, &body).await;
    assert_eq!(seen.json["value"], json!([PROTECTED]));
}

#[tokio::test]
async fn a_page_of_users_leads_to_the_next_on_the_same_host_and_all_of_them_are_each_user_once() {
    let app = App::start().await;
    let all = app.get("/v1.0/users?$select=id").await.json["value"].clone();
    let mut read = Vec::new();
    let mut path = "/v1.0/users?$select=id&$top=4".to_owned();
    loop {
        let page = app.get(&path).await.json;
        read.extend(page["value"].as_array().unwrap().clone());
        let Some(next) = page["@odata.nextLink"].as_str() else {
            break;
        };
        let root = app.tenant.graph_endpoint();
        path = next.strip_prefix(root.as_str()).unwrap().to_owned();
    }
    assert_eq!(serde_json::Value::from(read), all);
}

#[tokio::test]
async fn a_group_is_there_or_it_is_not() {
    let app = App::start().await;
    let path = format!("/v1.0/groups/{PROTECTED}?$select=id");
    let found = app.get(&path).await;
    assert_eq!(found.json["id"], PROTECTED);
    assert!(app.tenant.delete_group(PROTECTED.parse().unwrap()));
    assert_eq!(app.get(&path).await.status, 404);
    assert_eq!(app.get("/v1.0/groups/protected").await.status, 400);
}

#[tokio::test]
async fn a_filter_finds_users_and_an_advanced_one_wants_its_header() {
    let app = App::start().await;
    let sid = "/v1.0/users?$filter=onPremisesSecurityIdentifier%20eq%20'S-1-5-21-898359651-226337246-2910964862-58829'&$select=id,userPrincipalName&$top=2";
    let found = app.get(sid).await;
    assert_eq!(
        found.json["value"][0]["userPrincipalName"],
        "henry.okafor@contoso.com"
    );
    let two = app
        .get("/v1.0/users?$filter=mail+eq+'front.desk@contoso.com'&$select=id")
        .await;
    assert_eq!(two.json["value"].as_array().unwrap().len(), 2);
    let none = app
        .get("/v1.0/users?$filter=mail%20eq%20'nobody@contoso.com'")
        .await;
    assert_eq!((none.status, &none.json["value"]), (200, &json!([])));

    let name = "/v1.0/users?$filter=onPremisesSamAccountName%20eq%20'svc_backup'&$select=id";
    let refused = app.get(name).await;
    assert_eq!(
        (refused.status, refused.code()),
        (400, "Request_UnsupportedQuery")
    );
    let counted = format!("{name}&$count=true");
    assert_eq!(app.get(&counted).await.status, 400);
    let found = app.get_eventual(&counted).await;
    assert_eq!(found.json["@odata.count"], 1);
    assert_eq!(app.get_eventual(name).await.status, 400);
}

#[tokio::test]
async fn a_reader_may_be_behind_while_the_sessions_are_already_dead() {
    let app = App::start().await;
    let path = "/v1.0/users/alice@contoso.com?$select=signInSessionsValidFromDateTime";
    let before = app.get(path).await.time();
    app.tenant.set_replication_lag(Duration::from_secs(30));
    app.revoke(ALICE).await;
    assert_eq!(app.get(path).await.time(), before);
    assert!(app.tenant.sessions_of(ALICE).iter().all(|s| !s.alive));
    app.tenant.clock().advance(Duration::from_secs(30));
    assert!(app.get(path).await.time() > before);
}

#[tokio::test]
async fn every_user_whom_the_sample_alerts_name_is_in_the_shipped_world() {
    let world = World::default_contoso().unwrap();
    for (id, name, sid) in [
        ("6cace4d5-19d5-4695-92e7-4f7bfab36728", ALICE, ""),
        ("1c5989f1-ba2d-4e83-858b-fed0a712755f", BOB, "26777"),
        (
            "482c590e-0d97-42bf-8dc8-3011ac8efe12",
            "carol.nunez@contoso.com",
            "",
        ),
        (
            "53a12945-a932-48ef-b777-682c5796a670",
            "dan.fisher@contoso.com",
            "33704",
        ),
        (
            "c20dbc21-0f8a-4abf-b2e9-1ac70b80a255",
            "erin.walsh@contoso.com",
            "31937",
        ),
        ("d2840277-789c-4af4-8ce8-fcc945ac16b9", FRANK, ""),
        (
            "0e9f3a52-64d1-4c7b-9f1e-5d0a83c2b7e6",
            "henry.okafor@contoso.com",
            "58829",
        ),
        (
            "b6a1c6de-2f70-4d1c-9c55-7f3c1d9e4a08",
            "svc_backup@contoso.com",
            "41002",
        ),
    ] {
        let user = world.users.iter().find(|user| user.id.to_string() == id);
        let user = user.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(user.user_principal_name, name);
        let own = user.on_premises_security_identifier.as_deref();
        assert!(own.unwrap_or_default().ends_with(sid), "{name}");
        assert!(user.sessions.len() >= 2, "{name}");
    }
    assert_eq!(
        world.tenant.id.to_string(),
        "f6fadfa7-e5c1-4b62-9362-da5cc13da58a"
    );
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_a_disabled_one_is_signed_out() {
    let app = App::start().await;
    assert!(app.tenant.delete_user(ALICE));
    assert_eq!(app.get("/v1.0/users/alice@contoso.com").await.status, 404);
    assert!(app.tenant.set_account_enabled(BOB, false));
    app.tenant.redeem_all();
    let why = |user: &str| app.tenant.sessions_of(user)[0].refused_because;
    assert_eq!(why(ALICE), Some("user_deleted"));
    assert_eq!(why(BOB), Some("account_disabled"));
}

#[tokio::test]
async fn client_apps_can_keep_redeeming_by_themselves() {
    let app = App::start().await;
    app.tenant.keep_redeeming(Duration::from_millis(1));
    app.revoke(ALICE).await;
    let dead = async {
        while app.tenant.sessions_of(ALICE)[0].refused_at.is_none() {
            tokio::task::yield_now().await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(5), dead)
            .await
            .is_ok()
    );
    assert!(app.tenant.sessions_of(BOB)[0].redemptions > 0);
}
