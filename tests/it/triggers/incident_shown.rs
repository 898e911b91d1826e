//! What an incident shows at a glance of an alert that has ended: a label, and the tasks that only people can do. What others wrote
//! there stays as it is.

use std::time::Duration;

use evict::domain::{IncidentLabel, Outcome, Story};
use evict::receipt::{incident_label, incident_tasks};
use sandbox::tenant::World;
use serde_json::{Value, json};

use crate::support::app::{App, outcomes};
use crate::support::receipts::{crowd, report};
use crate::triggers::incident::{
    CAROL, RESPONDER, WORKSPACE, comments, incident, order, start_with, trigger_without_entities,
    world,
};

const LABEL: &str = "PUT */incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7";
const GUEST: &str = "frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com";

async fn start() -> App {
    start_with(
        RESPONDER,
        &[("EVICT_PROTECTED_USERS", "bob.stone@contoso.com")],
    )
    .await
}

async fn start_in(world: World) -> App {
    App::start_in(world, &[("EVICT_SENTINEL_WORKSPACES", WORKSPACE)]).await
}

fn labels(app: &App) -> Vec<String> {
    app.tenant.incident(&incident()).unwrap().labels
}

async fn told(app: &App, message: &Value) -> Value {
    let before = app.receipts().len();
    app.send(message.to_string());
    app.settle().await;
    app.receipts()[before]["incident"].clone()
}

#[tokio::test]
async fn the_label_says_how_an_alert_ended() {
    for (users, label) in [
        (&["alice@contoso.com"][..], "evict-done"),
        (&["alice@contoso.com", GUEST], "evict-partly"),
        (&["nobody@contoso.com"], "evict-nobody-cut"),
    ] {
        let app = start().await;
        assert_eq!(told(&app, &order(users)).await["label"], label);
        assert_eq!(labels(&app), [label]);
        app.end().await;
    }
}

#[tokio::test]
async fn an_incident_without_entities_gets_a_label_and_a_task() {
    let app = start().await;
    let since = app.clock.now() - jiff::SignedDuration::from_mins(16);
    let waiting = json!({
        "users": [], "incident": incident(), "awaits": "entities", "automated": true,
        "handedOn": {"deliveries": 0, "queuedAt": since.to_string()},
    });
    app.send(waiting.to_string());
    app.settle().await;
    assert_eq!(labels(&app), ["evict-no-entities"]);
    let tasks = app.tenant.incident_tasks(&incident());
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].title, "Find out whom this incident is about");
    app.end().await;
}

#[tokio::test]
async fn what_others_wrote_of_the_incident_stays() {
    let mut world = world(RESPONDER);
    let entry = &mut world.access.azure.incidents[0];
    entry.labels = vec!["vip".to_owned()];
    entry.description = Some("Tokens of alice replayed from two countries.".to_owned());
    entry.owner = Some(
        json!({"objectId": CAROL, "assignedTo": "Carol Nunez", "email": null, "userPrincipalName": null}),
    );
    let app = start_in(world).await;
    assert!(app.tenant.close_incident(&incident(), "TruePositive"));
    let before = app.tenant.incident(&incident()).unwrap();
    told(&app, &order(&["alice@contoso.com"])).await;
    let mut after = app.tenant.incident(&incident()).unwrap();
    assert_eq!(after.labels.pop().as_deref(), Some("evict-done"));
    assert_eq!(after, before);
    app.end().await;
}

/// An analyst adds a label between Evict's reading and its writing.
#[tokio::test]
async fn nobody_elses_change_is_lost_to_the_label() {
    let app = start().await;
    app.tenant.hold(LABEL);
    app.send(order(&["alice@contoso.com"]).to_string());
    app.tenant.wait_for_call(LABEL).await;
    assert!(app.tenant.label_incident(&incident(), "vip"));
    app.tenant.release_all();
    app.settle().await;
    assert_eq!(labels(&app), ["vip", "evict-done"]);
    assert_eq!(app.receipts()[0]["incident"]["label"], "evict-done");
    let calls = app.tenant.azure_calls();
    let refused = calls.iter().filter(|call| call.status == Some(409));
    assert_eq!(refused.count(), 1);
    app.end().await;
}

#[tokio::test]
async fn what_is_shown_already_is_not_written_again() {
    let app = start().await;
    let users = ["alice@contoso.com", GUEST];
    told(&app, &order(&users)).await;
    assert!(app.tenant.complete_tasks(&incident()));
    let again = told(&app, &order(&users)).await;
    assert_eq!(
        (&again["label"], &again["tasks"]),
        (&json!("evict-partly"), &json!(1))
    );
    assert_eq!(labels(&app), ["evict-partly"]);
    let tasks = app.tenant.incident_tasks(&incident());
    assert_eq!((tasks.len(), tasks[0].writes), (1, 1));
    assert_eq!(tasks[0].status, "Completed");
    app.end().await;
}

