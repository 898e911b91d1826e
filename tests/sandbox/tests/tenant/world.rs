//! The world behaves: what a tenant does to its users' sessions, to its callers, and to calls that it does not know. All
//! of it over real HTTP on loopback, as the program under test sees it.

use std::time::Duration;

use jiff::Timestamp;
use sandbox::tenant::{CallRecord, Fault, Tenant, World};
use serde_json::{Value, json};

use crate::support::{ALICE, App, BOB, FRANK, STRANGER};

const REVOKE: &str = "POST */revokeSignInSessions";
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
async fn a_call_that_the_tenant_does_not_know_is_refused_loudly() {
    let app = App::start().await;
    let disable = app
        .post(
            "/v1.0/users/alice@contoso.com/microsoft.graph.disable",
            &json!({}),
        )
        .await;
    assert_eq!(
        (disable.status, disable.code()),
        (501, "SandboxUnknownCall")
    );
    let expand = app
        .get("/v1.0/users/alice@contoso.com?$expand=manager")
        .await;
    assert_eq!(expand.status, 501);
    assert_eq!(app.get("/beta/users/alice@contoso.com").await.status, 501);
    let surprises: Vec<String> = app
        .tenant
        .unexpected()
        .iter()
        .map(CallRecord::line)
        .collect();
    assert_eq!(surprises.len(), 3, "{surprises:?}");
    let tenant = app.tenant.clone();
    let failed = std::panic::catch_unwind(move || tenant.assert_no_surprises());
    assert!(failed.is_err());
}

#[tokio::test]
async fn a_body_on_a_revocation_is_a_surprise() {
    let app = App::start().await;
    let path = "/v1.0/users/alice@contoso.com/revokeSignInSessions";
    assert_eq!(app.post(path, &json!({})).await.status, 200);
    let surprise = app.tenant.unexpected()[0].surprise.clone();
    assert_eq!(
        surprise.as_deref(),
        Some("a body of 2 bytes on a call that has none")
    );
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
    let claims = crate::support::claims(answer.json["access_token"].as_str().unwrap());
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
async fn the_environment_points_an_app_at_the_tenant() {
    let tenant: Tenant = App::start().await.tenant;
    let names: Vec<String> = tenant.environment().into_iter().map(|(n, _)| n).collect();
    assert_eq!(
        names,
        [
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "EVICT_GRAPH_ENDPOINT",
            "EVICT_TENANT_ID"
        ]
    );
    assert_ne!(tenant.graph_endpoint(), tenant.control_endpoint());
}

#[tokio::test]
async fn the_control_api_drives_a_running_tenant() {
    let app = App::start().await;
    let tenant = &app.tenant;
    let fault = json!({"on": REVOKE, "user": ALICE, "times": 1,
        "then": {"answer": {"status": 503, "headers": {"Retry-After": "3"}}}});
    assert_eq!(
        app.control("POST", "/faults", Some(&fault)).await.status,
        201
    );
    assert_eq!(app.revoke(ALICE).await.status, 503);
    assert_eq!(app.revoke(BOB).await.status, 200);
    let redeemed = app.control("POST", "/redeem", None).await;
    assert_eq!(
        redeemed.json["sessions"].as_array().unwrap().len(),
        tenant.sessions().len()
    );
    let state = app.control("GET", "/state", None).await.json;
    let alive = |name: &str| -> Vec<Value> {
        let sessions = state["sessions"].as_array().unwrap().iter();
        sessions
            .filter(|s| s["userPrincipalName"] == name)
            .map(|s| s["alive"].clone())
            .collect()
    };
    assert!(alive(BOB).iter().all(|alive| *alive == json!(false)));
    assert!(alive(ALICE).iter().all(|alive| *alive == json!(true)));
    let calls = app.control("GET", "/calls", None).await.json;
    let statuses: Vec<&Value> = calls["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["service"] == "graph")
        .map(|call| &call["status"])
        .collect();
    assert_eq!(statuses, [503, 200]);
    let now: Timestamp = state["now"].as_str().unwrap().parse().unwrap();
    let moved = app
        .control("POST", "/clock", Some(&json!({"advanceSeconds": 3600})))
        .await;
    let moved: Timestamp = moved.json["now"].as_str().unwrap().parse().unwrap();
    assert!(moved.duration_since(now).as_secs() >= 3600);
    let permissions = json!({"remove": ["User.RevokeSessions.All"]});
    app.control("POST", "/permissions", Some(&permissions))
        .await;
    assert_eq!(app.revoke(ALICE).await.status, 403);
    assert_eq!(app.control("DELETE", "/faults", None).await.status, 204);
    let wrong = app
        .control("POST", "/faults", Some(&json!({"on": 1})))
        .await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn the_oldest_fault_that_fits_strikes_as_often_as_it_was_told() {
    let app = App::start().await;
    let faults = app.tenant.faults();
    faults.add(
        Fault::on(REVOKE)
            .for_user(BOB)
            .after_calls(1)
            .once()
            .answer(409),
    );
    assert_eq!(app.revoke(ALICE).await.status, 200);
    let bob = app.id_of(BOB).to_string();
    let mut statuses = Vec::new();
    for key in [BOB, bob.as_str(), BOB] {
        statuses.push(app.revoke(key).await.status);
    }
    assert_eq!(statuses, [200, 409, 200]);
}
