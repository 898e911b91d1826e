//! The schema of the `--json` answers: kept, complete, and true of real answers of every verb. The test closes the
//! schema, so that an undocumented field fails.

use std::fs;

use jsonschema::Validator;
use sandbox::tenant::Fault;
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::golden;
use crate::support::operator_shell::{AZ_SCOPES, PERSON, Shell};
use crate::verbs::help_examples::every_help;
use crate::verbs::letters::{given_up, rejected};

async fn schema() -> Value {
    let shell = Shell::signed_out().await;
    let answer = shell.evict(&["schema"]).await;
    assert_eq!((answer.code, answer.errors.as_str()), (0, ""));
    serde_json::from_str(&answer.output).unwrap()
}

/// Closes every object against undocumented fields. Parts in `allOf`, `anyOf` and `oneOf` belong to the object around
/// them, which is closed instead.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match (name.as_str(), value) {
                    ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                        for part in parts {
                            let inner = part.as_object_mut().unwrap().get_mut("properties");
                            inner.into_iter().for_each(close);
                        }
                    }
                    (_, value) => close(value),
                }
            }
            let is_object = fields.contains_key("properties")
                && fields.get("type").is_some_and(|kind| kind == "object");
            if is_object {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The closed schema of one verb's answer.
struct Answers(Value);

impl Answers {
    async fn closed() -> Self {
        Self::of_schema(schema().await)
    }

    fn of_schema(mut schema: Value) -> Self {
        schema["$defs"]
            .as_object_mut()
            .unwrap()
            .values_mut()
            .for_each(close);
        schema["properties"]
            .as_object_mut()
            .unwrap()
            .values_mut()
            .for_each(close);
        Self(schema)
    }

    fn of(&self, verb: &str) -> Validator {
        assert!(self.0["properties"][verb].is_object(), "{verb}");
        let pointer = verb.replace(' ', "%20");
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": self.0["$defs"],
            "properties": self.0["properties"],
            "$ref": format!("#/properties/{pointer}"),
        });
        // The answer itself has no properties with the verbs' names, so `properties` requires nothing of it.
        jsonschema::validator_for(&schema).unwrap()
    }

    /// Checks an answer against the schema, and that the schema would reject an unknown field.
    fn hold(&self, verb: &str, text: &str) {
        self.hold_each(verb, &[text.to_owned()]);
    }

    fn hold_each(&self, verb: &str, texts: &[String]) {
        let validator = self.of(verb);
        for text in texts {
            hold(&validator, verb, text);
        }
    }
}

