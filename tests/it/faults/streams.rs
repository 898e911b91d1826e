//! The streams that the handler logs to are full, closed, or not read.

use super::about;
use super::table::Watch;
use crate::support::app::{App, Start};

/// Three users with streams that this script sets up.
async fn streams(test: &str, script: &str) {
    let app = App::start_with(Start {
        script: Some(script),
        ..Start::default()
    })
    .await;
    let watch = Watch::start(&app);
    let answer = app.post(about(3)).await;
    watch.holds_for_caller(test, &app, &answer);
    assert_eq!(app.host.worker_log().len(), 0);
    assert_eq!(app.host.worker_starts(), 1);
    app.end().await;
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_holds_up_no_work() {
    // Full before the handler begins, and never emptied; held open, so that it does not break.
    let script = "mkfifo pipe; exec 3<>pipe; dd if=/dev/zero bs=65536 count=1 >&3 2>/dev/null; exec ./handler >&3 2>&3";
    streams("a_pipe_that_nobody_reads_holds_up_no_work", script).await;
}

#[tokio::test]
async fn a_pipe_whose_reader_is_gone_ends_nothing() {
    let script = "mkfifo pipe; exec 3<>pipe; exec 4>pipe; exec ./handler >&4 2>&4 3<&-";
    streams("a_pipe_whose_reader_is_gone_ends_nothing", script).await;
}

#[tokio::test]
async fn a_disk_that_is_full_ends_nothing() {
    streams(
        "a_disk_that_is_full_ends_nothing",
        "exec ./handler >/dev/full 2>/dev/full",
    )
    .await;
}

#[tokio::test]
async fn streams_that_are_closed_end_nothing() {
    streams(
        "streams_that_are_closed_end_nothing",
        "exec ./handler >&- 2>&-",
    )
    .await;
}
