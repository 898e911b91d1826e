//! Azurite: Microsoft's own emulator of Azure Storage, as a judge of the blob requests. It serves https with a
//! generated certificate, accepts bearer tokens alone, and checks their claims (`--oauth basic`).

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::process::{Child, Command};

use super::{directory, listening};

/// Azurite's program within the judges' directory.
const AZURITE: &str = "node_modules/azurite/dist/src/blob/main.js";

/// A running, empty Azurite.
#[derive(Debug)]
pub struct Azurite {
    root: String,
    folder: tempfile::TempDir,
    client: reqwest::Client,
    /// Ends when this is dropped.
    _process: Child,
}

impl Azurite {
    /// Starts Azurite on a free port of this machine.
    ///
    /// # Errors
    /// It or `openssl` is not installed, or it ends before it listens.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        certify(folder.path()).await?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut command = Command::new("node");
        command
            .arg(directory().join(AZURITE))
            .args(["--blobHost", "127.0.0.1", "--oauth", "basic", "--blobPort"])
            .arg(port.to_string())
            .args(["--inMemoryPersistence", "--silent", "--disableTelemetry"])
            .arg("--cert")
            .arg(folder.path().join("cert.pem"))
            .arg("--key")
            .arg(folder.path().join("key.pem"))
            .current_dir(folder.path());
        let process = listening(command, "successfully listens on https://").await?;
        let certificate = std::fs::read(folder.path().join("cert.pem"))?;
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&certificate)?])
            .build()?;
        Ok(Self {
            root: format!("https://127.0.0.1:{port}/devstoreaccount1"),
            folder,
            client,
            _process: process,
        })
    }

    /// The file with its certificate, for `SSL_CERT_FILE`.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The address of a blob.
    #[must_use]
    pub fn url(&self, container: &str, blob: &str) -> String {
        format!("{}/{container}/{blob}", self.root)
    }

    /// Creates a container.
    ///
    /// # Errors
    /// Azurite refuses.
    pub async fn make_container(&self, name: &str, token: &str) -> anyhow::Result<()> {
        let url = format!("{}/{name}?restype=container", self.root);
        let answer = self
            .client
            .put(url)
            .bearer_auth(token)
            .header("x-ms-version", "2021-12-02")
            .header("Content-Length", "0")
            .send()
            .await?;
        ensure!(
            answer.status().as_u16() == 201,
            "{}: {}",
            answer.status(),
            answer.text().await?
        );
        Ok(())
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// Azurite refuses.
    pub async fn read(&self, container: &str, blob: &str, token: &str) -> anyhow::Result<Vec<u8>> {
        let answer = self
            .client
            .get(self.url(container, blob))
            .bearer_auth(token)
            .header("x-ms-version", "2021-12-02")
            .send()
            .await?
            .error_for_status()?;
        Ok(answer.bytes().await?.to_vec())
    }
}

/// Creates a self-signed certificate for this machine, with its key.
async fn certify(folder: &Path) -> anyhow::Result<()> {
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=azurite"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .context("openssl could not be started; Azurite needs it for a certificate")?;
    ensure!(
        output.status.success(),
        "openssl made no certificate: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