#[tokio::test]
async fn the_tasks_are_what_only_people_can_do() {
    let app = start().await;
    let users = [
        "alice@contoso.com",
        "bob.stone@contoso.com",
        GUEST,
        "nobody@contoso.com",
    ];
    assert_eq!(told(&app, &order(&users)).await["tasks"], 2);
    let tasks = app.tenant.incident_tasks(&incident());
    let shown: Vec<String> = tasks
        .iter()
        .map(|task| format!("[{}] {}\n{}", task.status, task.title, task.description))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    [New] Decide about bob.stone@contoso.com, who is protected and may be compromised
    Not cut: the user is protected by EVICT_PROTECTED_USERS. Next: a person decides, and cuts the sessions in the Entra admin center if need be. This user is on the list of protected users. If the account itself is compromised, a person has to act.
    [New] Have the home tenant of frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com cut the sessions
    Not cut, and not from here: an external user, who signs in at the home tenant (probably fabrikam.com). Next: ask that tenant to cut the sessions, and block or remove the guest account here.
    ");
    app.end().await;
}

#[test]
fn a_name_that_fits_several_is_a_task_and_a_crowd_is_a_bounded_number_of_them() {
    let story = Story::of(uuid::Uuid::nil());
    let (parsed, receipts) = crowd(2, &Outcome::Ambiguous { candidates: 2 }, None);
    let tasks = incident_tasks(&report(&parsed, &receipts), &story);
    let titles: Vec<&str> = tasks.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Say which user is meant by user0@contoso.com",
            "Say which user is meant by user1@contoso.com"
        ]
    );
    let elsewhere = Outcome::NotEffective { home_domain: None };
    let (parsed, receipts) = crowd(50, &elsewhere, None);
    let report = report(&parsed, &receipts);
    assert_eq!(incident_tasks(&report, &story).len(), 20);
    assert_eq!(
        incident_label(&report, &story),
        Some(IncidentLabel::NobodyCut)
    );
}

/// Carol goes on; what has ended is no answer for the alert yet.
#[tokio::test]
async fn an_alert_of_which_some_goes_on_has_no_label_before_it_has_ended() {
    let app = start().await;
    let revoke = format!("POST /v1.0/users/{CAROL}/revokeSignInSessions");
    let fault = sandbox::tenant::Fault::on(revoke.as_str());
    app.tenant.faults().add(fault.times(6).answer(503));
    app.send(order(&["alice@contoso.com", "carol.nunez@contoso.com"]).to_string());
    app.settle().await;
    let receipts = app.receipts();
    let shown: Vec<&Value> = receipts
        .iter()
        .map(|receipt| &receipt["incident"]["label"])
        .collect();
    assert_eq!(shown.last(), Some(&&json!("evict-done")));
    assert!(shown[0].is_null(), "{shown:?}");
    assert_eq!(labels(&app), ["evict-done"]);
    app.end().await;
}

/// Closing an incident as a true positive, or merging it into another, clears nobody.
#[tokio::test]
async fn an_incident_that_was_closed_for_a_reason_that_clears_nobody_is_acted_on() {
    let app = start().await;
    assert!(app.tenant.close_incident(&incident(), "TruePositive"));
    let sent = include_str!("../../sandbox/alerts/sentinel-incident.json");
    app.tenant.hold_answer("GET /v1.0/users/*");
    app.send(sent.to_owned());
    app.tenant.wait_for_call("GET */incidents/*").await;
    app.tenant.release_all();
    app.settle().await;
    assert_eq!(outcomes(&app.receipts())[0], "revoked");
    app.end().await;

    let app = start().await;
    assert!(app.tenant.close_incident(&incident(), "Undetermined"));
    assert!(app.tenant.label_incident(&incident(), "Redirected"));
    app.send(sent.to_owned());
    app.settle().await;
    assert_eq!(outcomes(&app.receipts())[0], "revoked");
    assert_eq!(labels(&app), ["Redirected", "evict-partly"]);
    app.end().await;
}

#[tokio::test]
async fn an_incident_that_was_merged_while_it_waited_is_left_to_a_person() {
    let app = start().await;
    assert!(app.tenant.close_incident(&incident(), "Undetermined"));
    assert!(app.tenant.label_incident(&incident(), "Redirected"));
    app.send(trigger_without_entities().to_string());
    app.settle().await;
    assert_eq!(app.host.messages("evict-rejected").len(), 1);
    assert_eq!(app.revocations(), 0);
    app.end().await;
}

/// An HTTP caller has no place to wait: what Azure does not answer within a glance is answered without it.
#[tokio::test]
async fn azure_that_does_not_answer_keeps_no_http_caller() {
    let app = start().await;
    app.tenant.hold("GET */incidents/*");
    let asked = tokio::time::Instant::now();
    let answer = app.post(trigger_without_entities().to_string()).await;
    assert_eq!(answer.body["alert"]["nothingToDo"], "entities_pending");
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(comments(&app).is_empty());
    app.tenant.release_all();
    app.end().await;
}