fn hold(validator: &Validator, verb: &str, text: &str) {
    let mut answer: Value = serde_json::from_str(text).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&answer)
        .map(|problem| format!("{} at {}", problem, problem.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{verb}: {problems:#?}\n{text}");
    let mut objects = 0;
    plant(&mut answer, &mut objects, usize::MAX);
    for at in 0..objects {
        let mut strange: Value = serde_json::from_str(text).unwrap();
        plant(&mut strange, &mut 0, at);
        assert!(
            !validator.is_valid(&strange),
            "{verb}: a strange field is not noticed: {strange:#}"
        );
    }
}

/// Counts the objects of a document, and puts an unknown field into the one with this number.
fn plant(value: &mut Value, number: &mut usize, at: usize) {
    match value {
        Value::Object(fields) => {
            let here = *number == at;
            *number += 1;
            fields
                .values_mut()
                .for_each(|value| plant(value, number, at));
            if here {
                fields.insert("strange".to_owned(), json!(1));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|value| plant(value, number, at)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_schema_is_the_one_that_is_kept() {
    let text = format!("{:#}\n", schema().await);
    golden::hold("tests/fixtures/schemas/evict-answers.json", &text);
}

#[tokio::test]
async fn every_verb_that_answers_in_json_is_in_the_schema() {
    let schema = schema().await;
    let documented: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let mut answering: Vec<String> = every_help()
        .await
        .into_iter()
        .filter(|(_, help)| help.lines().any(|line| line.trim().starts_with("--json")))
        .map(|(verb, _)| verb)
        .collect();
    answering.sort();
    let mut documented: Vec<String> = documented.into_iter().cloned().collect();
    documented.sort();
    assert_eq!(answering, documented);
}

#[tokio::test]
async fn every_field_of_the_schema_says_what_it_is() {
    let schema = schema().await;
    let mut fields = 0;
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        assert!(definition["description"].is_string(), "{name}");
        // Its fields are the outcomes, each with its count.
        if name == "Summary" {
            continue;
        }
        for (field, holds) in definition["properties"].as_object().into_iter().flatten() {
            assert!(
                holds["description"].is_string(),
                "{name}.{field} says nothing of itself: {holds}"
            );
            fields += 1;
        }
    }
    assert!(fields > 60, "{fields}");
}

#[tokio::test]
async fn what_explain_and_settings_answer_is_in_the_schema() {
    let answers = Answers::closed().await;
    let shell = Shell::signed_out().await;
    answers.hold(
        "settings",
        &shell.evict(&["settings", "--json"]).await.output,
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/inbound");
    let mut explained = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.file_name().unwrap() == "index.json" {
            continue;
        }
        let answer = shell
            .evict(&["explain", "--json", path.to_str().unwrap()])
            .await;
        answers.hold("explain", &answer.output);
        explained += 1;
    }
    assert!(explained > 30, "{explained}");
}

#[tokio::test]
async fn what_revoke_and_status_answer_is_in_the_schema() {
    let answers = Answers::closed().await;
    let mut shell = Shell::signed_in(AZ_SCOPES).await;
    shell.set("EVICT_PROTECTED_USERS", "ivy.lund@contoso.com");
    let people = [
        "--json",
        "alice@contoso.com",
        "ivy.lund@contoso.com",
        "frank.moreau@fabrikam.com",
        "alcie@contoso.com",
        "front.desk@contoso.com",
    ];
    let read = |answer: crate::support::operator_shell::Answer| {
        assert_eq!(answer.code, 1, "{}", answer.errors);
        answer.output
    };
    answers.hold(
        "status",
        &read(shell.evict(&[&["status"], &people[..]].concat()).await),
    );
    answers.hold(
        "revoke",
        &read(
            shell
                .evict(&[&["revoke", "--yes", "--reason", "a test"], &people[..]].concat())
                .await,
        ),
    );
    shell.sign_in(&[
        "User.ReadWrite.All",
        "Group.ReadWrite.All",
        "AuditLog.Read.All",
        "IdentityRiskyUser.Read.All",
    ]);
    assert!(shell.tenant.sign_in("alice@contoso.com", "Browser"));
    answers.hold(
        "status",
        &read(shell.evict(&[&["status"], &people[..]].concat()).await),
    );
    // Refused completely.
    shell.sign_in(&["User.ReadBasic.All"]);
    shell.tenant.refuse_beyond_basic(true);
    answers.hold(
        "status",
        &shell
            .evict(&["status", "--json", "alice@contoso.com"])
            .await
            .output,
    );
    answers.hold(
        "revoke",
        &shell
            .evict(&["revoke", "--yes", "--json", "alice@contoso.com"])
            .await
            .output,
    );
}

#[tokio::test]
async fn what_access_answers_is_in_the_schema() {
    let answers = Answers::closed().await;
    let shell = Shell::signed_out().await;
    let access = async |scopes: &[&str]| {
        shell.sign_in_everywhere(PERSON.parse().unwrap(), scopes);
        let people = ["petra.keller@contoso.com", "alcie@contoso.com"];
        let answer = shell
            .evict(&[&["access", "--json"], &people[..]].concat())
            .await;
        assert_eq!((answer.code, answer.errors.as_str()), (1, ""));
        answers.hold("access", &answer.output);
    };
    access(&[
        "Application.Read.All",
        "Directory.Read.All",
        "GroupMember.Read.All",
        "RoleManagement.Read.Directory",
        "User.Read.All",
    ])
    .await;
    access(&["User.Read.All"]).await;
}

#[tokio::test]
async fn what_the_verbs_of_the_queue_answer_is_in_the_schema() {
    let answers = Answers::closed().await;
    let shell = given_up().await;
    let read = |ended: crate::support::shell::Ended| {
        assert_eq!(ended.code, 0, "{}", ended.errors);
        ended.output
    };
    answers.hold(
        "dead-letters list",
        &read(shell.evict(&["dead-letters", "list", "--json"]).await),
    );
    let send = [
        "send",
        "alice@contoso.com",
        "--json",
        "--at",
        "2035-11-25T06:00:00Z",
    ];
    answers.hold("send", &read(shell.evict(&send).await));
    shell.end().await;
    let shell = rejected().await;
    answers.hold(
        "rejected list",
        &read(shell.evict(&["rejected", "list", "--json"]).await),
    );
    shell.end().await;
}

/// The documents of the function itself, from a simulated host.
#[tokio::test]
async fn what_the_function_writes_is_as_its_schema_says() {
    let shell = Shell::signed_out().await;
    let answer = shell.evict(&["schema", "--of", "function"]).await;
    assert_eq!((answer.code, answer.errors.as_str()), (0, ""));
    let schema: Value = serde_json::from_str(&answer.output).unwrap();
    golden::hold(
        "tests/fixtures/schemas/evict-function.json",
        &format!("{schema:#}\n"),
    );
    let documents = Answers::of_schema(schema);

    let app = App::start(&[
        ("EVICT_MAX_USERS_PER_ALERT", "2"),
        ("EVICT_MAX_DELIVERIES", "2"),
        (
            "EVICT_QUEUE_DEADLINE_SECONDS",
            &crate::support::busy::seconds(5),
        ),
    ])
    .await;
    let three = r#"{"users": ["alice@contoso.com", "bob.stone@contoso.com", "carol.nunez@contoso.com"], "reason": "seen", "requestedBy": "oncall"}"#;
    let samples = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/inbound/graph-alert-v2-user.json"
    );
    let mut replies = Vec::new();
    for body in [
        three.to_owned(),
        r#"{"users": 42}"#.to_owned(),
        r#"{"log": "a line"}"#.to_owned(),
        fs::read_to_string(samples).unwrap(),
    ] {
        replies.push(app.post(body).await.body.to_string());
    }
    documents.hold_each("reply", &replies);
    documents.hold("check", &app.check().await.body.to_string());

    // One of two is cut; the other goes on, and is dead-lettered. One message cannot be read.
    let fault = Fault::on("GET /v1.0/users/bob.stone@contoso.com").answer(503);
    app.tenant.faults().add(fault);
    app.send(r#"{"users": ["alice@contoso.com", "bob.stone@contoso.com"]}"#);
    app.send(three);
    app.send(r#"{"users": 42}"#);
    app.settle().await;
    let texts = |queue: &str| -> Vec<String> {
        let messages = app.host.messages(queue);
        messages
            .iter()
            .map(|message| message.text().unwrap().to_owned())
            .collect()
    };
    let (events, rejected) = (texts("evict-receipts"), texts("evict-rejected"));
    assert!(
        events.len() > 6 && rejected.len() > 1,
        "{} {}",
        events.len(),
        rejected.len()
    );
    documents.hold_each("event", &events);
    documents.hold_each("rejected", &rejected);
    app.end().await;
}
