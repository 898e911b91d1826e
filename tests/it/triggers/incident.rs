//! The incident tells what became of its alert: one comment, written after the cuts, replaced by whatever comes later.

use sandbox::tenant::{
    AzureLimit, AzureLimits, CallRecord, Fault, IncidentComment, World, WorldAzureAssignment,
    WorldIncident,
};
use serde_json::{Value, json};

use crate::support::app::{App, SOON, Start, outcomes};

pub(crate) const WORKSPACE: &str = "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc";
const NAME: &str = "20731ab2-4c8b-4eb4-8f1e-accf4372a2a7";
pub(crate) const RESPONDER: &str = "3e150937-b8fe-4cfb-8069-0eaf05ecd056";
pub(crate) const READER: &str = "8d289c81-5878-46d4-8554-54e1e3d8b5cb";
const PUT: &str = "PUT */comments/*";

pub(crate) const CAROL: &str = "482c590e-0d97-42bf-8dc8-3011ac8efe12";

pub(crate) fn incident() -> String {
    format!("{WORKSPACE}/providers/Microsoft.SecurityInsights/Incidents/{NAME}")
}

/// The shipped world with the incident in it, in which the app has this role on the workspace.
pub(crate) fn world(role: &str) -> World {
    let mut world = World::default_contoso().unwrap();
    let azure = &mut world.access.azure;
    azure
        .incidents
        .push(WorldIncident::new(&incident(), "Refresh tokens replayed"));
    azure.role_assignments.push(WorldAzureAssignment {
        role: role.parse().unwrap(),
        principal: world.app.principal_id,
        scope: WORKSPACE.to_owned(),
        condition: None,
    });
    world
}

pub(crate) async fn start_with(role: &str, more: &[(&str, &str)]) -> App {
    let settings = [&[("EVICT_SENTINEL_WORKSPACES", WORKSPACE)], more].concat();
    App::start_in(world(role), &settings).await
}

async fn start() -> App {
    start_with(RESPONDER, &[]).await
}

/// An order for these users that names the incident.
pub(crate) fn order(users: &[&str]) -> Value {
    json!({ "users": users, "incident": incident() })
}

pub(crate) fn comments(app: &App) -> Vec<IncidentComment> {
    app.tenant.incident_comments(&incident())
}

/// Every call that writes a comment.
pub(crate) fn comment_calls(app: &App) -> Vec<CallRecord> {
    let mut calls = app.tenant.azure_calls();
    calls.retain(|call| call.path.contains("/comments/"));
    calls
}

pub(crate) fn notes(receipts: &[Value]) -> Vec<String> {
    let word = |receipt: &Value| receipt["incident"]["comment"].as_str().map(str::to_owned);
    receipts.iter().filter_map(word).collect()
}

/// The comment without the times of this run, such as `2026-01-02 03:04:05 UTC`.
fn timeless(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(" UTC") {
        let (before, after) = rest.split_at(at);
        let start = before.len().saturating_sub("2026-01-02 03:04:05".len());
        shown.push_str(&before[..start]);
        shown.push_str("(time)");
        rest = &after[" UTC".len()..];
    }
    shown.push_str(rest);
    // The sample is as old as it is.
    match shown.split_once("Signed out ") {
        Some((before, after)) => {
            let (_, after) = after.split_once(" after the alert").unwrap();
            format!("{before}Signed out (so long) after the alert{after}")
        }
        None => shown,
    }
}

#[tokio::test]
async fn the_incident_tells_who_was_cut_what_is_alive_and_what_to_do() {
    let app = start_with(
        RESPONDER,
        &[("EVICT_PROTECTED_USERS", "bob.stone@contoso.com")],
    )
    .await;
    app.send(include_bytes!("../../sandbox/alerts/sentinel-incident.json").to_vec());
    app.settle().await;
    let all = comments(&app);
    assert_eq!(all.len(), 1);
    insta::assert_snapshot!(timeless(&all[0].message));
    let receipts = app.receipts();
    assert_eq!(notes(&receipts), vec!["written"; receipts.len()]);
    // What it tells came first.
    let (cut, told) = (
        app.tenant
            .wait_for_call("POST */revokeSignInSessions")
            .await,
        app.tenant.wait_for_call(PUT).await,
    );
    assert!(cut.answered_at.unwrap() <= told.at);
    app.end().await;
}

