//! How the playbooks run: what is written on the incident for each answer, and how the run ends.

use serde_json::{Value, json};
use template::workflow::evaluate::Status;
use template::workflow::run::Run;

use crate::workflow_world::{
    ASK_AND_COMMENT, REVOKE_ENTITY, TO_THE_QUEUE, answer, comments, entity, incident, reply,
    run_as, run_with, scene, tags,
};

const FROM_AN_INCIDENT: &str = "sentinel-entity-trigger.json";
const FROM_A_PAGE: &str = "sentinel-entity-trigger-no-incident.json";

fn asked(status: Status, outputs: &Value) -> Run {
    run_with(ASK_AND_COMMENT, incident(), status, outputs)
}

#[test]
fn the_comment_of_the_reply_is_posted_as_it_is_on_the_incident() {
    let run = asked(Status::Succeeded, &answer(200, &[("revoked", 2)]));
    assert_eq!(comments(&run), [reply()["comment"].as_str().unwrap()]);
    let posted = run
        .steps
        .iter()
        .find(|step| step.name == "Say_what_was_done")
        .unwrap();
    assert_eq!(
        posted.inputs["body"]["incidentArmId"],
        incident()["object"]["id"]
    );
    assert_eq!(run.status, Status::Succeeded);
}

#[test]
fn the_tag_tells_the_gravest_outcome() {
    for (status, outcomes, tag) in [
        (200, [("revoked", 2), ("withheld", 1)], "evict-revoked"),
        (200, [("already_cut", 1), ("not_found", 1)], "evict-revoked"),
        (200, [("revoked", 1), ("failed", 1)], "evict-failed"),
        (202, [("handed_over", 1), ("failed", 1)], "evict-failed"),
        (
            202,
            [("handed_over", 1), ("revoked", 1)],
            "evict-handed-over",
        ),
        (
            200,
            [("withheld", 3), ("not_a_user", 1)],
            "evict-nobody-cut",
        ),
        (200, [("revoked", 0), ("failed", 0)], "evict-nobody-cut"),
    ] {
        let run = asked(Status::Succeeded, &answer(status, &outcomes));
        assert_eq!(tags(&run), [tag], "{status} {outcomes:?}");
    }
}

#[test]
fn what_was_handed_to_the_queue_is_said_in_a_comment_of_its_own() {
    let run = asked(Status::Succeeded, &answer(202, &[("handed_over", 3)]));
    let comments = comments(&run);
    assert_eq!(comments.len(), 2);
    assert!(comments[1].contains("3 of this incident's users were handed to the queue"));
    assert_eq!(run.status, Status::Succeeded);
}

#[test]
fn a_call_that_failed_is_told_with_its_status_and_the_next_step_and_fails_the_run() {
    for (status, outputs, told, step) in [
        (
            Status::Failed,
            json!({"statusCode": 500, "body": "oops"}),
            "HTTP status 500",
            "uses the queue",
        ),
        (
            Status::Failed,
            json!({"statusCode": 503, "body": {"error": 1}}),
            "HTTP status 503",
            "uses the queue",
        ),
        (
            Status::Failed,
            json!({"statusCode": 400, "body": {}}),
            "HTTP status 400",
            "by hand",
        ),
        (
            Status::Failed,
            json!({"statusCode": 401}),
            "HTTP status 401",
            "EVICT_ALLOWED_CALLERS",
        ),
        (
            Status::Failed,
            json!({"statusCode": 403}),
            "HTTP status 403",
            "EVICT_ALLOWED_CALLERS",
        ),
        (
            Status::TimedOut,
            Value::Null,
            "ended as TimedOut, with HTTP status none",
            "uses the queue",
        ),
    ] {
        let run = asked(status, &outputs);
        let comments = comments(&run);
        assert_eq!(comments.len(), 1, "{outputs}");
        assert!(comments[0].contains(told), "{}", comments[0]);
        assert!(comments[0].contains(step), "{}", comments[0]);
        assert_eq!(tags(&run), ["evict-failed"]);
        assert_eq!(run.status, Status::Failed);
        assert_eq!(run.error.unwrap()["code"], "NoReport");
    }
}

#[test]
fn an_incident_on_the_queue_is_told_and_one_that_is_not_fails_the_run() {
    let run = run_with(
        TO_THE_QUEUE,
        incident(),
        Status::Succeeded,
        &json!({"statusCode": 201}),
    );
    assert_eq!(comments(&run).len(), 1);
    assert!(comments(&run)[0].contains("was handed to Evict"));
    assert_eq!(run.status, Status::Succeeded);
    for (status, outputs, told) in [
        (Status::Failed, json!({"statusCode": 403}), "status 403"),
        (Status::TimedOut, Value::Null, "status none"),
    ] {
        let run = run_with(TO_THE_QUEUE, incident(), status, &outputs);
        assert_eq!(comments(&run).len(), 1);
        assert!(comments(&run)[0].contains("probably not handed to Evict"));
        assert!(comments(&run)[0].contains(told));
        assert_eq!(run.status, Status::Failed);
    }
}

