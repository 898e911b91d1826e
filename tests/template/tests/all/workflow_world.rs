//! The playbooks, the samples that start them, and answers of Evict, for the tests of the workflows.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use evict::domain::{AlertHeader, Mode, NothingToDo, NothingToDoReason, Parsed, Shape};
use evict::receipt::{AlertReport, reply_json};
use serde_json::{Value, json};
use template::workflow::evaluate::{Scene, Status};
use template::workflow::run::{Run, run};

pub(crate) const TO_THE_QUEUE: &str = "to-the-queue.json";
pub(crate) const ASK_AND_COMMENT: &str = "ask-and-comment.json";
pub(crate) const REVOKE_ENTITY: &str = "revoke-entity.json";
pub(crate) const PLAYBOOKS: [&str; 3] = [ASK_AND_COMMENT, REVOKE_ENTITY, TO_THE_QUEUE];

/// A file of the repository.
pub(crate) fn file(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn json_file(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap()
}

pub(crate) fn playbook(name: &str) -> Value {
    json_file(&format!("infra/sentinel/playbooks/{name}"))
}

pub(crate) fn incident() -> Value {
    json_file("tests/fixtures/inbound/sentinel-incident-trigger.json")
}

pub(crate) fn entity(name: &str) -> Value {
    json_file(&format!("tests/fixtures/inbound/{name}"))
}

pub(crate) fn scene(trigger: Value) -> Scene {
    Scene {
        trigger,
        parameters: BTreeMap::from([
            (
                "$connections".to_owned(),
                json!({"azuresentinel": {"connectionId": "/connections/evict-sentinel"}}),
            ),
            ("host".to_owned(), "evict.azurewebsites.net".into()),
            ("audience".to_owned(), "api://evict".into()),
            (
                "serviceBusHost".to_owned(),
                "evict.servicebus.windows.net".into(),
            ),
            ("commentBy".to_owned(), "playbook".into()),
        ]),
        ..Scene::default()
    }
}

/// A run in which the playbook's call ends as given and the connector of Sentinel always does what it is asked.
pub(crate) fn run_with(name: &str, trigger: Value, status: Status, outputs: &Value) -> Run {
    run_as(name, scene(trigger), status, outputs)
}

/// The same, with other parameters.
pub(crate) fn run_as(name: &str, scene: Scene, status: Status, outputs: &Value) -> Run {
    run(&playbook(name), scene, &mut |_, inputs| {
        if inputs.get("uri").is_some() {
            (status, outputs.clone())
        } else {
            (Status::Succeeded, json!({"statusCode": 200}))
        }
    })
    .unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

/// The inputs of the one call over HTTP.
pub(crate) fn call(run: &Run) -> &Value {
    run.steps
        .iter()
        .map(|step| &step.inputs)
        .find(|inputs| inputs.get("uri").is_some())
        .unwrap()
}

/// The comments that were posted.
pub(crate) fn comments(run: &Run) -> Vec<&str> {
    run.steps
        .iter()
        .filter(|step| step.inputs["path"] == "/Incidents/Comment")
        .map(|step| step.inputs["body"]["message"].as_str().unwrap())
        .collect()
}

/// The tags that were put on the incident.
pub(crate) fn tags(run: &Run) -> Vec<&str> {
    run.steps
        .iter()
        .filter(|step| step.inputs["path"] == "/Incidents")
        .flat_map(|step| {
            step.inputs["body"]["tagsToAdd"]["TagsToAdd"]
                .as_array()
                .unwrap()
        })
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
        let place = body["summary"].get_mut(*outcome).unwrap();
        *place = (*count).into();
    }
    json!({"statusCode": status, "body": body})
}
