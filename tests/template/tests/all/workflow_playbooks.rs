//! The playbooks: what they send to Evict, and that nothing is wrong in them.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use evict::alert::parse;
use evict::domain::{Parsed, SubjectRef};
use serde_json::{Value, json};
use template::duration;
use template::workflow::evaluate::Status;
use template::workflow::expression::{Expression, template};

use crate::workflow_world::{
    ASK_AND_COMMENT, PLAYBOOKS, REVOKE_ENTITY, TO_THE_QUEUE, answer, call, file, incident,
    json_file, playbook, reply, run_with,
};

fn subjects(parsed: &Parsed) -> Vec<SubjectRef> {
    if let Parsed::Malformed(malformed) = parsed {
        panic!("{}: {}", malformed.path, malformed.expected);
    }
    parsed.accounts()
}

/// A subject in the fields that its entry in the index has.
fn as_listed(subject: &SubjectRef, listed: &Value) -> Value {
    let fields = [
        ("id", subject.id.map(|id| id.to_string())),
        ("upn", subject.upn.as_ref().map(|upn| upn.as_str().into())),
        ("sid", subject.sid.as_ref().map(ToString::to_string)),
        (
            "mail",
            subject.mail.as_ref().map(|mail| mail.as_str().into()),
        ),
        ("tenant", subject.tenant.map(|tenant| tenant.to_string())),
        ("as", Some(subject.kind.as_str().to_owned())),
    ];
    fields
        .into_iter()
        .filter(|(name, _)| listed.get(*name).is_some())
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
        .collect()
}

/// Every string of a definition.
fn strings(value: &Value, visitor: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => visitor(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, visitor)),
        Value::Object(object) => object.values().for_each(|item| strings(item, visitor)),
        _ => {}
    }
}

/// Every action of a definition, nested ones too.
fn actions<'a>(scope: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    for (name, action) in scope.as_object().into_iter().flatten() {
        found.push((name, action));
        actions(&action["actions"], found);
        actions(&action["else"]["actions"], found);
    }
}

#[test]
fn every_call_signs_in_as_the_playbook_is_repeated_on_purpose_and_ends_in_time() {
    for name in PLAYBOOKS {
        let definition = playbook(name);
        let mut found = Vec::new();
        actions(&definition["actions"], &mut found);
        let calls = found.iter().filter(|(_, action)| action["type"] == "Http");
        for (action, definition) in calls {
            let inputs = &definition["inputs"];
            assert!(
                inputs["uri"].as_str().unwrap().starts_with("https://"),
                "{name}: {action}"
            );
            assert_eq!(inputs["authentication"]["type"], "ManagedServiceIdentity");
            assert!(
                inputs["authentication"]["audience"].is_string(),
                "{name}: {action}"
            );
            assert!(inputs["retryPolicy"]["count"].is_u64(), "{name}: {action}");
            // A Consumption workflow waits no longer ("Limits and configuration reference for Azure Logic Apps").
            let timeout =
                duration::parse(definition["limit"]["timeout"].as_str().unwrap()).unwrap();
            assert!(timeout <= Duration::from_mins(2), "{name}: {action}");
        }
    }
}

#[test]
fn every_playbook_of_the_folder_is_tested_and_deployed_with_its_parameters() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/sentinel/playbooks");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, PLAYBOOKS);
    let main = file("infra/sentinel/main.bicep");
    for name in PLAYBOOKS {
        assert!(main.contains(&format!("loadJsonContent('playbooks/{name}')")));
        for parameter in playbook(name)["parameters"].as_object().unwrap().keys() {
            let is_given =
                parameter == "$connections" || main.contains(&format!("{parameter}: {{"));
            assert!(is_given, "{name}: {parameter}");
        }
    }
}

