//! Large bodies on every connection at once.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::table::Watch;
use super::{ALICE, REVOKE};
use crate::support::app::App;

#[tokio::test]
async fn large_bodies_are_worked_on_at_the_same_time() {
    let app = App::start(&[]).await;
    app.tenant.hold(REVOKE);
    let watch = Watch::start(&app);
    let users = ["alice", "bob.stone", "carol.nunez", "dan.fisher"];
    let bodies = users.map(|name| {
        let alert =
            json!({ "user": format!("{name}@contoso.com"), "reason": "x".repeat(9 * 1024 * 1024) });
        app.post(alert.to_string())
    });
    let all_in_work = async {
        app.tenant.wait_for_calls(REVOKE, users.len()).await;
        app.tenant.release_all();
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(bodies), all_in_work);
    assert!(answers.iter().all(|answer| answer.status == 200));
    watch.holds_for_queue("large_bodies_are_worked_on_at_the_same_time", &app);
    app.end().await;
}

const CONNECTIONS: usize = 24;
const BODY: usize = 10 * 1024 * 1024;

/// The most memory that the handler may take for these bodies, no more than for one after the other.
const MOST_KIB: u64 = 128 * 1024;

/// The peak of the process's resident memory, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn bodies_of_ten_megabytes_on_every_connection_are_read_in_turn() {
    let app = App::start(&[("EVICT_MODE", "observe")]).await;
    let (pid, port) = app.worker();
    let alert = json!({ "users": [ALICE], "reason": "x".repeat(BODY) }).to_string();
    let body = json!({ "Data": { "req": { "Method": "POST", "Headers": {}, "Body": alert } }, "Metadata": {} }).to_string();
    let head = format!(
        "POST /RevokeFromAlert HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Azure-Functions-InvocationId: a\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let request: std::sync::Arc<[u8]> = [head.as_bytes(), body.as_bytes()].concat().into();
    let watch = Watch::start(&app);
    let mut posts = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = std::sync::Arc::clone(&request);
        posts.spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(&request).await.unwrap();
            let mut answer = [0; 15];
            stream.read_exact(&mut answer).await.unwrap();
            String::from_utf8(answer.to_vec()).unwrap()
        });
    }
    // An ordinary alert does not wait for them.
    let ordinary = app.post(super::about_alice()).await;
    assert_eq!(ordinary.status, 200);
    assert!(!posts.is_empty());
    let answers = posts.join_all().await;
    assert!(
        answers.iter().all(|answer| answer == "HTTP/1.1 200 OK"),
        "{answers:?}"
    );
    let peak = peak(pid);
    assert!(peak <= MOST_KIB, "{peak} KiB");
    watch.holds(
        "bodies_of_ten_megabytes_on_every_connection_are_read_in_turn",
        &app,
        &format!(
            "200 on each of {CONNECTIONS}; at most {} MiB resident",
            MOST_KIB / 1024
        ),
    );
    app.end().await;
}
