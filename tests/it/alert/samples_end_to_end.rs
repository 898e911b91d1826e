//! Every inbound sample yields exactly the users that its index names, through both triggers.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::app::App;

fn samples() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inbound");
    let index: Vec<Value> =
        serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    index
        .into_iter()
        .map(|mut sample| {
            let file = sample["file"].as_str().unwrap().to_owned();
            let body = fs::read(folder.join(&file)).unwrap();
            sample["body"] = Value::String(String::from_utf8(body).unwrap());
            sample
        })
        .collect()
}

/// Asserts that a receipt is about the subject that the index names.
fn assert_is_about(receipt: &Value, subject: &Value, file: &str) {
    let outcome = receipt["outcome"].as_str().unwrap();
    let kind = subject["as"].as_str().unwrap();
    if kind != "user" {
        assert_eq!(
            (outcome, receipt["as"].as_str()),
            ("not_a_user", Some(kind)),
            "{file}: {receipt}"
        );
        return;
    }
    let is_of_another_tenant = subject["tenant"]
        .as_str()
        .is_some_and(|tenant| tenant != "f6fadfa7-e5c1-4b62-9362-da5cc13da58a");
    if is_of_another_tenant {
        assert_eq!(receipt["reason"], "other_tenant", "{file}: {receipt}");
        return;
    }
    assert!(
        ["revoked", "already_cut", "not_effective"].contains(&outcome),
        "{file}: {receipt}"
    );
    if let Some(id) = subject["id"].as_str() {
        assert_eq!(receipt["user"]["id"], id, "{file}");
    }
    if let Some(upn) = subject["upn"].as_str() {
        assert_eq!(receipt["user"]["userPrincipalName"], upn, "{file}");
    }
    assert!(receipt["user"]["id"].is_string(), "{file}: {receipt}");
}

fn assert_receipts(receipts: &[Value], sample: &Value) {
    let file = sample["file"].as_str().unwrap();
    let subjects = sample["subjects"].as_array().unwrap();
    assert_eq!(receipts.len(), subjects.len(), "{file}: {receipts:?}");
    for (receipt, subject) in receipts.iter().zip(subjects) {
        assert_is_about(receipt, subject, file);
    }
}

#[tokio::test]
async fn every_sample_yields_the_users_of_its_index_over_http() {
    let app = App::start(&[]).await;
    for sample in samples() {
        let answer = app.post(sample["body"].as_str().unwrap()).await;
        let file = sample["file"].as_str().unwrap();
        if sample["verdict"] == "malformed" {
            assert_eq!(answer.status, 400, "{file}");
            continue;
        }
        assert_eq!(answer.status, 200, "{file}: {}", answer.body);
        assert_eq!(answer.body["alert"]["verdict"], sample["verdict"], "{file}");
        assert_eq!(answer.body["alert"]["shape"], sample["shape"], "{file}");
        assert_receipts(answer.body["receipts"].as_array().unwrap(), &sample);
    }
    app.end().await;
}

#[tokio::test]
async fn every_sample_yields_the_users_of_its_index_through_the_queue() {
    let app = App::start(&[]).await;
    for sample in samples() {
        let file = sample["file"].as_str().unwrap();
        let (receipts, rejected) = (
            app.receipts().len(),
            app.host.messages("evict-rejected").len(),
        );
        app.send(sample["body"].as_str().unwrap());
        app.settle().await;
        assert_receipts(&app.receipts()[receipts..], &sample);
        let more = app.host.messages("evict-rejected").len() - rejected;
        assert_eq!(
            more,
            usize::from(
                sample["verdict"] == "malformed" || file == "cloudevents-graph-alert-created.json"
            ),
            "{file}"
        );
    }
    assert_eq!(app.host.queue("evict").dead_lettered.len(), 0);
    app.end().await;
}
