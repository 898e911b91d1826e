//! An incident that waited on the queue names others by now: they are cut too, and nobody later because of them.

use jiff::SignedDuration;
use sandbox::tenant::{CallRecord, Fault};
use serde_json::{Value, json};

use super::incident::{RESPONDER, WORKSPACE, comments, incident, trigger_without_entities, world};
use crate::support::app::{App, outcomes};

/// Who may read an incident's status and not its entities.
const PLAIN_READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const BOB: &str = "1c5989f1-ba2d-4e83-858b-fed0a712755f";

fn all_entities() -> Vec<Value> {
    let trigger: Value = serde_json::from_slice(include_bytes!(
        "../../sandbox/alerts/sentinel-incident.json"
    ))
    .unwrap();
    let entities = &trigger["object"]["properties"]["relatedEntities"];
    entities.as_array().unwrap().clone()
}

/// An app that may do so much with the incident, which names four users by now.
pub(crate) async fn start(role: &str, more: &[(&str, &str)]) -> App {
    let mut world = world(role);
    world.access.azure.incidents[0].entities = all_entities();
    let settings = [&[("EVICT_SENTINEL_WORKSPACES", WORKSPACE)], more].concat();
    App::start_in(world, &settings).await
}

/// The incident as it was when it named Alice alone.
fn sent() -> String {
    let mut trigger = trigger_without_entities();
    trigger["object"]["properties"]["relatedEntities"] = json!([all_entities()[0]]);
    trigger.to_string()
}

/// Sends it so that it has waited on the queue for three minutes.
pub(crate) fn send_old(app: &App) {
    app.clock.set_offset(SignedDuration::from_mins(-3));
    app.send(sent());
    app.clock.set_offset(SignedDuration::ZERO);
}

fn named(receipts: &[Value]) -> Vec<&str> {
    let all = receipts.iter();
    all.map(|receipt| receipt["user"]["userPrincipalName"].as_str().unwrap_or("?"))
        .collect()
}

/// How often the incident was asked whom it names.
fn asked(app: &App) -> usize {
    let calls = app.tenant.azure_calls();
    let about = |call: &&CallRecord| call.path.contains("/entities?");
    calls.iter().filter(about).count()
}

#[tokio::test]
async fn whoever_joined_while_it_waited_is_cut_and_told_too() {
    let app = start(RESPONDER, &[]).await;
    send_old(&app);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        ["revoked", "revoked", "not_effective", "revoked"]
    );
    assert_eq!(
        named(&receipts)[..2],
        ["alice@contoso.com", "bob.stone@contoso.com"]
    );
    assert_eq!(asked(&app), 1);
    let all = comments(&app);
    assert_eq!(all.len(), 1);
    let said = &all[0].message;
    assert!(said.contains("3 of 4 accounts cut."), "{said}");
    app.end().await;
}

#[tokio::test]
async fn a_message_that_is_fresh_is_acted_on_as_it_was_sent() {
    let app = start(RESPONDER, &[]).await;
    app.send(sent());
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["revoked"]);
    assert_eq!(asked(&app), 0);
    app.end().await;
}

#[tokio::test]
async fn the_cap_of_the_alert_counts_those_who_were_sent_and_those_who_joined() {
    let app = start(RESPONDER, &[("EVICT_MAX_USERS_PER_ALERT", "2")]).await;
    send_old(&app);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        [
            "revoked",
            "revoked",
            "withheld blast_radius",
            "withheld blast_radius"
        ]
    );
    let why = receipts[2]["detail"].as_str().unwrap();
    assert!(why.contains("The alert names 4 users"), "{why}");
    app.end().await;
}

/// Graph is away for Bob, who has joined: he goes on like anybody.
#[tokio::test]
async fn whoever_joined_and_is_not_finished_goes_on() {
    let app = start(RESPONDER, &[]).await;
    let revoke = format!("POST /v1.0/users/{BOB}/revokeSignInSessions");
    app.tenant
        .faults()
        .add(Fault::on(revoke.as_str()).times(6).answer(503));
    send_old(&app);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        [
            "revoked",
            "handed_over",
            "not_effective",
            "revoked",
            "revoked"
        ]
    );
    let said = &comments(&app)[0].message;
    assert!(said.contains("3 of 4 accounts cut."), "{said}");
    app.end().await;
}

#[tokio::test]
async fn an_incident_that_was_closed_meanwhile_adds_nobody() {
    let app = start(RESPONDER, &[]).await;
    assert!(app.tenant.set_incident_status(&incident(), "Closed"));
    send_old(&app);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0]["incident"]["status"], "closed");
    app.end().await;
}

#[tokio::test]
async fn entities_that_may_not_be_read_are_told_in_the_receipt() {
    let app = start(PLAIN_READER, &[]).await;
    send_old(&app);
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(outcomes(&receipts), ["revoked"]);
    let note = &receipts[0]["incident"];
    assert_eq!(note["status"], "open");
    assert_eq!(note["comment"], "failed");
    let problem = note["problem"].as_str().unwrap();
    for part in [
        "Reading the incident's entities failed",
        "Writing the comment",
    ] {
        assert!(problem.contains(part), "{problem}");
    }
    app.end().await;
}
