//! Names cannot be resolved.

use sandbox::functions::{FunctionsHost, LogLine};

use super::about_alice;
use super::table::Watch;
use crate::support::app::{App, SOON, Start};

/// Runs the handler in a separate mount namespace, whose only name server is this machine, which has none.
const WITHOUT_DNS: &str = "printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' > resolv.conf; \
     exec unshare --user --map-root-user --mount sh -c 'mount --bind resolv.conf /etc/resolv.conf && exec ./handler'";

/// Whether this system permits such a namespace; some permit it to root alone.
fn possible() -> bool {
    let tried = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn without_dns_the_caller_is_told_and_the_message_comes_again() {
    if !possible() {
        #[expect(clippy::print_stderr, reason = "whoever reads along has to know")]
        {
            eprintln!("not run: this system allows no mount namespace (unshare --user --mount)");
        }
        return;
    }
    let seconds = crate::support::busy::seconds(5);
    // Without an endpoint setting the handler uses the real Graph, whose name cannot be resolved here.
    let app = App::start_with(Start {
        script: Some(WITHOUT_DNS),
        settings: &[
            ("EVICT_GRAPH_ENDPOINT", ""),
            ("EVICT_HTTP_DEADLINE_SECONDS", &seconds),
            ("EVICT_QUEUE_DEADLINE_SECONDS", &seconds),
            ("EVICT_MAX_DELIVERIES", "2"),
        ],
        ..Start::default()
    })
    .await;
    let watch = Watch::start(&app);
    app.send(about_alice());
    app.settle().await;
    watch.holds_for_queue(
        "without_dns_the_caller_is_told_and_the_message_comes_again",
        &app,
    );
    let detail = app.receipts()[0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("Graph did not answer"), "{detail}");
    let lookup = |line: &LogLine| {
        line.text.contains("no connection could be made") && line.text.contains("lookup")
    };
    let told = |host: &FunctionsHost| host.worker_log().iter().any(lookup);
    app.host.wait_until(SOON, told).await.unwrap();
    app.end().await;
}