#[tokio::test]
async fn without_the_setting_no_incident_is_touched() {
    let app = App::start_in(world(RESPONDER), &[]).await;
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    let answer = app
        .post(
            json!({"user": "bob.stone@contoso.com", "incident": incident(), "commentBy": "evict"})
                .to_string(),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(outcomes(&app.receipts()), ["revoked", "revoked"]);
    assert!(app.tenant.azure_calls().is_empty());
    for receipt in app.receipts() {
        assert!(receipt.get("incident").is_none());
    }
    app.end().await;
}

/// Graph is away for Carol; Alice's cut is told at once, and what goes on replaces that.
#[tokio::test]
async fn what_goes_on_replaces_the_comment_and_the_last_one_tells_all() {
    let app = start().await;
    let revoke = format!("POST /v1.0/users/{CAROL}/revokeSignInSessions");
    app.tenant
        .faults()
        .add(Fault::on(revoke.as_str()).times(6).answer(503));
    app.send(order(&["alice@contoso.com", "carol.nunez@contoso.com"]).to_string());
    app.settle().await;
    let all = comments(&app);
    assert_eq!(all.len(), 1, "{all:?}");
    let writes = comment_calls(&app);
    let told: Vec<&str> = writes.iter().map(|call| call.body.as_str()).collect();
    assert!(told.len() >= 2, "{told:?}");
    assert!(
        told[0].contains("1 of 2 accounts cut. 1 was not finished at "),
        "{}",
        told[0]
    );
    let last = &all[0].message;
    assert!(last.contains("2 of 2 accounts cut."), "{last}");
    for name in ["alice@contoso.com", "carol.nunez@contoso.com"] {
        assert!(last.contains(name), "{last}");
    }
    assert_eq!(usize::try_from(all[0].writes).unwrap(), told.len());
    app.end().await;
}

/// The receipts' topic refuses the first delivery, after the comment was written.
#[tokio::test]
async fn a_redelivery_writes_the_same_comment_again() {
    let app = start().await;
    app.host.refuse_output("receipts", 1);
    app.send(order(&["alice@contoso.com"]).to_string());
    app.settle().await;
    let all = comments(&app);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].writes, 2);
    assert!(
        all[0].message.contains("1 of 1 account cut."),
        "{}",
        all[0].message
    );
    app.end().await;
}

#[tokio::test]
async fn two_alerts_of_one_incident_have_comments_of_their_own() {
    let app = start().await;
    app.send(order(&["alice@contoso.com"]).to_string());
    app.send(order(&["bob.stone@contoso.com"]).to_string());
    app.settle().await;
    assert_eq!(comments(&app).len(), 2);
    app.end().await;
}

#[tokio::test]
async fn an_incident_elsewhere_is_not_touched_and_the_receipt_says_so() {
    let app = start().await;
    for elsewhere in [
        incident().replace("contoso-soc", "other-soc"),
        incident().replace("rg-soc", "rg-other"),
    ] {
        app.send(json!({"user": "alice@contoso.com", "incident": elsewhere}).to_string());
        app.settle().await;
    }
    for other in ["4182".to_owned(), format!("{}/../../x", incident())] {
        app.send(json!({"user": "alice@contoso.com", "incident": other}).to_string());
        app.settle().await;
    }
    let receipts = app.receipts();
    assert_eq!(notes(&receipts), ["other_workspace", "other_workspace"]);
    assert!(app.tenant.azure_calls().is_empty());
    app.end().await;
}

