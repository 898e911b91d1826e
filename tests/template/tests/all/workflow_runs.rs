//! How the playbooks run: what is written on the incident for each answer, and how the run ends.

use serde_json::{Value, json};

use crate::workflow_language::Status;
use crate::workflow_service::Run;
use crate::workflow_world::{
    ASK_AND_COMMENT, REVOKE_ENTITY, TO_THE_QUEUE, answer, commented, comments, inbound, incident,
    reply, run_as, run_with, scene, tags,
};

const FROM_AN_INCIDENT: &str = "sentinel-entity-trigger.json";
const FROM_A_PAGE: &str = "sentinel-entity-trigger-no-incident.json";

fn asked(status: Status, outputs: &Value) -> Run {
    run_with(ASK_AND_COMMENT, incident(), status, outputs)
}

fn queued(status: Status, outputs: &Value) -> Run {
    run_with(TO_THE_QUEUE, incident(), status, outputs)
}

fn of_entity(sample: &str, status: Status, outputs: &Value) -> Run {
    run_with(REVOKE_ENTITY, inbound(sample), status, outputs)
}

/// A run that fails by saying why.
fn assert_failed(run: &Run, code: &str) {
    assert_eq!(run.status, Status::Failed);
    assert_eq!(run.error.as_ref().unwrap()["code"], code);
}

#[test]
fn the_comment_of_the_reply_is_posted_as_it_is_on_the_incident() {
    let run = asked(Status::Succeeded, &answer(200, &[("revoked", 2)]));
    assert_eq!(comments(&run), [reply()["comment"].as_str().unwrap()]);
    assert_eq!(commented(&run), [&incident()["object"]["id"]]);
    assert_eq!(run.status, Status::Succeeded);
}

#[test]
fn the_tag_tells_the_gravest_outcome() {
    for (status, one, other, tag) in [
        (200, ("revoked", 2), ("withheld", 1), "evict-revoked"),
        (200, ("already_cut", 1), ("not_found", 1), "evict-revoked"),
        (200, ("revoked", 1), ("failed", 1), "evict-failed"),
        (202, ("handed_over", 1), ("failed", 1), "evict-failed"),
        (202, ("handed_over", 1), ("revoked", 1), "evict-handed-over"),
        (200, ("withheld", 3), ("not_a_user", 1), "evict-nobody-cut"),
        (200, ("revoked", 0), ("failed", 0), "evict-nobody-cut"),
    ] {
        let run = asked(Status::Succeeded, &answer(status, &[one, other]));
        assert_eq!(tags(&run), [tag], "{status} {one:?} {other:?}");
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
    for (status, body, step) in [
        (500, json!("oops"), "uses the queue"),
        (503, json!({"error": 1}), "uses the queue"),
        (400, json!({}), "by hand"),
        (401, Value::Null, "EVICT_ALLOWED_CALLERS"),
        (403, Value::Null, "EVICT_ALLOWED_CALLERS"),
    ] {
        let outputs = json!({"statusCode": status, "body": body});
        let run = asked(Status::Failed, &outputs);
        assert_told(&run, &[&format!("HTTP status {status}"), step]);
    }
    let run = asked(Status::TimedOut, &Value::Null);
    assert_told(
        &run,
        &["ended as TimedOut, with HTTP status none", "uses the queue"],
    );
}

/// The one comment has these words, and the tag and the end of the run say that there was no report.
fn assert_told(run: &Run, words: &[&str]) {
    let comment = only_comment(run);
    assert!(words.iter().all(|it| comment.contains(it)), "{comment}");
    assert_eq!(tags(run), ["evict-failed"]);
    assert_failed(run, "NoReport");
}

fn only_comment(run: &Run) -> &str {
    let [comment] = comments(run)[..] else {
        panic!("{:?}", comments(run));
    };
    comment
}

#[test]
fn an_incident_on_the_queue_is_told_and_one_that_is_not_fails_the_run() {
    let run = queued(Status::Succeeded, &json!({"statusCode": 201}));
    assert!(only_comment(&run).contains("was handed to Evict"));
    assert_eq!(run.status, Status::Succeeded);
    for (status, outputs, expected) in [
        (Status::Failed, json!({"statusCode": 403}), "status 403"),
        (Status::TimedOut, Value::Null, "status none"),
    ] {
        let run = queued(status, &outputs);
        let comment = only_comment(&run);
        assert!(comment.contains("probably not handed to Evict") && comment.contains(expected));
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
            .filter(|(_, inputs)| inputs.get("uri").is_some());
        assert_eq!(sent.count(), 1);
    }
    // What did not reach Evict nobody else can tell.
    let run = by_evict(incident(), Status::Failed, &json!({"statusCode": 403}));
    assert!(comments(&run)[0].contains("probably not handed to Evict"));
    assert_eq!(run.status, Status::Failed);
}

#[test]
fn an_incident_whose_entities_have_not_arrived_is_told_tagged_and_fails_the_run() {
    for (entities, is_warned) in [(json!([]), true), (Value::Null, true), (json!([{}]), false)] {
        for (name, outputs, tag) in [
            (TO_THE_QUEUE, json!({"statusCode": 201}), None),
            (ASK_AND_COMMENT, answer(200, &[]), Some("evict-nobody-cut")),
        ] {
            let mut trigger = incident();
            trigger["object"]["properties"]["relatedEntities"] = entities.clone();
            let run = run_with(name, trigger, Status::Succeeded, &outputs);
            if is_warned {
                assert_eq!(tags(&run), ["evict-no-entities"]);
                assert_failed(&run, "NoEntities");
            } else {
                assert_eq!(tags(&run), Vec::from_iter(tag));
                assert_eq!(run.status, Status::Succeeded);
            }
            let said = comments(&run)[0].contains("It named no entity when it was sent");
            assert_eq!(said, is_warned && name == TO_THE_QUEUE);
        }
    }
}

#[test]
fn an_entity_is_told_on_its_incident_if_it_came_from_one() {
    let done = answer(200, &[("revoked", 1)]);
    let run = of_entity(FROM_AN_INCIDENT, Status::Succeeded, &done);
    assert_eq!(comments(&run), [reply()["comment"].as_str().unwrap()]);
    let trigger = inbound(FROM_AN_INCIDENT);
    assert_eq!(commented(&run), [&trigger["IncidentArmID"]]);
    let run = of_entity(FROM_A_PAGE, Status::Succeeded, &done);
    assert_eq!(comments(&run), Vec::<&str>::new());
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
        for sample in [FROM_AN_INCIDENT, FROM_A_PAGE] {
            let run = of_entity(sample, Status::Succeeded, &outputs);
            assert_eq!(run.status, ended, "{outcome}");
        }
    }
}

#[test]
fn a_call_for_an_entity_that_failed_is_told_and_fails_the_run() {
    for (sample, count) in [(FROM_AN_INCIDENT, 1), (FROM_A_PAGE, 0)] {
        for outputs in [json!({"statusCode": 503, "body": "text"}), Value::Null] {
            let run = of_entity(sample, Status::Failed, &outputs);
            assert_eq!(comments(&run).len(), count);
            assert_failed(&run, "NoReport");
        }
    }
}
