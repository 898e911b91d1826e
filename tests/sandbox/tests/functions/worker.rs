//! The worker process: its environment, its end, and its restart.

use std::time::Duration;

use sandbox::functions::{Event, FunctionsHost, InvocationState, Level};
use serde_json::{Value, json};

use super::{LONG, package, scripted};

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_is_given_the_hosts_variables_and_the_settings_and_no_more() {
    let package = package().with_variable("EVICT_MODE", "observe");
    let host = package.start().await;
    let url = format!(
        "{}/api/check?code={}",
        host.http_endpoint(),
        host.function_key()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = client.get(url).send().await.unwrap().text().await.unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    let mut names: Vec<String> = serde_json::from_value(told["variables"].clone()).unwrap();
    names.sort();
    assert_eq!(
        names,
        [
            "EVICT_MODE",
            "EvictServiceBus__fullyQualifiedNamespace",
            "FUNCTIONS_APP_ROOT_PATH",
            "FUNCTIONS_CUSTOMHANDLER_PORT",
            "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
            "FUNCTIONS_EXTENSION_VERSION",
            "FUNCTIONS_HTTPWORKER_ID",
            "FUNCTIONS_HTTPWORKER_PORT",
            "FUNCTIONS_WORKER_RUNTIME",
            "HOME",
            "PATH",
            "TMPDIR",
        ]
    );
    let directory = std::fs::canonicalize(told["directory"].as_str().unwrap()).unwrap();
    let staged = std::fs::canonicalize(&package.options.staged).unwrap();
    assert_eq!(directory, staged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_mid_message_is_restarted_and_the_message_comes_again() {
    let package = package();
    let host = package.start().await;
    let steps = [json!({"say": "hanging", "hang": true}), json!({})];
    host.send("evict", scripted(&steps)).unwrap();
    let hanging =
        |host: &FunctionsHost| host.worker_log().iter().any(|line| line.text == "hanging");
    host.wait_until(LONG, hanging).await.unwrap();
    assert!(host.kill_worker().await);
    host.wait_until_idle(LONG).await.unwrap();
    let ports: Vec<u16> = host
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::WorkerStarted { port, .. } => Some(*port),
            _ => None,
        })
        .collect();
    assert_eq!(ports.len(), 2);
    assert_eq!(ports[0], ports[1], "the port is kept");
    assert!(host.events().contains(&Event::WorkerExited { code: 137 }));
    assert_eq!(host.queue("evict").completed[0].delivery_count, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_exit_code_0_the_worker_is_not_restarted() {
    let mut package = package();
    package.options.bus.max_delivery_count = 2;
    let host = package.start().await;
    host.send("evict", scripted(&[json!({"exit": 0})])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.worker_starts(), 1);
    assert!(!host.has_stopped());
    assert_eq!(host.queue("evict").dead_lettered.len(), 1);
    assert!(!host.kill_worker().await, "nothing is left to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_code_200_is_a_restart_that_does_not_count() {
    let package = package();
    let host = package.start().await;
    let mut steps = vec![json!({"exit": 200}); 5];
    steps.push(json!({}));
    host.send("evict", scripted(&steps)).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.queue("evict").completed.len(), 1);
    assert!(host.worker_starts() >= 6);
    assert!(!host.has_stopped());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_failure_of_the_worker_ends_the_host() {
    let package = package();
    let host = package.start().await;
    host.send("evict", scripted(&[json!({"exit": 64})]))
        .unwrap();
    let stopped = host.wait_until_idle(LONG).await;
    assert!(format!("{:#}", stopped.unwrap_err()).contains("shut down"));
    assert_eq!(host.worker_starts(), 3);
    assert!(host.events().contains(&Event::HostStopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_far_apart_are_not_counted_together() {
    let package = package();
    let host = package.start().await;
    for life in 1..=4 {
        host.wait_until(LONG, |host| ready(host) == life)
            .await
            .unwrap();
        assert!(host.kill_worker().await);
        package.options.clock.advance(Duration::from_mins(31));
    }
    host.wait_until(LONG, |host| ready(host) == 5)
        .await
        .unwrap();
    assert!(!host.has_stopped());
}

fn ready(host: &FunctionsHost) -> usize {
    let ready = |event: &&Event| matches!(event, Event::WorkerReady { .. });
    host.events().iter().filter(ready).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_start_says_why() {
    let package = package().with_variable("SCRIPTED_WORKER_EXIT_AT_START", "64");
    let refused = FunctionsHost::start(package.options.clone()).await;
    let message = format!("{:#}", refused.unwrap_err());
    assert!(message.contains("error: told to end with 64"), "{message}");
    assert!(message.contains("HostStopped"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_listen_in_time_is_ended() {
    let mut package = package().with_variable("SCRIPTED_WORKER_DEAF", "1");
    package.options.restarts.initialization_timeout = Duration::from_millis(100);
    let host = FunctionsHost::launch(package.options.clone())
        .await
        .unwrap();
    host.wait_until(LONG, FunctionsHost::has_stopped)
        .await
        .unwrap();
    let not_ready = |event: &&Event| **event == Event::WorkerNotReady;
    assert_eq!(host.events().iter().filter(not_ready).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_the_worker_are_logged_at_the_hosts_level() {
    let package = package();
    let host = package.start().await;
    let step = json!({"say": "an error, on the wrong stream", "complain": "a FAILure"});
    host.send("evict", scripted(&[step])).unwrap();
    let said = |host: &FunctionsHost| host.worker_log().len() == 3;
    host.wait_until(LONG, said).await.unwrap();
    let mut lines: Vec<_> = host
        .worker_log()
        .into_iter()
        .map(|line| (line.level, line.text))
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            (
                Level::Information,
                "an error, on the wrong stream".to_owned()
            ),
            (Level::Information, "listening".to_owned()),
            (Level::Error, "a FAILure".to_owned()),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_worker_restarts_invocations_wait() {
    let package = package();
    let host = package.start().await;
    assert!(host.kill_worker().await);
    host.send("evict", scripted(&[])).unwrap();
    host.wait_until_idle(LONG).await.unwrap();
    assert_eq!(host.invocations().len(), 1);
    assert_eq!(host.invocations()[0].state, InvocationState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_ends_with_its_host() {
    let package = package();
    let host = package.start().await;
    let Some(Event::WorkerStarted { port, .. }) = host.events().first().cloned() else {
        panic!("no start: {:?}", host.events());
    };
    host.shutdown().await;
    let address = format!("127.0.0.1:{port}");
    let gone = async {
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap();
}