#[tokio::test]
async fn http_callers_write_their_own_comment_unless_they_ask() {
    let app = start().await;
    let answer = app.post(order(&["alice@contoso.com"]).to_string()).await;
    assert!(answer.body["comment"].as_str().unwrap().contains("alice"));
    assert!(app.tenant.azure_calls().is_empty());

    let mut asked = order(&["alice@contoso.com"]);
    asked["commentBy"] = "evict".into();
    let answer = app.post(asked.to_string()).await;
    assert_eq!(answer.body["receipts"][0]["incident"]["comment"], "written");
    assert_eq!(comments(&app).len(), 1);

    let mut trigger: Value = serde_json::from_slice(include_bytes!(
        "../../sandbox/alerts/sentinel-incident.json"
    ))
    .unwrap();
    trigger["commentBy"] = "Evict".into();
    app.post(trigger.to_string()).await;
    assert_eq!(comments(&app).len(), 2);

    asked["commentBy"] = "nobody".into();
    let refused = app.post(asked.to_string()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["alert"]["problem"]["path"], "$.commentBy");
    app.end().await;
}

/// What an HTTP caller's time did not suffice for ends on the queue, where a comment would be written for a message of its own.
#[tokio::test]
async fn what_an_http_caller_hands_over_keeps_who_comments() {
    for (by, expected) in [(None, 0), (Some("evict"), 1)] {
        let app = start().await;
        app.without_token();
        let mut order = order(&["alice@contoso.com"]);
        if let Some(by) = by {
            order["commentBy"] = by.into();
        }
        let answer = app.post(order.to_string()).await;
        assert_eq!(answer.status, 202);
        let before = comments(&app).len();
        app.tenant.faults().clear();
        app.settle().await;
        assert_eq!(outcomes(&app.receipts()), ["handed_over", "revoked"]);
        let all = comments(&app);
        assert_eq!(all.len(), expected, "{all:?}");
        assert!(before <= expected);
        if let Some(comment) = all.first() {
            assert!(
                comment.message.contains("1 of 1 account cut."),
                "{}",
                comment.message
            );
        }
        app.end().await;
    }
}

#[tokio::test]
async fn nobody_to_cut_is_told_and_what_is_over_is_not() {
    let app = start().await;
    let mut trigger = trigger_without_entities();
    trigger["object"]["properties"]["relatedEntities"] =
        json!([{"kind": "Ip", "properties": {"address": "192.0.2.77"}}]);
    app.send(trigger.to_string());
    app.settle().await;
    let all = comments(&app);
    assert_eq!(all.len(), 1);
    let said = &all[0].message;
    assert!(said.contains("the alert names no account"), "{said}");
    trigger["object"]["properties"]["status"] = "Closed".into();
    app.send(trigger.to_string());
    app.settle().await;
    assert_eq!(comments(&app).len(), 1);
    app.end().await;
}

#[tokio::test]
async fn the_last_call_that_azure_grants_is_followed_by_a_wait_and_not_by_a_refusal() {
    let app = start().await;
    app.tenant.set_azure_limits(AzureLimits {
        writes: AzureLimit {
            most: 1.0,
            each_second: 4.0,
        },
        ..AzureLimits::default()
    });
    for name in ["alice@contoso.com", "bob.stone@contoso.com"] {
        app.send(order(&[name]).to_string());
        app.settle().await;
    }
    assert_eq!(notes(&app.receipts()), ["written", "written"]);
    let refused = app
        .tenant
        .azure_calls()
        .iter()
        .filter(|call| call.status == Some(429))
        .count();
    assert_eq!(refused, 0);
    app.end().await;
}

/// Whoever may put a message on the queue can claim to go on from any other; the comments of people stay out of reach.
#[tokio::test]
async fn no_message_can_replace_a_comment_that_somebody_else_wrote() {
    let app = start().await;
    let theirs = "0b1f6f0a-3f0e-4f0b-9a4e-7a5a3c1d2e4f";
    assert!(
        app.tenant
            .comment_on_incident(&incident(), theirs, "Called her: it was not her.")
    );
    let mut forged = order(&["alice@contoso.com"]);
    forged["handedOn"] = json!({"deliveries": 1, "comment": {"first": theirs, "told": []}});
    app.send(forged.to_string());
    app.settle().await;
    let all = comments(&app);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].message, "Called her: it was not her.");
    app.end().await;
}

/// A trigger of an incident whose entities have not arrived.
pub(crate) fn trigger_without_entities() -> Value {
    let mut trigger: Value = serde_json::from_slice(include_bytes!(
        "../../sandbox/alerts/sentinel-incident.json"
    ))
    .unwrap();
    trigger["object"]["properties"]["relatedEntities"] = json!([]);
    trigger
}

