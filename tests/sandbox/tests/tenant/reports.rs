//! The reports: the sign-in log that the tenant itself writes, and who may read it, with which licence, how often.

use std::time::Duration;

use sandbox::tenant::{Licence, Place};
use serde_json::Value;

use crate::support::{ALICE, App, BOB};

const LOG: &str = "/beta/auditLogs/signIns";
const BOTH: &str =
    "(signInEventTypes/any(t:%20t%20eq%20'interactiveUser'%20or%20t%20eq%20'nonInteractiveUser'))";

async fn reader() -> App {
    let app = App::start().await;
    app.tenant.grant("AuditLog.Read.All");
    app.tenant.grant("IdentityRiskyUser.Read.All");
    app
}

/// The entries of a user: the application, whether the user was there, and the error code.
async fn entries(app: &App, user: &str, more: &str) -> Vec<(String, bool, u64)> {
    // Five in ten seconds.
    app.tenant.clock().advance(Duration::from_secs(11));
    let path = format!("{LOG}?$filter=userId%20eq%20'{}'{more}", app.id_of(user));
    let answer = app.get(&path).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    let entry = |entry: &Value| {
        (
            entry["appDisplayName"].as_str().unwrap().to_owned(),
            entry["isInteractive"].as_bool().unwrap(),
            entry["status"]["errorCode"].as_u64().unwrap(),
        )
    };
    answer.json["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(entry)
        .collect()
}

#[tokio::test]
async fn who_signs_in_and_what_apps_do_is_written_into_the_log() {
    let app = reader().await;
    let both = format!("%20and%20{BOTH}");
    let before = entries(&app, BOB, &both).await;
    assert_eq!(before.len(), 3);
    app.tenant.redeem_all();
    let redeemed = entries(&app, BOB, &both).await;
    assert_eq!(redeemed.len(), 6);
    assert_eq!(
        entries(&app, BOB, "").await,
        before,
        "the usual answer has interactive ones alone"
    );
    assert_eq!(app.revoke(BOB).await.status, 200);
    app.tenant.redeem_all();
    let refused = entries(&app, BOB, &both).await;
    assert!(
        refused[..3]
            .iter()
            .all(|(_, interactive, code)| !interactive && *code == 50173),
        "{refused:?}"
    );
    let successes = entries(
        &app,
        BOB,
        &format!("%20and%20status/errorCode%20eq%200%20and%20{BOTH}"),
    )
    .await;
    assert_eq!(successes, redeemed);
}

#[tokio::test]
async fn an_entry_is_seen_when_its_time_has_come() {
    let app = reader().await;
    app.tenant.set_log_lag(Duration::from_mins(3));
    let place = Place {
        ip_address: "192.0.2.77".to_owned(),
        country: "XX".to_owned(),
        city: String::new(),
    };
    let before = entries(&app, ALICE, "").await.len();
    assert!(app.tenant.sign_in_from(ALICE, "Kiosk", &place));
    assert_eq!(entries(&app, ALICE, "").await.len(), before);
    app.tenant.clock().advance(Duration::from_mins(3));
    assert_eq!(
        entries(&app, ALICE, "").await[0],
        ("Kiosk".to_owned(), true, 0)
    );
    let activity = app
        .get(&format!(
            "/v1.0/users/{}?$select=signInActivity",
            app.id_of(ALICE)
        ))
        .await;
    let last = &activity.json["signInActivity"];
    assert!(
        last["lastSignInDateTime"].is_string()
            && last["lastNonInteractiveSignInDateTime"].is_null()
    );
    assert_eq!(
        last["lastSuccessfulSignInDateTime"],
        last["lastSignInDateTime"]
    );
}

#[tokio::test]
async fn a_page_holds_as_many_as_were_asked_for_and_names_the_next() {
    let app = reader().await;
    let filter = format!("$filter=userId%20eq%20'{}'", app.id_of(ALICE));
    let page = app
        .get(&format!("/v1.0/auditLogs/signIns?{filter}&$top=2"))
        .await;
    assert_eq!(page.json["value"].as_array().unwrap().len(), 2);
    // The link leads to the sandbox itself, and to the next page.
    let link = page.json["@odata.nextLink"].as_str().unwrap();
    let rest = link.strip_prefix(&app.tenant.graph_endpoint()).unwrap();
    let next = app.get(rest).await;
    assert_eq!(next.status, 200);
    assert_ne!(next.json["value"], page.json["value"]);
    let unknown = app
        .get(&format!(
            "/v1.0/auditLogs/signIns?{filter}&$orderby=createdDateTime"
        ))
        .await;
    assert_eq!(unknown.status, 501);
    let beta_only = app
        .get(&format!("/v1.0/auditLogs/signIns?{filter}%20and%20{BOTH}"))
        .await;
    assert_eq!(beta_only.status, 400);
}

#[tokio::test]
async fn each_report_wants_its_permission_and_its_licence() {
    let app = App::start().await;
    let alice = app.id_of(ALICE);
    let risk = format!("/v1.0/identityProtection/riskyUsers/{alice}");
    let activity = format!("/v1.0/users/{alice}?$select=signInActivity");
    let ask = async |path: &str| {
        app.tenant.clock().advance(Duration::from_secs(3));
        let answer = app.get(path).await;
        (answer.status, answer.code().to_owned())
    };
    let denied = (403, "Authorization_RequestDenied".to_owned());
    for path in [LOG, &risk, &activity] {
        assert_eq!(ask(path).await, denied, "{path}");
    }
    app.tenant.grant("AuditLog.Read.All");
    app.tenant.grant("IdentityRiskyUser.Read.All");
    app.tenant.set_licence(Licence::Free);
    let unlicensed = (
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant".to_owned(),
    );
    assert_eq!(ask(LOG).await, unlicensed);
    assert_eq!(ask(&activity).await, unlicensed);
    app.tenant.set_licence(Licence::P1);
    assert_eq!(ask(LOG).await.0, 200);
    assert_eq!(ask(&risk).await.0, 403);
    app.tenant.set_licence(Licence::P2);
    assert_eq!(ask(&risk).await.0, 200);
    let bob = format!("/v1.0/identityProtection/riskyUsers/{}", app.id_of(BOB));
    assert_eq!(ask(&bob).await.0, 404);
}

#[tokio::test]
async fn too_many_questions_are_throttled_each_service_for_itself() {
    let app = reader().await;
    let risk = format!("/v1.0/identityProtection/riskyUsers/{}", app.id_of(ALICE));
    assert_eq!(app.get(&risk).await.status, 200);
    let throttled = app.get(&risk).await;
    assert_eq!(
        (throttled.status, throttled.header("retry-after")),
        (429, "")
    );
    for _ in 0..5 {
        assert_eq!(app.get(LOG).await.status, 200);
    }
    let throttled = app.get(LOG).await;
    assert_eq!(
        (throttled.status, throttled.header("retry-after")),
        (429, "10")
    );
    // The directory has limits of its own.
    assert_eq!(app.get("/v1.0/users/alice@contoso.com").await.status, 200);
    assert!(app.tenant.calls_while_throttled().is_empty());
}
