//! On whose word a user was cut, and why: in the receipt, in its event and in the log, by whichever way the message
//! went. Also how a receipt is found in a log that names nobody.

use evict::domain::{TenantId, log_hash};
use sandbox::tenant::Fault;
use serde_json::{Value, json};

use crate::support::app::{App, SOON};
use crate::triggers::callers_http::{PLAYBOOK, SETTINGS, bearer};

const APPLICATION: &str = "c1c9a1de-7e0b-4f5d-9a43-6f2f7f0b8e11";

/// The receipts in the worker's log.
fn logged(app: &App) -> Vec<Value> {
    let lines = app.host.worker_log();
    let lines = lines.iter().filter_map(|line| {
        let line: Value = serde_json::from_str(&line.text).ok()?;
        let is_receipt = line["message"].as_str()?.starts_with("receipt.");
        let receipt = line["receipt"].as_str().filter(|_| is_receipt)?;
        serde_json::from_str(receipt).ok()
    });
    lines.collect()
}

/// The same, once there are this many.
async fn logged_after(app: &App, count: usize) -> Vec<Value> {
    app.host
        .wait_until(SOON, |_| logged(app).len() >= count)
        .await
        .unwrap();
    logged(app)
}

fn hash(text: &str) -> String {
    let tenant: TenantId = crate::support::receipts::tenant();
    log_hash(tenant, text).to_string()
}

fn by(requested_by: &str) -> String {
    json!({
        "users": ["alice@contoso.com"],
        "reason": "Tokens seen on a paste site",
        "requestedBy": requested_by,
    })
    .to_string()
}

#[tokio::test]
async fn by_whose_word_and_why_stands_in_receipt_event_and_log_through_a_hand_over() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("EVICT_HTTP_DEADLINE_SECONDS", "5"));
    let app = App::start_for_tokens(&settings).await;
    let throttled = Fault::on("POST */revokeSignInSessions").once();
    app.tenant.faults().add(throttled.throttled("4"));
    let token = bearer(&app, PLAYBOOK);
    let answer = app
        .post_with(&[("Authorization", &token)], &by("the boss"))
        .await;
    assert_eq!(answer.status, 202);
    let proved = json!({"objectId": PLAYBOOK, "applicationId": APPLICATION});
    for receipt in [&answer.body["receipts"][0], &app.receipts()[0]] {
        assert_eq!(receipt["requestedBy"], proved);
        assert_eq!(receipt["requestedByClaim"], "the boss");
        assert_eq!(receipt["requestedBecause"], "Tokens seen on a paste site");
    }
    app.settle().await;
    let finished = app.receipts().pop().unwrap();
    assert_eq!(finished["outcome"], "revoked");
    // Any sender of the queue could have written it.
    assert_eq!(finished["requestedBy"], Value::Null);
    assert_eq!(
        finished["requestedByClaim"],
        format!("{PLAYBOOK} (application {APPLICATION}), by a checked token for the boss")
    );
    assert_eq!(finished["requestedBecause"], "Tokens seen on a paste site");

    let lines = logged_after(&app, 2).await;
    assert_eq!(lines[0]["requestedBy"], proved);
    assert_eq!(lines[1]["requestedBy"], Value::Null);
    assert_eq!(lines[1]["requestedByClaim"], PLAYBOOK.to_string());
    for line in &lines {
        let because = format!("hash:{}", hash("Tokens seen on a paste site"));
        assert_eq!(line["requestedBecause"], because, "{line}");
    }
    app.end().await;
}

#[tokio::test]
async fn by_whose_word_and_why_survives_a_last_delivery_and_the_replay_of_what_was_rejected() {
    let app = App::start(&[
        ("EVICT_MAX_DELIVERIES", "2"),
        (
            "EVICT_QUEUE_DEADLINE_SECONDS",
            &crate::support::busy::seconds(5),
        ),
    ])
    .await;
    app.tenant.faults().add(Fault::on("*").answer(503));
    let body = by("oncall@contoso.com").replace("Tokens seen on a paste site", "INC-4711");
    app.send(body);
    app.settle().await;
    let letter = app.host.messages("evict-rejected").pop().unwrap();
    app.tenant.faults().clear();
    app.send(letter.text().unwrap());
    app.settle().await;

    let outcomes = ["deferred", "revoked"];
    let receipts = app.receipts();
    assert_eq!(receipts.len(), 2);
    for (receipt, outcome) in receipts.iter().zip(outcomes) {
        assert_eq!(receipt["outcome"], outcome);
        assert_eq!(receipt["requestedByClaim"], "oncall@contoso.com");
        assert_eq!(receipt["requestedBecause"], "INC-4711");
    }
    let lines = logged_after(&app, 3).await;
    for line in &lines {
        assert_eq!(line["requestedBecause"], "INC-4711", "{line}");
        let claim = format!("hash:{}", hash("oncall@contoso.com"));
        assert_eq!(line["requestedByClaim"], claim, "{line}");
    }
    app.end().await;
}

#[tokio::test]
async fn every_receipt_is_told_once_in_the_log_and_can_be_followed_there_without_a_name() {
    let app = App::start(&[]).await;
    let unknown = "0b8f3a1c-64f5-4b53-8d0e-2f6f0f9f3a11";
    let body = json!({"users": ["alice@contoso.com", "Nobody@contoso.com", unknown, {"upn": "no.one@contoso.com", "id": unknown},
        "CONTOSO\\nobody"]});
    let answer = app.post(body.to_string()).await;
    let receipts = answer.body["receipts"].as_array().unwrap().clone();
    app.settle().await;
    let published = app.receipts();
    let lines = logged_after(&app, receipts.len()).await;
    assert_eq!(lines.len(), receipts.len());
    for ((receipt, published), line) in receipts.iter().zip(&published).zip(&lines) {
        let followed = |receipt: &Value| {
            let user = receipt["user"]["id"].clone();
            [
                user,
                receipt["subjectId"].clone(),
                receipt["subjectHash"].clone(),
            ]
        };
        let in_log = ["user", "subjectId", "subjectHash"].map(|name| line[name].clone());
        assert_eq!(followed(receipt), in_log, "{receipt} {line}");
        assert_eq!(followed(published), in_log, "{published} {line}");
        let known = in_log.iter().filter(|value| !value.is_null()).count();
        assert_eq!(known, 1, "{line}");
    }
    assert_eq!(receipts[1]["outcome"], "not_found");
    assert_eq!(receipts[1]["subjectHash"], hash("nobody@contoso.com"));
    let told_again = app.host.invocations();
    let mut told_again = told_again.iter().flat_map(|invocation| &invocation.logs);
    assert!(told_again.all(|line| !line.contains("\"receipt\"")));
    app.end().await;
}
