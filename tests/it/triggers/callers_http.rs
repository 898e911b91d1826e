//! Callers over HTTP, through the whole app: who is admitted, what the others are answered, and what the receipts say
//! of it.

use std::process::Command;

use sandbox::functions::FunctionsHost;
use sandbox::stage::{open_http, stage};
use sandbox::tenant::Fault;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::support::app::{App, SOON};

const AUDIENCE: &str = "api://7d4b6f0c-5d52-4b2c-9d5f-0d9a0d1c2b3a";
pub(crate) const PLAYBOOK: Uuid = uuid!("5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21");
const APPLICATION: Uuid = uuid!("c1c9a1de-7e0b-4f5d-9a43-6f2f7f0b8e11");
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("EVICT_HTTP_AUDIENCE", AUDIENCE),
    (
        "EVICT_ALLOWED_CALLERS",
        "5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21",
    ),
];
const ALICE: &str = r#"{"user": "alice@contoso.com", "requestedBy": "the boss"}"#;

pub(crate) fn bearer(app: &App, object_id: Uuid) -> String {
    let issuer = app.tenant.issuer();
    let claims = issuer.claims(AUDIENCE, object_id, APPLICATION);
    format!("Bearer {}", issuer.sign(&claims))
}

#[tokio::test]
async fn a_caller_with_a_token_is_named_in_the_receipts_and_apart_from_what_the_body_claims() {
    let app = App::start_for_tokens(SETTINGS).await;
    let token = bearer(&app, PLAYBOOK);
    let answer = app.post_with(&[("Authorization", &token)], ALICE).await;

    assert_eq!(answer.status, 200);
    let proved = json!({"objectId": PLAYBOOK, "applicationId": APPLICATION});
    for record in [
        &answer.body["alert"],
        &answer.body["receipts"][0],
        &app.receipts()[0],
    ] {
        assert_eq!(record["requestedBy"], proved, "{record}");
        assert_eq!(record["requestedByClaim"], "the boss", "{record}");
    }
    let comment = answer.body["comment"].as_str().unwrap();
    assert!(comment.contains(&format!("Called by {PLAYBOOK}, as its token proves.")));
    assert!(comment.contains("Asked for by the boss, by the alert's own word."));
    let logged = |host: &FunctionsHost| {
        let log = host.worker_log();
        log.iter()
            .any(|line| line.text.contains(&PLAYBOOK.to_string()) && !line.text.contains("boss"))
    };
    app.host.wait_until(SOON, logged).await.unwrap();
    app.end().await;
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_what_was_missing_and_cuts_nobody() {
    let app = App::start_for_tokens(SETTINGS).await;
    let stranger = bearer(&app, APPLICATION);
    let forged = "eyJhbGciOiJub25lIn0.e30.";
    let principal = json!({"auth_typ": "aad", "claims": [{"typ": "oid", "val": PLAYBOOK}]});
    let principal = principal.to_string();
    for (headers, status) in [
        (&[][..], 401),
        (&[("Authorization", "Basic YTpi")], 401),
        (&[("Authorization", &format!("Bearer {forged}"))], 401),
        (&[("Authorization", &stranger)], 403),
        // The header of the platform's own authentication, which anybody can send where that is off.
        (
            &[
                ("X-MS-CLIENT-PRINCIPAL", &principal),
                ("X-MS-CLIENT-PRINCIPAL-ID", &PLAYBOOK.to_string()),
            ],
            401,
        ),
        (&[("x-functions-key", app.host.function_key())], 401),
    ] {
        let answer = app.post_with(headers, ALICE).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert!(answer.body["error"]["next"].is_string(), "{}", answer.body);
        assert!(answer.body["receipts"].is_null());
    }
    assert_eq!(app.check().await.status, 401);
    assert_eq!(app.revocations(), 0);
    assert!(app.tenant.calls().is_empty());
    app.end().await;
}

/// Starts the queue's function with any text, as the holder of the app's master key can.
async fn start_by_hand(app: &App, input: &str) {
    let before = app.host.invocations().len();
    assert_eq!(app.start_by_hand(input).await, 202);
    let ended = |host: &FunctionsHost| host.invocations().len() > before && host.running() == 0;
    app.host.wait_until(SOON, ended).await.unwrap();
}

#[tokio::test]
async fn the_master_key_starts_no_cut_where_callers_have_to_prove_themselves() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("EVICT_REDELIVERY_WAIT_SECONDS", "0"));
    let app = App::start_for_tokens(&settings).await;
    let forged = json!({
        "user": "alice@contoso.com",
        "DeliveryCount": 1,
        "SequenceNumber": 4711,
        "LockToken": PLAYBOOK,
        "EnqueuedTimeUtc": "2026-11-23T20:10:26Z",
    });
    for input in [
        ALICE.to_owned(),
        "alice@contoso.com".to_owned(),
        forged.to_string(),
    ] {
        start_by_hand(&app, &input).await;
        let last = app.host.invocations().pop().unwrap();
        assert_eq!(last.status, Some(500), "{input}");
    }
    assert_eq!(app.revocations(), 0);
    let told = |host: &FunctionsHost| {
        let lines = host.worker_log();
        let told = lines
            .iter()
            .filter(|line| line.text.contains("invocation.unproved"));
        told.count() == 3
    };
    app.host.wait_until(SOON, told).await.unwrap();

    // By the queue the same messages are acted on: Service Bus authorised their sender.
    app.send(ALICE);
    app.settle().await;
    assert_eq!(app.revocations(), 1);
    app.end().await;
}