/// The shipped world, in which the incident's entities arrive so long after the start.
fn world_of_late_entities(seconds: u64) -> World {
    let mut world = world(RESPONDER);
    let trigger: Value = serde_json::from_slice(include_bytes!(
        "../../sandbox/alerts/sentinel-incident.json"
    ))
    .unwrap();
    let entities = trigger["object"]["properties"]["relatedEntities"].clone();
    let incident = &mut world.access.azure.incidents[0];
    incident.entities = serde_json::from_value(entities).unwrap();
    incident.entities_after_seconds = seconds;
    world
}

pub(crate) async fn start_late(seconds: u64, more: &[(&str, &str)]) -> App {
    let settings = [&[("EVICT_SENTINEL_WORKSPACES", WORKSPACE)], more].concat();
    App::start_in(world_of_late_entities(seconds), &settings).await
}

#[tokio::test]
async fn entities_that_arrive_late_are_waited_for_and_their_users_cut() {
    let app = start_late(2, &[]).await;
    app.send(trigger_without_entities().to_string());
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        ["revoked", "revoked", "not_effective", "revoked"]
    );
    assert_eq!(receipts[0]["correlation"]["incidentId"], incident());
    assert!(app.host.messages("evict-rejected").is_empty());
    let all = comments(&app);
    assert_eq!((all.len(), all[0].writes), (1, 1));
    app.end().await;
}

/// A delivery that is too short to wait puts the alert at the end of the queue, where it waits on.
#[tokio::test]
async fn what_waits_longer_than_a_delivery_goes_on_and_is_one_alert_all_the_same() {
    let app = start_late(6, &[("EVICT_QUEUE_DEADLINE_SECONDS", "10")]).await;
    app.send_with_id("INC-4711", trigger_without_entities().to_string());
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        ["revoked", "revoked", "not_effective", "revoked"]
    );
    assert_eq!(receipts[0]["correlation"]["correlationId"], "INC-4711");
    assert!(app.host.invocations().len() > 1);
    let all = comments(&app);
    assert_eq!((all.len(), all[0].writes), (1, 1));
    app.end().await;
}

