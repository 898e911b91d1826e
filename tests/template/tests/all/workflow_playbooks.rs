//! The playbooks: what they send to Evict, and what no parser of Logic Apps asks of them.

use std::fs;

use evict::alert::parse;
use evict::domain::{Parsed, SubjectRef};
use jiff::SignedDuration;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{self, path, span, text, word};
use crate::workflow_language::Status;
use crate::workflow_world::{
    ASK_AND_COMMENT, PLAYBOOKS, REVOKE_ENTITY, TO_THE_QUEUE, answer, call, incident, playbook,
    reply, run_with,
};

/// A subject in the fields that its entry in the index has.
fn as_listed(subject: &SubjectRef, listed: &Value) -> Value {
    let fields = [
        ("id", subject.id.map(|it| it.to_string())),
        ("upn", subject.upn.as_ref().map(|it| it.as_str().into())),
        ("sid", subject.sid.as_ref().map(ToString::to_string)),
        ("mail", subject.mail.as_ref().map(|it| it.as_str().into())),
        ("tenant", subject.tenant.map(|it| it.to_string())),
        ("as", Some(subject.kind.as_str().to_owned())),
    ];
    let of_the_list = |(name, value): (&str, Option<String>)| {
        let value = value.filter(|_| listed.get(name).is_some())?;
        Some((name.to_owned(), Value::from(value)))
    };
    fields.into_iter().filter_map(of_the_list).collect()
}

/// Every action of a scope, nested ones too.
fn actions(scope: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, action) in scope.as_object().into_iter().flatten() {
        found.push((name.clone(), action.clone()));
        found.extend(actions(&action["actions"]));
        found.extend(actions(&action["else"]["actions"]));
    }
    found
}

#[test]
fn every_call_signs_in_as_the_playbook_is_repeated_on_purpose_ends_in_time_and_is_followed_up() {
    for name in PLAYBOOKS {
        let all = actions(&playbook(name)["actions"]);
        for (call, action) in all.iter().filter(|(_, action)| action["type"] == "Http") {
            let (inputs, place) = (&action["inputs"], format!("{name}: {call}"));
            assert!(word(&inputs["uri"]).starts_with("https://"), "{place}");
            let signs_in = &inputs["authentication"];
            assert_eq!(signs_in["type"], "ManagedServiceIdentity", "{place}");
            assert!(signs_in["audience"].is_string(), "{place}");
            assert!(inputs["retryPolicy"]["count"].is_u64(), "{place}");
            // A Consumption workflow waits no longer ("Limits and configuration reference for Azure Logic Apps").
            let timeout = span(word(&action["limit"]["timeout"]));
            assert!(timeout <= SignedDuration::from_mins(2), "{place}");
            for status in [json!("Failed"), json!("TimedOut")] {
                let mut awaited = all
                    .iter()
                    .filter_map(|(_, it)| it["runAfter"][call].as_array());
                assert!(
                    awaited.any(|statuses| statuses.contains(&status)),
                    "{place} {status}"
                );
            }
        }
    }
}

#[test]
fn every_playbook_of_the_folder_is_tested_and_deployed_with_its_parameters() {
    let files = fs::read_dir(path("infra/sentinel/playbooks")).unwrap();
    let mut names: Vec<_> = files.map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, PLAYBOOKS);
    let main = text("infra/sentinel/main.bicep");
    for name in PLAYBOOKS {
        assert!(main.contains(&format!("loadJsonContent('playbooks/{name}')")));
        for parameter in playbook(name)["parameters"].as_object().unwrap().keys() {
            let is_given = main.contains(&format!("{parameter}: {{"));
            assert!(
                is_given || parameter == "$connections",
                "{name}: {parameter}"
            );
        }
    }
}

#[test]
fn evict_reads_the_users_of_the_index_in_what_a_playbook_sends() {
    let mut seen = 0;
    for folder in ["tests/fixtures/inbound", "tests/fixtures/inbound/variants"] {
        let index = support::json(&format!("{folder}/index.json"));
        for entry in index.as_array().unwrap() {
            let playbooks: &[&str] = match entry["shape"].as_str().unwrap() {
                "sentinel-incident-trigger" => &[TO_THE_QUEUE, ASK_AND_COMMENT],
                "sentinel-entity-trigger" => &[REVOKE_ENTITY],
                _ => continue,
            };
            let sample = entry["file"].as_str().unwrap();
            for name in playbooks {
                let trigger = support::json(&format!("{folder}/{sample}"));
                let run = run_with(name, trigger, Status::Succeeded, &answer(200, &[]));
                let parsed = parse(&serde_json::to_vec(&call(&run)["body"]).unwrap());
                assert!(
                    !matches!(parsed, Parsed::Malformed(_)),
                    "{name} with {sample}"
                );
                let (found, listed) = (parsed.accounts(), entry["subjects"].as_array().unwrap());
                assert_eq!(found.len(), listed.len(), "{name} with {sample}");
                for (subject, listed) in found.iter().zip(listed) {
                    let mut expected = listed.clone();
                    expected.as_object_mut().unwrap().remove("name");
                    assert_eq!(as_listed(subject, listed), expected, "{name} with {sample}");
                }
                assert_eq!(parsed.verdict(), entry["verdict"], "{name} with {sample}");
                let incident = entry.get("incidentId").and_then(Value::as_str);
                assert_eq!(parsed.header().incident_id.as_deref(), incident);
                seen += 1;
            }
        }
    }
    assert!(seen > 12, "{seen} samples");
}

