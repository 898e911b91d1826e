//! Has cargo build the real handler, so that what runs in the sandbox is never older than its source.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::process::Command;

/// The repository that the sandbox was built from.
pub(crate) fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds the handler and returns where it is. What cargo has to say goes to standard error.
///
/// # Errors
/// It does not build.
pub(crate) async fn build() -> anyhow::Result<PathBuf> {
    let output = Command::new(cargo())
        .args(["build", "--quiet", "-p", "evict", "--bin", "handler"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(repository_root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .context("starting cargo to build the handler; --handler PATH takes one that is built")?;
    ensure!(output.status.success(), "the handler does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "handler")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built no program of the name handler")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox has no settings; only cargo itself says which cargo runs it"
)]
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
