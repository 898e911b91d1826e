//! The playbooks, the samples that start them, and answers of Evict.

use evict::domain::{AlertHeader, Mode, NothingToDo, NothingToDoReason, Parsed, Shape};
use evict::receipt::{AlertReport, reply_json};
use serde_json::{Value, json};

use crate::support;
use crate::workflow_language::{Scene, Status};
use crate::workflow_service::{Run, run};

pub(crate) const TO_THE_QUEUE: &str = "to-the-queue.json";
pub(crate) const ASK_AND_COMMENT: &str = "ask-and-comment.json";
pub(crate) const REVOKE_ENTITY: &str = "revoke-entity.json";
pub(crate) const PLAYBOOKS: [&str; 3] = [ASK_AND_COMMENT, REVOKE_ENTITY, TO_THE_QUEUE];

pub(crate) fn playbook(name: &str) -> Value {
    support::json(&format!("infra/sentinel/playbooks/{name}"))
}

pub(crate) fn inbound(name: &str) -> Value {
    support::json(&format!("tests/fixtures/inbound/{name}"))
}

pub(crate) fn incident() -> Value {
    inbound("sentinel-incident-trigger.json")
}

/// A run in which the playbook's call ends as given and the connector of Sentinel always does what it is asked.
pub(crate) fn run_with(name: &str, trigger: Value, status: Status, outputs: &Value) -> Run {
    run_as(name, scene(trigger), status, outputs)
}

pub(crate) fn scene(trigger: Value) -> Scene {
    let parameters = json!({
        "$connections": {"azuresentinel": {"connectionId": "/connections/evict-sentinel"}},
        "host": "evict.azurewebsites.net",
        "audience": "api://evict",
        "serviceBusHost": "evict.servicebus.windows.net",
        "commentBy": "playbook",
    });
    Scene {
        trigger,
        parameters: parameters.as_object().unwrap().clone(),
        ..Scene::default()
    }
}

/// The same, with other parameters.
pub(crate) fn run_as(name: &str, scene: Scene, status: Status, outputs: &Value) -> Run {
    let ended = run(&playbook(name), scene, &mut |inputs| {
        if inputs.get("uri").is_some() {
            (status, outputs.clone())
        } else {
            (Status::Succeeded, json!({"statusCode": 200}))
        }
    });
    ended.unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

/// The inputs of the one call over HTTP.
pub(crate) fn call(run: &Run) -> &Value {
    let mut inputs = run.steps.iter().map(|(_, inputs)| inputs);
    inputs.find(|inputs| inputs.get("uri").is_some()).unwrap()
}

/// What was asked of the connector at a path.
fn asked<'a>(run: &'a Run, path: &str) -> impl Iterator<Item = &'a Value> {
    let inputs = run.steps.iter().map(|(_, inputs)| inputs);
    inputs
        .filter(move |it| it["path"] == path)
        .map(|it| &it["body"])
}

/// The comments that were posted.
pub(crate) fn comments(run: &Run) -> Vec<&str> {
    let bodies = asked(run, "/Incidents/Comment");
    bodies.map(|it| it["message"].as_str().unwrap()).collect()
}

/// The incidents on which was commented.
pub(crate) fn commented(run: &Run) -> Vec<&Value> {
    let bodies = asked(run, "/Incidents/Comment");
    bodies.map(|it| &it["incidentArmId"]).collect()
}

/// The tags that were put on the incident.
pub(crate) fn tags(run: &Run) -> Vec<&str> {
    let lists = asked(run, "/Incidents").map(|it| it["tagsToAdd"]["TagsToAdd"].as_array().unwrap());
    lists
        .flatten()
        .map(|tag| tag["Tag"].as_str().unwrap())
        .collect()
}

/// A reply as Evict makes it, for an alert in which there is nothing to do.
pub(crate) fn reply() -> Value {
    let parsed = Parsed::NothingToDo(NothingToDo {
        header: AlertHeader::new(Shape::SentinelIncidentTrigger),
        subjects: Vec::new(),
        mentioned: Vec::new(),
        unread: Vec::new(),
        incident: None,
        reason: NothingToDoReason::NoAccount,
    });
    let report = AlertReport {
        parsed: &parsed,
        receipts: &[],
        mode: Mode::Enforce,
        requested_by: None,
    };
    serde_json::from_str(&reply_json(&report)).unwrap()
}

/// The outputs of a call that Evict answered, with some outcomes in the reply's sum.
pub(crate) fn answer(status: u16, outcomes: &[(&str, u64)]) -> Value {
    let mut body = reply();
    for (outcome, count) in outcomes {
        *body["summary"].get_mut(*outcome).unwrap() = (*count).into();
    }
    json!({"statusCode": status, "body": body})
}
