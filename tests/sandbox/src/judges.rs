//! The judges: independent programs, installed by `judges/install`. They check the sandbox and the requests where our
//! own tests could only agree with themselves. They need Node.js. Nothing here is needed to run the sandbox.

mod azurite;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub use self::azurite::Azurite;
use crate::tenant::{CallRecord, Tenant};

/// The folder of the judges.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("judges")
}

/// The part of Graph's published contract that is judged.
#[must_use]
pub fn graph_contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/schemas/msgraph-revoke.openapi.json")
}

/// Why the judges are not available; `None` if they are.
#[must_use]
pub fn missing() -> Option<String> {
    let prism = directory().join(PRISM);
    if !prism.is_file() {
        return Some(
            "the judges are not installed; run tests/sandbox/judges/install, which needs npm"
                .to_owned(),
        );
    }
    let node = std::process::Command::new("node").arg("--version").output();
    match node {
        Ok(output) if output.status.success() => None,
        Ok(_) | Err(_) => Some("the judges need Node.js; no `node` was found".to_owned()),
    }
}

/// Prism's program within the judges' directory.
const PRISM: &str = "node_modules/@stoplight/prism-cli/dist/index.js";

/// Whether the judges are available. If not, standard error says so.
///
/// # Panics
/// They are not available, and the environment has `EVICT_JUDGES=required`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test run itself, not of the program under test"
)]
pub fn present(judge: &str) -> bool {
    let Some(why) = missing() else {
        return true;
    };
    let required = std::env::var("EVICT_JUDGES").is_ok_and(|value| value == "required");
    assert!(!required, "{judge} was required and not asked: {why}");
    #[expect(clippy::print_stderr, reason = "whoever runs the tests must see it")]
    {
        eprintln!("skipped: {judge} was not asked: {why}");
    }
    false
}

/// Prism as a mock of Microsoft Graph, which refuses requests that Graph's published contract does not allow.
#[derive(Debug)]
pub struct Prism {
    root: String,
    client: reqwest::Client,
    /// Ends when this is dropped.
    _process: Child,
}

/// Prism's verdict on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The status of the answer: 200 if the contract allows the request.
    pub status: u16,
    /// The violation, if any.
    pub problem: Option<String>,
}

/// A request to be judged.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with its query, as on the wire, with `/v1.0`.
    pub path: &'a str,
    /// The content type, if there is one.
    pub content_type: Option<&'a str>,
    /// The body, if there is one.
    pub body: Option<&'a str>,
}

impl<'a> From<&'a CallRecord> for Request<'a> {
    fn from(call: &'a CallRecord) -> Self {
        Self {
            method: &call.method,
            path: &call.path,
            content_type: call.content_type.as_deref(),
            body: Some(call.body.as_str()).filter(|body| !body.is_empty()),
        }
    }
}

impl Request<'_> {
    /// Whether the installed contract covers the request: it has users and the revocation, no more.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let pieces: Vec<&str> = path.split('/').skip(1).collect();
        match (self.method, pieces.as_slice()) {
            ("GET" | "PATCH", ["v1.0", "users", _])
            | ("POST", ["v1.0", "users", _, "revokeSignInSessions"]) => true,
            (_, _) => false,
        }
    }
}

impl Prism {
    /// Starts Prism on the contract.
    ///
    /// # Errors
    /// It is not installed, or ends before it listens.
    pub async fn start(contract: &Path) -> anyhow::Result<Self> {
        // Prism requires a port number: the port is free now, and Prism reports if it no longer is.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut command = Command::new("node");
        command
            .arg(directory().join(PRISM))
            .args(["mock", "--errors", "--host", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .arg(contract);
        let process = listening(command, "Prism is listening").await?;
        let client = reqwest::Client::builder().build()?;
        Ok(Self {
            root: format!("http://127.0.0.1:{port}"),
            client,
            _process: process,
        })
    }

    /// Sends the request to Prism.
    ///
    /// # Errors
    /// Prism does not answer.
    pub async fn judge(&self, request: &Request<'_>) -> anyhow::Result<Verdict> {
        let path = request.path.strip_prefix("/v1.0").unwrap_or(request.path);
        let mut sent = self
            .client
            .request(request.method.parse()?, format!("{}{path}", self.root))
            .header("Content-Length", request.body.map_or(0, str::len));
        if let Some(kind) = request.content_type {
            sent = sent.header("Content-Type", kind);
        }
        if let Some(body) = request.body {
            sent = sent.body(body.to_owned());
        }
        let response = sent.send().await.context("Prism did not answer")?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let problem = (status >= 400).then(|| match serde_json::from_str::<Value>(&text) {
            Ok(json) => json["validation"].as_array().map_or_else(
                || json["title"].to_string(),
                |all| Value::from(all.clone()).to_string(),
            ),
            Err(_) => text,
        });
        Ok(Verdict { status, problem })
    }
}

/// Starts a program and waits until its standard output says that it listens. It ends with the value.
async fn listening(mut command: Command, says: &str) -> anyhow::Result<Child> {
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("node could not be started")?;
    let output = process.stdout.take().context("the program has no output")?;
    let mut lines = BufReader::new(output).lines();
    loop {
        match lines.next_line().await? {
            Some(line) if line.contains(says) => break,
            Some(_) => {}
            None => bail!("the program ended before it said \"{says}\""),
        }
    }
    // The pipe always needs a reader, or the program blocks once it is full.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(process)
}

/// Runs Microsoft's JavaScript SDKs against a tenant and returns their report.
///
/// # Errors
/// Node.js or the SDKs are missing, or the SDKs could not use the tenant; the message holds their output.
pub async fn ask_microsoft_sdk(tenant: &Tenant) -> anyhow::Result<Value> {
    let graph = tenant.graph_endpoint();
    report_of("sdk.mjs", tenant, &[("SANDBOX_GRAPH_ENDPOINT", &graph)]).await
}

/// Runs Microsoft's client of Microsoft Sentinel on an incident of a tenant, by its resource id, and gives its report.
///
/// # Errors
/// Node.js or the client are missing, or it could not use the tenant; the message holds what it said.
pub async fn ask_microsoft_sentinel(tenant: &Tenant, incident: &str) -> anyhow::Result<Value> {
    let azure = tenant.arm_endpoint();
    let more = [
        ("SANDBOX_ARM_ENDPOINT", azure.as_str()),
        ("SANDBOX_INCIDENT", incident),
    ];
    report_of("sentinel.mjs", tenant, &more).await
}

async fn report_of(script: &str, tenant: &Tenant, more: &[(&str, &str)]) -> anyhow::Result<Value> {
    let output = Command::new("node")
        .arg(script)
        .current_dir(directory())
        .env("IDENTITY_ENDPOINT", tenant.identity_endpoint())
        .env("IDENTITY_HEADER", tenant.identity_header())
        .envs(more.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("node could not be started")?;
    if !output.status.success() {
        bail!(
            "the SDKs could not use the tenant: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("the SDKs' report is no JSON")
}