#[tokio::test]
async fn a_quarter_of_an_hour_without_entities_ends_in_the_rejected() {
    let app = start_late(u64::from(u32::MAX), &[]).await;
    let since = app.clock.now() - jiff::SignedDuration::from_mins(16);
    let waiting = json!({
        "users": [], "incident": incident(), "awaits": "entities", "automated": true,
        "handedOn": {"deliveries": 0, "queuedAt": since.to_string()},
    });
    app.send(waiting.to_string());
    app.settle().await;
    assert_eq!(app.host.messages("evict-rejected").len(), 1);
    assert!(comments(&app)[0].message.contains("had not arrived"));
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

/// It has gone on as a message of Evict's own meanwhile.
#[tokio::test]
async fn what_waited_in_vain_is_rejected_as_its_sender_wrote_it() {
    let app = start_late(
        u64::from(u32::MAX),
        &[("EVICT_QUEUE_DEADLINE_SECONDS", "10")],
    )
    .await;
    let sent = trigger_without_entities().to_string();
    app.clock
        .set_offset(jiff::SignedDuration::from_secs(6 - 15 * 60));
    app.send(sent.clone());
    app.clock.set_offset(jiff::SignedDuration::ZERO);
    app.settle().await;
    assert!(app.host.invocations().len() > 1);
    let rejected = app.host.messages("evict-rejected");
    assert_eq!(rejected.len(), 1);
    let letter: Value = serde_json::from_slice(&rejected[0].message.body).unwrap();
    assert_eq!(letter["receivedBody"], sent);
    assert_eq!(letter["shape"], "sentinel-incident-trigger");
    app.end().await;
}

#[tokio::test]
async fn an_incident_that_was_closed_meanwhile_is_nothing_to_do() {
    let app = start_late(0, &[]).await;
    assert!(app.tenant.set_incident_status(&incident(), "Closed"));
    app.send(trigger_without_entities().to_string());
    let answer = app.post(trigger_without_entities().to_string()).await;
    app.settle().await;
    assert_eq!(answer.body["alert"]["nothingToDo"], "resolved");
    assert_eq!(app.revocations(), 0);
    assert!(app.host.messages("evict-rejected").is_empty());
    assert!(comments(&app).is_empty());
    app.end().await;
}

#[tokio::test]
async fn an_http_caller_is_answered_by_what_the_incident_says_now_and_waits_for_nothing() {
    let app = start_late(0, &[]).await;
    let answer = app.post(trigger_without_entities().to_string()).await;
    assert_eq!(answer.body["summary"]["revoked"], 3);
    app.end().await;
    let app = start_late(u64::from(u32::MAX), &[]).await;
    let answer = app.post(trigger_without_entities().to_string()).await;
    assert_eq!(answer.body["alert"]["nothingToDo"], "entities_pending");
    app.end().await;
}

#[tokio::test]
async fn an_incident_that_may_not_be_read_is_rejected_as_ever() {
    let app = App::start_in(
        world("acdd72a7-3385-48ef-bd42-f606fba81ae7"),
        &[("EVICT_SENTINEL_WORKSPACES", WORKSPACE)],
    )
    .await;
    app.send(trigger_without_entities().to_string());
    app.settle().await;
    let rejected = app.host.messages("evict-rejected");
    assert_eq!(rejected.len(), 1);
    let why: Value = serde_json::from_slice(&rejected[0].message.body).unwrap();
    let why = why["problem"]["expected"].as_str().unwrap().to_owned();
    assert!(why.contains("403 AuthorizationFailed"), "{why}");
    assert!(
        why.contains("the role Microsoft Sentinel Responder"),
        "{why}"
    );
    let answer = app.post(trigger_without_entities().to_string()).await;
    let note = &answer.body["alert"]["incident"];
    assert_eq!(note["status"], "unknown");
    let problem = note["problem"].as_str().unwrap();
    assert!(
        problem.contains("the role Microsoft Sentinel Responder"),
        "{problem}"
    );
    let told = |host: &sandbox::functions::FunctionsHost| {
        let log = host.worker_log();
        log.iter().any(|line| line.text.contains("incident.unread"))
    };
    app.host.wait_until(SOON, told).await.unwrap();
    app.end().await;
}

#[tokio::test]
async fn a_hundred_that_wait_keep_nobody_else_out() {
    let app = start_late(u64::from(u32::MAX), &[]).await;
    app.tenant
        .allow_on_its_way(std::time::Duration::from_secs(1));
    for _ in 0..100 {
        app.send(trigger_without_entities().to_string());
    }
    // Azure grants so many reads at once and not one more.
    app.tenant.wait_for_calls("POST */entities*", 50).await;
    let sent = tokio::time::Instant::now();
    app.send(order(&["alice@contoso.com"]).to_string());
    app.tenant
        .wait_for_call("POST */revokeSignInSessions")
        .await;
    let took = sent.elapsed();
    let most = crate::support::busy::patience(std::time::Duration::from_secs(5));
    assert!(took < most, "{took:?}");
    assert!(app.tenant.set_incident_status(&incident(), "Closed"));
    app.settle().await;
    assert_eq!(outcomes(&app.receipts()), ["revoked"]);
    assert_eq!(notes(&app.receipts()), ["written"]);
    app.end().await;
}

/// Whoever holds the master key can name no user past the callers' tokens; an incident names users too.
#[tokio::test]
async fn the_master_key_starts_no_cut_by_way_of_an_incident() {
    let start = Start {
        settings: &[
            ("EVICT_SENTINEL_WORKSPACES", WORKSPACE),
            ("EVICT_HTTP_AUDIENCE", "api://evict.contoso.com"),
            (
                "EVICT_ALLOWED_CALLERS",
                "5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21",
            ),
        ],
        keyless: true,
        ..Start::default()
    };
    let app = App::start_as(world_of_late_entities(0), start).await;
    let awaiting = json!({"users": [], "incident": incident(), "awaits": "entities"});
    for input in [awaiting, trigger_without_entities()] {
        let before = app.host.invocations().len();
        assert_eq!(app.start_by_hand(&input.to_string()).await, 202);
        app.host
            .wait_until(SOON, |host| {
                host.invocations().len() > before && host.running() == 0
            })
            .await
            .unwrap();
        assert_eq!(app.host.invocations().pop().unwrap().status, Some(500));
    }
    assert_eq!(app.revocations(), 0);
    assert!(app.tenant.azure_calls().is_empty());
    app.end().await;
}

/// The incident as it was sent, with its entities.
fn trigger() -> Vec<u8> {
    include_bytes!("../../sandbox/alerts/sentinel-incident.json").to_vec()
}

fn status_of(receipts: &[Value]) -> Vec<&str> {
    receipts
        .iter()
        .filter_map(|receipt| receipt["incident"]["status"].as_str())
        .collect()
}

#[tokio::test]
async fn whoever_is_named_by_an_incident_that_was_closed_meanwhile_is_spared() {
    let app = start().await;
    assert!(app.tenant.set_incident_status(&incident(), "Closed"));
    // Azure has answered before Graph does.
    app.tenant.hold_answer("GET /v1.0/users/*");
    app.send(trigger());
    let known = |host: &sandbox::functions::FunctionsHost| {
        let log = host.worker_log();
        log.iter().any(|line| line.text.contains("incident.closed"))
    };
    app.host.wait_until(SOON, known).await.unwrap();
    app.tenant.release_all();
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        [
            "withheld cleared_by_source",
            "withheld cleared_by_source",
            "not_effective",
            "withheld cleared_by_source"
        ]
    );
    assert_eq!(status_of(&receipts), ["closed"; 4]);
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

#[tokio::test]
async fn an_incident_that_does_not_answer_holds_up_no_cut_and_the_receipt_says_so() {
    let app = start().await;
    app.tenant.hold("GET */Incidents/*");
    app.send(trigger());
    app.settle().await;
    let receipts = app.receipts();
    assert_eq!(
        outcomes(&receipts),
        ["revoked", "revoked", "not_effective", "revoked"]
    );
    assert_eq!(status_of(&receipts), ["unknown"; 4]);
    assert_eq!(notes(&receipts), ["written"; 4]);
    app.tenant.release_all();
    app.end().await;
}

/// Graph has not answered for Carol yet.
#[tokio::test]
async fn the_first_cut_is_told_while_the_rest_is_worked_on() {
    let app = start().await;
    let revoke = format!("POST /v1.0/users/{CAROL}/revokeSignInSessions");
    app.tenant.hold(revoke.as_str());
    app.send(order(&["alice@contoso.com", "carol.nunez@contoso.com"]).to_string());
    let told = app.tenant.wait_for_call(PUT).await;
    assert!(
        told.body
            .contains("1 of 2 accounts cut. 1 was not finished at "),
        "{}",
        told.body
    );
    app.tenant.release_all();
    app.settle().await;
    let all = comments(&app);
    assert_eq!((all.len(), all[0].writes), (1, 2));
    let last = &all[0].message;
    assert!(last.contains("2 of 2 accounts cut.</p>"), "{last}");
    assert_eq!(notes(&app.receipts()), ["written", "written"]);
    app.end().await;
}

/// Two incidents of which one tells no id: the entities of the other are no answer for it.
#[tokio::test]
async fn an_incident_answers_for_nothing_that_stands_beside_it() {
    let app = start_late(0, &[]).await;
    let mut nameless = trigger_without_entities();
    nameless["object"]["id"] = Value::Null;
    app.send(json!([trigger_without_entities(), nameless]).to_string());
    app.settle().await;
    assert_eq!(app.revocations(), 0);
    assert_eq!(app.host.messages("evict-rejected").len(), 1);
    app.end().await;
}

#[tokio::test]
async fn an_http_caller_who_asks_for_it_reads_that_nobody_was_named_in_the_incident_too() {
    let app = start_late(u64::from(u32::MAX), &[]).await;
    let mut asked = trigger_without_entities();
    asked["commentBy"] = "evict".into();
    let answer = app.post(asked.to_string()).await;
    let note = &answer.body["alert"]["incident"];
    assert_eq!(note["comment"], "written", "{}", answer.body);
    assert_eq!(note["label"], "evict-no-entities");
    assert_eq!(comments(&app).len(), 1);
    app.end().await;
}
