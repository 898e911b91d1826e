//! The sandbox as a program, with the scripted worker in place of the handler.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test that called it"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

fn sandbox() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(["--handler", env!("CARGO_BIN_EXE_scripted_worker")]);
    command
}

/// A file in the folder.
fn file(folder: &Path, name: &str, content: &Value) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

fn send(alert: &Value, options: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let alert = file(folder.path(), "alert.json", alert);
    sandbox()
        .arg("--alert")
        .arg(alert)
        .args(options)
        .output()
        .unwrap()
}

fn document(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The scripted worker's receipt for a user who was found.
fn receipt(outcome: &str) -> Value {
    json!({
        "subject": "alice@contoso.com",
        "user": {
            "id": "6cace4d5-19d5-4695-92e7-4f7bfab36728",
            "userPrincipalName": "alice@contoso.com",
        },
        "outcome": outcome,
    })
}

#[test]
fn an_alert_through_the_queue_becomes_one_document() {
    let event = json!({"id": "1", "data": receipt("revoked")});
    let steps = [
        json!({"status": 500}),
        json!({"reply": {"Outputs": {"receipts": [event]}}}),
    ];
    let story = document(&send(&json!({"steps": steps}), &["--json"]));
    assert_eq!(story["receipts"], json!([receipt("revoked")]));
    assert_eq!(story["status"], json!("completed"));
    assert_eq!(story["calls"], json!([]));
    assert_eq!(
        story["sessions"][0],
        json!({"user": "alice@contoso.com", "app": "Outlook", "before": true, "after": true})
    );
}

#[test]
fn an_alert_over_http_has_the_status_of_its_answer() {
    let answer = json!({"receipts": [receipt("withheld")], "comment": "…"});
    let res = json!({"statusCode": 202, "body": answer.to_string()});
    let steps = [json!({"reply": {"Outputs": {"res": res}}})];
    let story = document(&send(
        &json!({"steps": steps}),
        &["--json", "--via", "http"],
    ));
    assert_eq!(story["receipts"], json!([receipt("withheld")]));
    assert_eq!(story["status"], json!(202));
}

#[test]
fn the_story_is_a_text() {
    let event = json!({"id": "1", "data": receipt("revoked")});
    let steps = [json!({"reply": {"Outputs": {"receipts": [event]}}})];
    let output = send(&json!({"steps": steps}), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with(
            "alert.json in contoso.com, sent to the queue\n\nalice@contoso.com\n  revoked\n"
        ),
        "{text}"
    );
    assert!(text.contains("    Outlook        alive -> alive"), "{text}");
    assert!(
        text.ends_with("The message was completed on its first delivery.\n"),
        "{text}"
    );
}

#[test]
fn a_message_that_is_given_up_says_so() {
    let story = document(&send(&json!({"steps": [{"status": 500}]}), &["--json"]));
    assert_eq!(story["status"], json!("dead_lettered"));
    assert_eq!(story["receipts"], json!([]));
}

#[test]
fn another_world_has_other_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let world = json!({
        "tenant": {"id": "f6fadfa7-e5c1-4b62-9362-da5cc13da58a", "domain": "example.org"},
        "users": [{
            "id": "6cace4d5-19d5-4695-92e7-4f7bfab36728",
            "userPrincipalName": "ann@example.org",
            "sessions": [{"app": "Browser"}],
        }],
        "groups": [],
    });
    let world = file(folder.path(), "world.json", &world);
    let story = document(&send(
        &json!({}),
        &["--json", "--world", world.to_str().unwrap()],
    ));
    assert_eq!(
        story["sessions"],
        json!([{"user": "ann@example.org", "app": "Browser", "before": true, "after": true}])
    );
}

#[test]
fn what_cannot_be_read_or_does_not_run_is_an_error_that_names_it() {
    let missing = sandbox()
        .args(["--alert", "/nonexistent/alert.json"])
        .output()
        .unwrap();
    assert!(!missing.status.success());
    let stderr = String::from_utf8_lossy(&missing.stderr);
    assert!(stderr.contains("/nonexistent/alert.json"), "{stderr}");
    let broken = send(&json!({}), &["--set", "SCRIPTED_WORKER_EXIT_AT_START=64"]);
    assert!(!broken.status.success());
    let stderr = String::from_utf8_lossy(&broken.stderr);
    assert!(stderr.contains("told to end with 64"), "{stderr}");
}

/// A running sandbox, which ends on drop in every test.
struct Serving {
    child: Child,
    ready: Value,
}

impl Serving {
    fn start() -> Self {
        let mut child = sandbox()
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    fn at(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::test]
async fn serve_starts_the_host_anew_when_it_has_given_up_on_its_worker() {
    let serving = Serving::start();
    // A new client for each call: its connections would end with the host.
    let client = || reqwest::Client::builder().no_proxy().build().unwrap();
    let kill = format!("{}/worker/kill", serving.at("hostControl"));
    let mut killed = 0;
    let check = async {
        while killed < 3 {
            // Between two lives there is no process to kill, and between two hosts no API.
            if let Ok(answer) = client().post(&kill).send().await
                && answer.status() == 204
            {
                killed += 1;
            }
        }
        loop {
            let check = client()
                .get(serving.at("check"))
                .header("x-functions-key", serving.at("functionKey"));
            if let Ok(answer) = check.send().await
                && answer.status() == 200
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), check)
        .await
        .unwrap();
}

#[tokio::test]
async fn serve_takes_alerts_and_messages_until_it_is_told_to_stop() {
    let mut serving = Serving::start();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let check = client
        .get(serving.at("check"))
        .header("x-functions-key", serving.at("functionKey"));
    let answer = check.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let sent = client.post(serving.at("messages")).body("{}");
    assert_eq!(sent.send().await.unwrap().status(), 201);
    let started = client.get(format!("{}/events", serving.at("hostControl")));
    let events: Value =
        serde_json::from_str(&started.send().await.unwrap().text().await.unwrap()).unwrap();
    let worker = events[0].as_str().unwrap();
    let port = worker
        .split("port: ")
        .nth(1)
        .unwrap()
        .trim_end_matches(" }");
    // The typed lines make a shell in which a person is signed in, for Service Bus too.
    let asked = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{}\naz account get-access-token -o json --scope https://servicebus.azure.net/.default && printenv \
             EVICT_TENANT_ID EVICT_GRAPH_ENDPOINT NAMESPACE",
            serving.at("shell")
        ))
        .output()
        .unwrap();
    let said = String::from_utf8(asked.stdout).unwrap();
    let (token, variables) = said.split_once('\n').unwrap();
    let token: Value = serde_json::from_str(token).unwrap();
    assert_eq!(variables.lines().count(), 3, "{variables}");
    assert_eq!(variables.lines().last().unwrap(), serving.at("namespace"));
    let sent = client
        .post(format!("{}/evict/messages", serving.at("namespace")))
        .bearer_auth(token["accessToken"].as_str().unwrap())
        .body("{}");
    assert_eq!(sent.send().await.unwrap().status(), 201);
    for name in ["graph", "tenantControl"] {
        assert!(client.get(serving.at(name)).send().await.is_ok(), "{name}");
    }
    let killed = Command::new("kill")
        .arg(serving.child.id().to_string())
        .status();
    assert!(killed.unwrap().success());
    assert!(serving.child.wait().unwrap().success());
    // The process is killed, which takes the system some time on a busy machine.
    let address = format!("127.0.0.1:{port}");
    let gone = async {
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), gone).await;
    assert!(ended.is_ok(), "the worker has to end too");
}