#[tokio::test]
async fn a_message_that_claims_every_word_of_the_brokers_is_lost_to_nobody() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("EVICT_REDELIVERY_WAIT_SECONDS", "0"));
    let app = App::start_for_tokens(&settings).await;
    let claimed = json!({
        "user": "alice@contoso.com",
        "DeliveryCount": 1,
        "SequenceNumber": 1,
        "LockToken": "x",
        "EnqueuedTimeUtc": "x",
        "EnqueuedTime": "x",
    });
    app.send(claimed.to_string());
    // An unreadable message cuts nobody, and is reported as always.
    app.send(r#"{"user": "bob.stone@contoso.com",}"#);
    app.settle().await;
    assert_eq!(app.revocations(), 0);
    assert_eq!(app.host.queue("evict").dead_lettered.len(), 1);
    assert_eq!(app.host.messages("evict-rejected").len(), 1);
    app.end().await;
}

#[tokio::test]
async fn the_self_check_says_who_lets_callers_in() {
    let app = App::start(&[]).await;
    assert_eq!(app.check().await.body["httpAccess"], "function_key");
    app.end().await;
    // Both: the package with function keys, and tokens.
    let app = App::start(SETTINGS).await;
    let answer = app
        .post_with(&[("x-functions-key", app.host.function_key())], ALICE)
        .await;
    assert_eq!(answer.status, 401);
    let token = bearer(&app, PLAYBOOK);
    let both = [
        ("Authorization", token.as_str()),
        ("x-functions-key", app.host.function_key()),
    ];
    assert_eq!(app.post_with(&both, ALICE).await.status, 200);
    app.end().await;
}

#[tokio::test]
async fn what_is_handed_to_the_queue_says_whose_token_was_checked() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("EVICT_HTTP_DEADLINE_SECONDS", "5"));
    let app = App::start_for_tokens(&settings).await;
    app.tenant.faults().add(
        Fault::on("POST */revokeSignInSessions")
            .once()
            .throttled("4"),
    );
    let token = bearer(&app, PLAYBOOK);
    let answer = app.post_with(&[("Authorization", &token)], ALICE).await;
    assert_eq!(answer.status, 202);
    app.settle().await;
    let finished = app.receipts().pop().unwrap();
    assert_eq!(finished["outcome"], "revoked");
    assert_eq!(finished["requestedBy"], Value::Null);
    assert_eq!(
        finished["requestedByClaim"],
        format!("{PLAYBOOK} (application {APPLICATION}), by a checked token for the boss")
    );
    app.end().await;
}

#[tokio::test]
async fn a_message_on_the_queue_needs_no_token_and_proves_no_caller() {
    let app = App::start_for_tokens(SETTINGS).await;
    app.send(ALICE);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(receipts[0]["outcome"], "revoked");
    assert_eq!(receipts[0]["requestedBy"], Value::Null);
    assert_eq!(receipts[0]["requestedByClaim"], "the boss");
    app.end().await;
}

#[test]
fn an_open_endpoint_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let handler = std::path::Path::new(env!("CARGO_BIN_EXE_handler"));
    let staged = stage(root, handler, folder.path()).unwrap();
    open_http(&staged).unwrap();
    let output = Command::new(staged.join("handler"))
        .current_dir(&staged)
        .env_clear()
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", "1")
        .env("EVICT_TENANT_ID", "6cace4d5-19d5-4695-92e7-4f7bfab36728")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("Everybody could call Check and RevokeFromAlert: authLevel is anonymous"),
        "{told}"
    );
    assert!(told.contains("EVICT_HTTP_AUDIENCE and EVICT_ALLOWED_CALLERS"));
}
