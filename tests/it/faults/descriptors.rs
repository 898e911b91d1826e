//! The handler has no file descriptor left.

use tokio::net::TcpStream;

use super::about;
use super::table::Watch;
use crate::support::app::{App, Start};

#[tokio::test]
async fn without_a_file_descriptor_nothing_is_lost_and_it_recovers() {
    let app = App::start_with(Start {
        script: Some("ulimit -n 40; exec ./handler"),
        settings: &[("EVICT_MAX_DELIVERIES", "100")],
        ..Start::default()
    })
    .await;
    // The host's own connection, and one to Graph, exist before the descriptors are used up.
    assert_eq!(app.check().await.status, 200);
    let (pid, port) = app.worker();
    let open = || {
        std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .count()
    };
    let mut idle = Vec::new();
    while open() < 40 {
        idle.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        // The handler accepts the connection in its own time.
        tokio::task::yield_now().await;
    }
    // These connections wait in the kernel's queue, and take every descriptor that becomes free.
    for _ in 0..20 {
        idle.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let watch = Watch::start(&app);
    // The first one has the connection to Graph, and the others need new ones.
    app.tenant.hold("GET *");
    app.send(about(3));
    let refused = |host: &sandbox::functions::FunctionsHost| {
        host.worker_log()
            .iter()
            .any(|line| line.text.contains("Too many open files"))
    };
    app.host
        .wait_until(crate::support::app::SOON, refused)
        .await
        .unwrap();
    drop(idle);
    app.tenant.release_all();
    app.settle().await;
    watch.holds_for_queue(
        "without_a_file_descriptor_nothing_is_lost_and_it_recovers",
        &app,
    );
    assert_eq!(app.host.worker_starts(), 1);
    assert_eq!(app.check().await.status, 200);
    app.end().await;
}