/// Where Evict tells the incident itself there would be two comments, and a run that fails for entities that are waited for.
#[test]
fn an_incident_that_evict_tells_is_only_sent() {
    let by_evict = |trigger: Value, status: Status, outputs: &Value| {
        let mut scene = scene(trigger);
        scene
            .parameters
            .insert("commentBy".to_owned(), "evict".into());
        run_as(TO_THE_QUEUE, scene, status, outputs)
    };
    let mut pending = incident();
    pending["object"]["properties"]["relatedEntities"] = json!([]);
    let created = json!({"statusCode": 201});
    for trigger in [incident(), pending] {
        let run = by_evict(trigger, Status::Succeeded, &created);
        assert_eq!(run.status, Status::Succeeded);
        assert!(comments(&run).is_empty() && tags(&run).is_empty());
        let sent = run
            .steps
            .iter()
            .filter(|step| step.inputs.get("uri").is_some());
        assert_eq!(sent.count(), 1);
    }
    // What did not reach Evict nobody else can tell.
    let run = by_evict(incident(), Status::Failed, &json!({"statusCode": 403}));
    assert!(comments(&run)[0].contains("probably not handed to Evict"));
    assert_eq!(run.status, Status::Failed);
}

#[test]
fn an_incident_whose_entities_have_not_arrived_is_told_tagged_and_fails_the_run() {
    let warning = "It named no entity when it was sent";
    for (entities, is_warned) in [(json!([]), true), (Value::Null, true), (json!([{}]), false)] {
        let mut trigger = incident();
        trigger["object"]["properties"]["relatedEntities"] = entities;
        let created = json!({"statusCode": 201});
        let queued = run_with(TO_THE_QUEUE, trigger.clone(), Status::Succeeded, &created);
        assert_eq!(comments(&queued)[0].contains(warning), is_warned);
        let answered = answer(200, &[]);
        let asked = run_with(ASK_AND_COMMENT, trigger, Status::Succeeded, &answered);
        for (run, tag) in [(queued, None), (asked, Some("evict-nobody-cut"))] {
            if is_warned {
                assert_eq!(tags(&run), ["evict-no-entities"]);
                assert_eq!(run.status, Status::Failed);
                assert_eq!(run.error.unwrap()["code"], "NoEntities");
            } else {
                assert_eq!(tags(&run), tag.into_iter().collect::<Vec<_>>());
                assert_eq!(run.status, Status::Succeeded);
            }
        }
    }
}

#[test]
fn an_entity_is_told_on_its_incident_if_it_came_from_one() {
    let done = answer(200, &[("revoked", 1)]);
    let run = run_with(
        REVOKE_ENTITY,
        entity(FROM_AN_INCIDENT),
        Status::Succeeded,
        &done,
    );
    assert_eq!(comments(&run), [reply()["comment"].as_str().unwrap()]);
    assert_eq!(
        run.steps[1].inputs["body"]["incidentArmId"],
        entity(FROM_AN_INCIDENT)["IncidentArmID"]
    );
    assert_eq!(run.status, Status::Succeeded);
    let run = run_with(REVOKE_ENTITY, entity(FROM_A_PAGE), Status::Succeeded, &done);
    assert_eq!(comments(&run), Vec::<&str>::new());
    assert_eq!(run.status, Status::Succeeded);
}

#[test]
fn a_run_for_an_entity_succeeds_only_if_the_user_is_cut_or_will_be() {
    for (status, outcome, ended) in [
        (200, "revoked", Status::Succeeded),
        (200, "already_cut", Status::Succeeded),
        (202, "handed_over", Status::Succeeded),
        (200, "withheld", Status::Failed),
        (200, "not_found", Status::Failed),
        (200, "failed", Status::Failed),
    ] {
        let outputs = answer(status, &[(outcome, 1)]);
        let run = run_with(
            REVOKE_ENTITY,
            entity(FROM_A_PAGE),
            Status::Succeeded,
            &outputs,
        );
        assert_eq!(run.status, ended, "{outcome}");
    }
}

#[test]
fn a_call_for_an_entity_that_failed_is_told_and_fails_the_run() {
    for (sample, count) in [(FROM_AN_INCIDENT, 1), (FROM_A_PAGE, 0)] {
        for outputs in [json!({"statusCode": 503, "body": "text"}), Value::Null] {
            let run = run_with(REVOKE_ENTITY, entity(sample), Status::Failed, &outputs);
            assert_eq!(comments(&run).len(), count);
            assert_eq!(run.status, Status::Failed);
            assert_eq!(run.error.unwrap()["code"], "NoReport");
        }
    }
}