#[test]
fn evict_reads_the_users_of_the_index_in_what_a_playbook_sends() {
    let mut seen = 0;
    for folder in ["tests/fixtures/inbound", "tests/fixtures/inbound/variants"] {
        for entry in json_file(&format!("{folder}/index.json"))
            .as_array()
            .unwrap()
        {
            let playbooks: &[&str] = match entry["shape"].as_str().unwrap() {
                "sentinel-incident-trigger" => &[TO_THE_QUEUE, ASK_AND_COMMENT],
                "sentinel-entity-trigger" => &[REVOKE_ENTITY],
                _ => continue,
            };
            let sample = entry["file"].as_str().unwrap();
            for name in playbooks {
                let trigger = json_file(&format!("{folder}/{sample}"));
                let run = run_with(name, trigger, Status::Succeeded, &answer(200, &[]));
                let sent = serde_json::to_vec(&call(&run)["body"]).unwrap();
                let parsed = parse(&sent);
                let listed = entry["subjects"].as_array().unwrap();
                let found = subjects(&parsed);
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
    let created = json!({"statusCode": 201});
    let run = run_with(TO_THE_QUEUE, incident(), Status::Succeeded, &created);
    let queue = json_file("function/RevokeFromQueue/function.json")["bindings"][0].clone();
    let queue = queue["queueName"].as_str().unwrap();
    assert_eq!(
        call(&run)["uri"],
        format!("https://evict.servicebus.windows.net/{queue}/messages")
    );
    let route = json_file("function/RevokeFromAlert/function.json")["bindings"][0].clone();
    let prefix = json_file("host.json")["extensions"]["http"]["routePrefix"].clone();
    let path = format!(
        "{}/{}",
        prefix.as_str().unwrap(),
        route["route"].as_str().unwrap()
    );
    for (name, trigger) in [
        (ASK_AND_COMMENT, incident()),
        (REVOKE_ENTITY, json!({"Entity": {}})),
    ] {
        let run = run_with(name, trigger, Status::Succeeded, &answer(200, &[]));
        let call = call(&run);
        assert_eq!(
            call["uri"],
            format!("https://evict.azurewebsites.net/{path}")
        );
        assert_eq!(call["authentication"]["audience"], "api://evict");
        let method = call["method"].as_str().unwrap().to_lowercase();
        assert_eq!(route["methods"], json!([method]));
    }
}

#[test]
fn a_message_id_is_the_same_for_the_same_change_of_an_incident_and_names_nobody() {
    let id = |trigger: Value| {
        let created = json!({"statusCode": 201});
        let run = run_with(TO_THE_QUEUE, trigger, Status::Succeeded, &created);
        let header = call(&run)["headers"]["BrokerProperties"].as_str().unwrap();
        let properties: Value = serde_json::from_str(header).unwrap();
        properties["MessageId"].as_str().unwrap().to_owned()
    };
    let first = id(incident());
    assert_eq!(
        first,
        "20731ab2-4c8b-4eb4-8f1e-accf4372a2a7-2026-10-02T08:20:05.1128834Z"
    );
    let mut again = incident();
    again["eventUniqueId"] = "00000000-0000-4000-8000-000000000001".into();
    assert_eq!(id(again), first);
    let mut changed = incident();
    changed["object"]["properties"]["lastModifiedTimeUtc"] = "2026-10-02T08:21:00Z".into();
    assert_ne!(id(changed), first);
    let mut timeless = incident();
    timeless["object"]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("lastModifiedTimeUtc");
    assert!(id(timeless).ends_with("-6519a9d5-ac91-40f4-947c-17d30e3a655f"));
    assert!(first.len() <= 128, "Service Bus takes 128 characters");
}

#[test]
fn what_a_playbook_reads_of_the_reply_is_in_it() {
    let reply = reply();
    let mut seen = 0;
    for name in PLAYBOOKS {
        strings(&playbook(name)["actions"], &mut |text| {
            let Ok(read) = template(text) else { return };
            for expression in read.expressions() {
                expression.visit(&mut |part| {
                    if let Some(path) = path_in_reply(part) {
                        assert!(reply.pointer(&path).is_some(), "{name}: {path}");
                        seen += 1;
                    }
                });
            }
        });
    }
    assert!(seen > 10, "{seen} places");
}

/// The path of `body('Ask_Evict')?['a']?['b']`, as a JSON pointer.
fn path_in_reply(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Call { name, .. } if name == "body" => Some(String::new()),
        Expression::Member { of, key, .. } => match &**key {
            Expression::Literal(Value::String(key)) => {
                Some(format!("{}/{key}", path_in_reply(of)?))
            }
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn nothing_that_names_users_stands_in_the_history_of_a_run() {
    for name in PLAYBOOKS {
        let definition = playbook(name);
        let secured = json!(["inputs", "outputs"]);
        let pointer = "/runtimeConfiguration/secureData/properties";
        for trigger in definition["triggers"].as_object().unwrap().values() {
            assert_eq!(trigger.pointer(pointer), Some(&secured), "{name}");
        }
        let mut found = Vec::new();
        actions(&definition["actions"], &mut found);
        for (action, definition) in found {
            let inputs = definition["inputs"].to_string();
            if definition["type"] == "Http" || inputs.contains("['comment']") {
                assert_eq!(
                    definition.pointer(pointer),
                    Some(&secured),
                    "{name}: {action}"
                );
            }
        }
    }
}

#[test]
fn every_failure_of_a_call_is_followed_up() {
    for name in PLAYBOOKS {
        let definition = playbook(name);
        let mut found = Vec::new();
        actions(&definition["actions"], &mut found);
        for (call, _) in found.iter().filter(|(_, action)| action["type"] == "Http") {
            for status in ["Failed", "TimedOut"] {
                let is_followed = found.iter().any(|(_, action)| {
                    action["runAfter"][call]
                        .as_array()
                        .is_some_and(|statuses| statuses.contains(&status.into()))
                });
                assert!(is_followed, "{name}: {call} {status}");
            }
        }
    }
}

#[test]
fn the_readme_names_every_parameter_and_every_tag() {
    let readme = file("infra/sentinel/README.md");
    let main = file("infra/sentinel/main.bicep");
    let names = main
        .lines()
        .filter_map(|line| line.strip_prefix("param ")?.split(' ').next());
    let tags = file("infra/sentinel/playbooks/ask-and-comment.json");
    let tags = tags
        .split(['\'', '"'])
        .filter(|word| word.starts_with("evict-") && !word.contains(' '));
    let mut seen = 0;
    for name in names.chain(tags) {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
        seen += 1;
    }
    assert!(seen > 18, "{seen} names");
}