#[test]
fn the_queue_and_the_route_are_those_of_the_functions() {
    let trigger = |function: &str| {
        support::json(&format!("function/{function}/function.json"))["bindings"][0].take()
    };
    let created = json!({"statusCode": 201});
    let run = run_with(TO_THE_QUEUE, incident(), Status::Succeeded, &created);
    let queue = trigger("RevokeFromQueue")["queueName"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = format!("https://evict.servicebus.windows.net/{queue}/messages");
    assert_eq!(call(&run)["uri"], expected);
    let (host, http) = (support::json("host.json"), trigger("RevokeFromAlert"));
    let prefix = host["extensions"]["http"]["routePrefix"].as_str().unwrap();
    let route = http["route"].as_str().unwrap();
    for (name, trigger) in [
        (ASK_AND_COMMENT, incident()),
        (REVOKE_ENTITY, json!({"Entity": {}})),
    ] {
        let run = run_with(name, trigger, Status::Succeeded, &answer(200, &[]));
        let call = call(&run);
        assert_eq!(
            call["uri"],
            format!("https://evict.azurewebsites.net/{prefix}/{route}")
        );
        assert_eq!(call["authentication"]["audience"], "api://evict");
        assert_eq!(
            http["methods"],
            json!([call["method"].as_str().unwrap().to_lowercase()])
        );
    }
}

#[test]
fn a_message_id_is_the_same_for_the_same_change_of_an_incident_and_names_nobody() {
    let id = |change: &dyn Fn(&mut Value)| {
        let mut trigger = incident();
        change(&mut trigger);
        let created = json!({"statusCode": 201});
        let run = run_with(TO_THE_QUEUE, trigger, Status::Succeeded, &created);
        let header = call(&run)["headers"]["BrokerProperties"].as_str().unwrap();
        let properties: Value = serde_json::from_str(header).unwrap();
        properties["MessageId"].as_str().unwrap().to_owned()
    };
    let first = "20731ab2-4c8b-4eb4-8f1e-accf4372a2a7-2026-10-02T08:20:05.1128834Z";
    assert!(first.len() <= 128, "Service Bus takes 128 characters");
    assert_eq!(id(&|_| ()), first);
    assert_eq!(
        id(&|it| it["eventUniqueId"] = "00000000-0000-4000-8000-000000000001".into()),
        first
    );
    let changed =
        id(&|it| it["object"]["properties"]["lastModifiedTimeUtc"] = "2026-10-02T08:21:00Z".into());
    assert_ne!(changed, first);
    let timeless = id(&|it| it["object"]["properties"]["lastModifiedTimeUtc"] = Value::Null);
    assert!(timeless.ends_with("-6519a9d5-ac91-40f4-947c-17d30e3a655f"));
}

#[test]
fn what_a_playbook_reads_of_the_reply_is_in_it() {
    let read = Regex::new(r"body\('Ask_Evict'\)((?:\??\['\w+'\])+)").unwrap();
    let key = Regex::new(r"\['(\w+)'\]").unwrap();
    let (reply, mut seen) = (reply(), 0);
    for name in PLAYBOOKS {
        for found in read.captures_iter(&playbook(name)["actions"].to_string()) {
            let keys = key
                .captures_iter(&found[1])
                .map(|it| format!("/{}", &it[1]));
            let pointer: String = keys.collect();
            assert!(reply.pointer(&pointer).is_some(), "{name}: {pointer}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} places");
}

#[test]
fn nothing_that_names_users_stands_in_the_history_of_a_run() {
    let pointer = "/runtimeConfiguration/secureData/properties";
    for name in PLAYBOOKS {
        let definition = playbook(name);
        let triggers = definition["triggers"].as_object().unwrap().clone();
        let named = actions(&definition["actions"])
            .into_iter()
            .filter(|(_, it)| {
                it["type"] == "Http" || it["inputs"].to_string().contains("['comment']")
            });
        for (place, it) in named.chain(triggers) {
            assert_eq!(
                it.pointer(pointer),
                Some(&json!(["inputs", "outputs"])),
                "{name}: {place}"
            );
        }
    }
}

#[test]
fn the_readme_names_every_parameter_and_every_tag() {
    let readme = text("infra/sentinel/README.md");
    let parameters = support::parameters("infra/sentinel/azuredeploy.json");
    let tags = text("infra/sentinel/playbooks/ask-and-comment.json");
    let tags = tags
        .split(['\'', '"'])
        .filter(|it| it.starts_with("evict-") && !it.contains(' '));
    let names: Vec<_> = parameters.keys().map(String::as_str).chain(tags).collect();
    assert!(names.len() > 18, "{names:?}");
    for name in names {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
}
