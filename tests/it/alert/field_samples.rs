//! Payloads of other people's systems, rebuilt from public reports or written by Microsoft's own SDKs.
//! `tests/fixtures/field/index.json` says who is flagged, who is cut and who is not, in `evict::alert`, over HTTP and
//! by the queue.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use evict::alert::parse;
use evict::domain::{NothingToDo, Parsed, SubjectKind};
use serde_json::{Value, json};

use crate::support::app::App;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field")
}

struct Sample {
    file: String,
    body: Vec<u8>,
    told: Value,
}

fn samples() -> Vec<Sample> {
    let index = fs::read_to_string(folder().join("index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_str(&index).unwrap();
    assert!(index.len() >= 62, "{} samples", index.len());
    index
        .into_iter()
        .map(|told| {
            let file = told["file"].as_str().unwrap().to_owned();
            let body = fs::read(folder().join(&file)).unwrap();
            Sample { file, body, told }
        })
        .collect()
}

/// The names of the users that must, or must not, be cut by the index.
fn names(told: &Value, list: &str) -> Vec<String> {
    let names = told[list].as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// The users that the payload itself names with an identifier of the index. A user that only the directory can find is
/// checked by the cuts.
fn users_of_the_index(told: &Value) -> usize {
    let subjects = told["subjects"].as_array().unwrap();
    subjects
        .iter()
        .filter(|subject| subject["as"] == "user")
        .count()
}

#[test]
fn every_sample_is_read_as_its_index_says() {
    for sample in samples() {
        let (file, told) = (&sample.file, &sample.told);
        let parsed = parse(&sample.body);
        assert_eq!(parsed.verdict(), told["verdict"], "{file}: {parsed:?}");
        if let (Some(reason), Parsed::NothingToDo(NothingToDo { reason: found, .. })) =
            (told.get("reason"), &parsed)
        {
            assert_eq!(reason, found.as_str(), "{file}");
        }
        let users = parsed.subjects().iter();
        let users = users.filter(|subject| subject.account.kind == SubjectKind::User);
        assert_eq!(
            users.count(),
            users_of_the_index(told),
            "{file}: {parsed:?}"
        );
        let header = parsed.header();
        for (name, found) in [
            ("severity", header.severity.as_deref()),
            ("alertId", header.alert_id.as_deref()),
            ("incidentId", header.incident_id.as_deref()),
            ("shape", Some(header.shape.as_str())),
        ] {
            if let Some(listed) = told.get(name) {
                assert_eq!(found, listed.as_str(), "{name} of {file}");
            }
        }
    }
}

/// The users that were cut since the last look, by their names.
struct Cut {
    seen: usize,
}

impl Cut {
    fn since(&mut self, receipts: &[Value]) -> Vec<String> {
        let more = &receipts[self.seen..];
        self.seen = receipts.len();
        let is_cut = |receipt: &&Value| {
            ["revoked", "already_cut"].contains(&receipt["outcome"].as_str().unwrap())
        };
        more.iter()
            .filter(is_cut)
            .map(|receipt| {
                receipt["user"]["userPrincipalName"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }
}

fn assert_cut(cut: &[String], sample: &Sample, way: &str) {
    for name in names(&sample.told, "mustBeCut") {
        assert!(
            cut.contains(&name),
            "{} {way}: {name} lives, {cut:?}",
            sample.file
        );
    }
    for name in names(&sample.told, "mustNotBeCut") {
        assert!(
            !cut.contains(&name),
            "{} {way}: {name} was cut",
            sample.file
        );
    }
    if sample.told["verdict"] != "alert" {
        assert!(cut.is_empty(), "{} {way}: {cut:?}", sample.file);
    }
}

/// The samples grouped by the settings of their index entries.
fn by_settings() -> BTreeMap<Vec<(String, String)>, Vec<Sample>> {
    let mut groups: BTreeMap<Vec<(String, String)>, Vec<Sample>> = BTreeMap::new();
    for sample in samples() {
        let settings = sample.told["settings"].as_object().into_iter().flatten();
        let settings = settings
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        groups.entry(settings).or_default().push(sample);
    }
    groups
}

#[tokio::test]
async fn every_sample_cuts_whom_its_index_says_and_nobody_else_over_http() {
    for (settings, samples) in by_settings() {
        let settings: Vec<_> = settings
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let app = App::start(&settings).await;
        for sample in samples {
            let answer = app.post(sample.body.clone()).await;
            let status = if sample.told["verdict"] == "malformed" {
                400
            } else {
                200
            };
            assert_eq!(answer.status, status, "{}: {}", sample.file, answer.body);
            let receipts = answer.body["receipts"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let cut = Cut { seen: 0 }.since(&receipts);
            assert_cut(&cut, &sample, "over HTTP");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn every_sample_cuts_whom_its_index_says_and_nobody_else_by_the_queue() {
    for (settings, samples) in by_settings() {
        let settings: Vec<_> = settings
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let app = App::start(&settings).await;
        let mut cut = Cut { seen: 0 };
        for sample in samples {
            let before = app.host.messages("evict-rejected").len();
            app.send(sample.body.clone());
            app.settle().await;
            assert_cut(&cut.since(&app.receipts()), &sample, "by the queue");
            let leaves = ["entities_pending", "notification_only"];
            let is_kept = sample.told["verdict"] == "malformed"
                || sample.told["reason"]
                    .as_str()
                    .is_some_and(|reason| leaves.contains(&reason));
            let kept = app.host.messages("evict-rejected").len() - before;
            // A body that is not text never reaches the handler as it was sent, and is kept all the same.
            assert_eq!(kept, usize::from(is_kept), "{}", sample.file);
        }
        app.end().await;
    }
}

/// One person in four forms that nothing in the payload connects: the directory connects them, and the user is cut
/// once.
#[tokio::test]
async fn four_unconnected_forms_of_one_user_are_one_revocation() {
    let app = App::start(&[]).await;
    let body = fs::read(folder().join("duplicate-unconnected.json")).unwrap();
    let answer = app.post(body).await;
    assert_eq!(answer.body["receipts"].as_array().unwrap().len(), 4);
    assert_eq!(app.revocations(), 1, "{}", answer.body);
    app.end().await;
}

/// A receipt says when a flag ended, and in which word of the sender's.
#[tokio::test]
async fn a_cleared_user_has_a_receipt_with_the_senders_own_word() {
    let app = App::start(&[]).await;
    let body = fs::read(folder().join("risky-user-remediated.json")).unwrap();
    let answer = app.post(body).await;
    let receipt = &answer.body["receipts"][0];
    assert_eq!(
        (
            &receipt["outcome"],
            &receipt["reason"],
            receipt.get("policy")
        ),
        (&json!("withheld"), &json!("cleared_by_source"), None)
    );
    assert_eq!(
        receipt["detail"],
        "Its sender says \"remediated\" of what flagged this user since 2026-11-24 03:04:05 UTC."
    );
    assert_eq!(app.revocations(), 0);
    app.end().await;
}
