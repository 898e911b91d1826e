//! The control API drives a tenant from outside, and reports every call that the tenant did not expect.

use jiff::Timestamp;
use sandbox::tenant::{CallRecord, Fault};
use serde_json::{Value, json};

use crate::support::{ALICE, App, BOB};

const REVOKE: &str = "POST */revokeSignInSessions";

#[tokio::test]
async fn somebody_signs_in_by_hand_and_shows_in_the_log_later() {
    let app = App::start().await;
    app.tenant.grant("AuditLog.Read.All");
    let lag = app
        .control("POST", "/log-lag", Some(&json!({"seconds": 60})))
        .await;
    assert_eq!(lag.status, 204);
    let sign_in =
        json!({"user": ALICE, "app": "Kiosk", "ipAddress": "192.0.2.77", "country": "NL"});
    assert_eq!(
        app.control("POST", "/sign-in", Some(&sign_in)).await.status,
        201
    );
    let nobody = json!({"user": "nobody@contoso.com", "app": "Kiosk"});
    assert_eq!(
        app.control("POST", "/sign-in", Some(&nobody)).await.status,
        404
    );
    let newest = async || {
        let log = app.get("/v1.0/auditLogs/signIns?$top=1").await;
        log.json["value"][0].clone()
    };
    assert_ne!(newest().await["appDisplayName"], "Kiosk");
    app.control("POST", "/clock", Some(&json!({"advanceSeconds": 61})))
        .await;
    let entry = newest().await;
    assert_eq!(
        (&entry["appDisplayName"], &entry["ipAddress"]),
        (&json!("Kiosk"), &json!("192.0.2.77"))
    );
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
