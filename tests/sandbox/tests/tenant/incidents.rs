//! Incidents of Microsoft Sentinel, as Azure Resource Manager answers for them.

use std::time::Duration;

use sandbox::tenant::{AzureLimit, AzureLimits, World, WorldAzureAssignment, WorldIncident};
use serde_json::{Value, json};

use crate::support::{Answer, App};

const SUBSCRIPTION: &str = "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc";
const GROUP: &str = "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc";
const WORKSPACE: &str = "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc";
const OTHER_GROUP: &str =
    "/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc-2";
const NAME: &str = "20731ab2-4c8b-4eb4-8f1e-accf4372a2a7";
const RESPONDER: &str = "3e150937-b8fe-4cfb-8069-0eaf05ecd056";
const READER: &str = "8d289c81-5878-46d4-8554-54e1e3d8b5cb";
const VERSION: &str = "?api-version=2025-09-01";
const COMMENT: &str = "comments/0b1f6f0a-3f0e-4f0b-9a4e-7a5a3c1d2e4f";

fn incident() -> String {
    format!("{WORKSPACE}/providers/Microsoft.SecurityInsights/incidents/{NAME}")
}

async fn start(role: Option<(&str, &str)>) -> App {
    let mut world = World::default_contoso().unwrap();
    let azure = &mut world.access.azure;
    let mut entry = WorldIncident::new(&incident(), "Refresh tokens replayed");
    entry.entities = vec![
        json!({"kind": "Account", "properties": {"accountName": "alice", "upnSuffix": "contoso.com"}}),
        json!({"kind": "Ip", "properties": {"address": "192.0.2.77"}}),
    ];
    entry.entities_after_seconds = 60;
    azure.incidents.push(entry);
    if let Some((role, scope)) = role {
        azure.role_assignments.push(WorldAzureAssignment {
            role: role.parse().unwrap(),
            principal: world.app.principal_id,
            scope: scope.to_owned(),
            condition: None,
        });
    }
    App::start_in(world).await
}

async fn ask(app: &App, method: &str, below: &str, body: Option<&Value>) -> Answer {
    let token = app.token_for("https://management.azure.com").await;
    let slash = if below.is_empty() { "" } else { "/" };
    let path = format!("/arm{}{slash}{below}{VERSION}", incident());
    app.send(method, &path, Some(&token), body).await
}

fn comment(text: &str) -> Value {
    json!({"properties": {"message": text}})
}

#[tokio::test]
async fn each_call_needs_an_action_of_a_role_at_or_above_the_workspace() {
    for (role, expected) in [
        (None, [403, 403, 403]),
        (Some((READER, WORKSPACE)), [200, 403, 403]),
        (Some((RESPONDER, WORKSPACE)), [200, 200, 201]),
        (Some((RESPONDER, GROUP)), [200, 200, 201]),
        (Some((RESPONDER, SUBSCRIPTION)), [200, 200, 201]),
        (Some((RESPONDER, OTHER_GROUP)), [403, 403, 403]),
    ] {
        let app = start(role).await;
        let statuses = [
            ask(&app, "GET", "", None).await.status,
            ask(&app, "POST", "entities", None).await.status,
            ask(&app, "PUT", COMMENT, Some(&comment("x"))).await.status,
        ];
        assert_eq!(statuses, expected, "{role:?}");
    }
}

#[tokio::test]
async fn a_token_of_graph_opens_nothing() {
    let app = start(Some((RESPONDER, WORKSPACE))).await;
    let path = format!("/arm{}{VERSION}", incident());
    let answer = app.get(&path).await;
    assert_eq!(
        (answer.status, answer.code()),
        (401, "InvalidAuthenticationToken")
    );
}

#[tokio::test]
async fn entities_arrive_in_their_time_and_the_incident_holds_none() {
    let app = start(Some((RESPONDER, WORKSPACE))).await;
    let before = ask(&app, "POST", "entities", None).await;
    assert_eq!(before.json, json!({"entities": [], "metaData": []}));
    app.tenant.clock().advance(Duration::from_mins(1));
    let after = ask(&app, "POST", "entities", None).await;
    assert_eq!(after.json["entities"].as_array().unwrap().len(), 2);
    assert_eq!(
        after.json["metaData"][0],
        json!({"entityKind": "Account", "count": 1})
    );
    let whole = ask(&app, "GET", "", None).await;
    assert_eq!(whole.json["properties"]["status"], "New");
    assert!(whole.json["properties"].get("relatedEntities").is_none());
}

#[tokio::test]
async fn a_comment_is_replaced_by_its_id_and_bounded_in_length_and_number() {
    let app = start(Some((RESPONDER, WORKSPACE))).await;
    let put = async |id: &str, text: &str| {
        let below = format!("comments/{id}");
        let answer = ask(&app, "PUT", &below, Some(&comment(text))).await;
        answer.status
    };
    assert_eq!(put("one", "first").await, 201);
    assert_eq!(put("one", "second").await, 200);
    let listed = ask(&app, "GET", "comments", None).await;
    assert_eq!(listed.json["value"].as_array().unwrap().len(), 1);
    assert_eq!(listed.json["value"][0]["properties"]["message"], "second");
    assert_eq!(put("one", &"x".repeat(30_001)).await, 400);
    assert_eq!(put("one", "").await, 400);
    for number in 1..100 {
        assert_eq!(put(&format!("c{number}"), "x").await, 201);
    }
    assert_eq!(put("one-too-many", "x").await, 400);
    assert_eq!(put("one", "still").await, 200);
}

#[tokio::test]
async fn reads_and_writes_are_counted_apart_and_answers_say_what_is_left() {
    let app = start(Some((RESPONDER, WORKSPACE))).await;
    let limit = |most| AzureLimit {
        most,
        each_second: 0.001,
    };
    app.tenant.set_azure_limits(AzureLimits {
        reads: limit(2.0),
        writes: limit(1.0),
    });
    let left = |answer: &Answer, kind: &str| {
        let name = format!("x-ms-ratelimit-remaining-subscription-{kind}");
        answer.header(&name).to_owned()
    };
    assert_eq!(left(&ask(&app, "GET", "", None).await, "reads"), "1");
    assert_eq!(left(&ask(&app, "GET", "", None).await, "reads"), "0");
    let refused = ask(&app, "GET", "", None).await;
    assert_eq!(
        (refused.status, refused.code()),
        (429, "SubscriptionRequestsThrottled")
    );
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((990..=1_000).contains(&wait), "{wait}");
    let written = ask(&app, "PUT", COMMENT, Some(&comment("x"))).await;
    assert_eq!(
        (written.status, left(&written, "writes")),
        (201, "0".to_owned())
    );
    app.tenant.clock().advance(Duration::from_secs(wait));
    assert_eq!(ask(&app, "GET", "", None).await.status, 200);
}
