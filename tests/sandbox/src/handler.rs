//! Builds programs of the repository with cargo, so that the sandbox never runs an outdated one.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::process::Command;

/// The repository of this sandbox.
#[must_use]
pub fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds the handler and returns its path. Cargo's messages go to standard error.
///
/// The command names the whole workspace and builds one program of it: its crates then have the same features as in the
/// tests, and none is compiled a second time.
///
/// # Errors
/// It does not build.
pub async fn build() -> anyhow::Result<PathBuf> {
    build_program("handler", &["--workspace"]).await
}

/// Builds a program with these further arguments to `cargo build` and returns its path.
///
/// # Errors
/// It does not build.
pub async fn build_program(name: &str, arguments: &[&str]) -> anyhow::Result<PathBuf> {
    let output = Command::new(cargo())
        .args(["build", "--quiet", "--bin", name])
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(repository_root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("starting cargo to build the program {name}"))?;
    ensure!(output.status.success(), "the program {name} does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program of the name {name}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox has no settings; only cargo itself says which cargo runs it"
)]
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
