//! Identification in the directory, end to end: which user an alert's identifiers find, by which identifier, and which
//! answers are never believed.

use sandbox::tenant::{Fault, World, WorldUser};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{App, outcomes};

const ALICE: &str = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
const READ: &str = "GET /v1.0/users/*";
const GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";
/// The SID of a machine's own account, which no user of the directory has.
const MACHINES_OWN: &str = "S-1-5-21-4037521063-1264981123-3210456789-501";

/// The default world with two more users, who differ in their identifiers.
fn world() -> World {
    let mut world = World::default_contoso().unwrap();
    let user = |number: u128, name: &str| {
        WorldUser::member(Uuid::from_u128(number), &format!("{name}@contoso.com"))
            .signed_in_with("Browser")
    };
    let mut by_mail = user(0xa1, "h.lindqvist");
    by_mail.mail = Some("helena.lindqvist@contoso.com".to_owned());
    let mut synced = user(0xa2, "s.okafor");
    synced.on_premises_security_identifier = Some("S-1-5-21-1-2-3-1107".to_owned());
    synced.on_premises_sync_enabled = Some(true);
    world.users.extend([by_mail, synced]);
    world
}

/// A Defender alert that names one account by these identifiers.
fn alert(account: &Value) -> String {
    json!({
        "@odata.type": "#microsoft.graph.security.alert",
        "id": "da637551227677560813_-961444813",
        "providerAlertId": "da637551227677560813_-961444813",
        "severity": "high",
        "status": "new",
        "detectionSource": "microsoftDefenderForEndpoint",
        "createdDateTime": "2026-11-20T09:00:00Z",
        "evidence": [{
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "verdict": "suspicious",
            "userAccount": account,
        }],
    })
    .to_string()
}

async fn receipt(app: &App, body: String) -> Value {
    let answer = app.post(body).await;
    let receipts = answer.body["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 1, "{}", answer.body);
    receipts[0].clone()
}

#[tokio::test]
async fn the_receipt_says_by_what_the_user_was_found() {
    let app = App::start_in(world(), &[]).await;
    for (named, found_by) in [
        (json!({"user": ALICE}), "object_id"),
        (json!({"user": "alice@contoso.com"}), "user_principal_name"),
        // Many senders write a mail address in place of a user principal name.
        (json!({"user": "Helena.Lindqvist@contoso.com"}), "mail"),
        (
            json!({"user": "S-1-5-21-1-2-3-1107"}),
            "security_identifier",
        ),
    ] {
        let receipt = receipt(&app, named.to_string()).await;
        assert_eq!(receipt["outcome"], "revoked", "{named}: {receipt}");
        assert_eq!(receipt["foundBy"], found_by, "{named}: {receipt}");
        let is_told = receipt["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("whose mail address it is"));
        assert_eq!(is_told, found_by == "mail", "{receipt}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_mail_address_that_two_have_is_nobody() {
    let mut world = world();
    let twin = world.users.len() - 1;
    world.users[twin].mail = Some("helena.lindqvist@contoso.com".to_owned());
    let app = App::start_in(world, &[]).await;
    let receipt = receipt(
        &app,
        json!({"user": "helena.lindqvist@contoso.com"}).to_string(),
    )
    .await;
    assert_eq!(receipt["outcome"], "ambiguous", "{receipt}");
    assert_eq!(receipt.get("foundBy"), None);
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_sid_that_nobody_has_spares_nobody_and_one_of_another_user_spares_both() {
    let app = App::start_in(world(), &[]).await;
    let account = |sid: &str| {
        alert(&json!({
            "userPrincipalName": "alice@contoso.com",
            "azureAdUserId": ALICE,
            "userSid": sid,
        }))
    };
    let machines = receipt(&app, account(MACHINES_OWN)).await;
    assert_eq!(machines["outcome"], "revoked", "{machines}");
    let before = app.revocations();
    let anothers = receipt(&app, account("S-1-5-21-1-2-3-1107")).await;
    assert_eq!(anothers["outcome"], "ambiguous", "{anothers}");
    assert_eq!(app.revocations(), before);
    app.end().await;
}

/// Public reports: 404 with code `UnknownError`, once around a page, and with an empty code, for things that exist
/// (microsoftgraph/microsoft-graph-docs, issues 2290 and 11430; MicrosoftDocs/feedback, issue 3395).
#[tokio::test]
async fn a_stray_404_makes_nobody_of_nobody() {
    let bodies = [
        json!({"error": {"code": "UnknownError", "message": "404 page not found"}}),
        json!({"error": {"code": ""}}),
        json!("<html><body>404 Not Found</body></html>"),
    ];
    for body in bodies {
        for on in [READ, "POST */revokeSignInSessions", "GET /v1.0/groups/*"] {
            let app = App::start(&[("EVICT_PROTECTED_GROUPS", GROUP)]).await;
            let stray = Fault::on(on).once().answer(404).body(body.clone());
            app.tenant.faults().add(stray);
            let named = json!({"user": "alice@contoso.com"}).to_string();
            let over_http = receipt(&app, named.clone()).await;
            assert_eq!(over_http["outcome"], "revoked", "{on} {body}: {over_http}");
            app.end().await;
        }
    }
}

#[tokio::test]
async fn a_stray_404_on_the_queue_loses_nobody_either() {
    let app = App::start(&[("EVICT_QUEUE_DEADLINE_SECONDS", "20")]).await;
    // For longer than one delivery tries.
    let stray = Fault::on(READ)
        .times(8)
        .answer(404)
        .body(json!({"error": {"code": "UnknownError", "message": "404 page not found"}}));
    app.tenant.faults().add(stray);
    app.send(json!({"user": "alice@contoso.com"}).to_string());
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["revoked"]);
    app.end().await;
}

#[tokio::test]
async fn that_nobody_is_there_is_asked_for_once_more() {
    let app = App::start(&[]).await;
    let gone = receipt(&app, json!({"user": "nobody@contoso.com"}).to_string()).await;
    assert_eq!(gone["outcome"], "not_found", "{gone}");
    assert_eq!(
        app.tenant
            .calls_matching("GET /v1.0/users/nobody@contoso.com")
            .len(),
        2
    );
    // A replica that does not have a new account yet.
    let lagging = Fault::on(READ).once().answer(404).body(json!({"error": {
        "code": "Request_ResourceNotFound",
        "message": "Resource 'alice@contoso.com' does not exist or one of its queried reference-property objects are not present.",
    }}));
    app.tenant.faults().add(lagging);
    let there = receipt(&app, json!({"user": "alice@contoso.com"}).to_string()).await;
    assert_eq!(there["outcome"], "revoked", "{there}");
    app.end().await;
}

#[tokio::test]
async fn an_answer_about_another_user_is_never_acted_on() {
    let app = App::start(&[("EVICT_HTTP_DEADLINE_SECONDS", "5")]).await;
    let other = json!({
        "id": "1c5989f1-ba2d-4e83-858b-fed0a712755f",
        "userPrincipalName": "bob.stone@contoso.com",
        "mail": "bob.stone@contoso.com",
        "accountEnabled": true,
        "signInSessionsValidFromDateTime": "2026-01-01T00:00:00Z",
    });
    app.tenant
        .faults()
        .add(Fault::on(READ).answer(200).body(other));
    let receipt = receipt(&app, json!({"user": "alice@contoso.com"}).to_string()).await;
    assert_eq!(receipt["outcome"], "handed_over", "{receipt}");
    assert_eq!(app.revocations(), 0);
    app.tenant.faults().clear();
    app.settle().await;
    assert_eq!(app.receipts().last().unwrap()["user"]["id"], ALICE);
    app.end().await;
}
