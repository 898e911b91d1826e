//! The operator's command as a user types it: the real program, beside the app and Service Bus's REST surface, with an
//! Azure CLI on its PATH that gives a token of the simulated tenant.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use sandbox::bus::{RestSurface, Right};
use tokio::process::Command;

use crate::app::App;

pub(crate) struct Shell {
    pub(crate) app: App,
    pub(crate) bus: RestSurface,
    pub(crate) folder: tempfile::TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Shell {
    /// The app, and an operator who may send and receive.
    pub(crate) async fn open(settings: &[(&str, &str)]) -> Self {
        let app = App::start(settings).await;
        let bus = RestSurface::start(app.host.broker(), app.tenant.issuer(), 0)
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let shell = Self { app, bus, folder };
        shell.sign_in(&shell.bus.token(&[Right::Send, Right::Listen]));
        shell
    }

    /// Lets the Azure CLI give this token from now on.
    pub(crate) fn sign_in(&self, token: &str) {
        self.az(&format!(
            "echo '{{\"accessToken\": \"{token}\", \"expires_on\": 4102444800, \"tokenType\": \"Bearer\"}}'"
        ));
    }

    /// Lets the Azure CLI do this from now on.
    pub(crate) fn az(&self, script: &str) {
        let path = self.folder.path().join("az");
        let words = "[ \"$1 $2\" = 'account get-access-token' ] || exit 2";
        fs::write(&path, format!("#!/bin/sh\n{words}\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs `evict` with these arguments and the sandbox's namespace.
    pub(crate) async fn evict(&self, arguments: &[&str]) -> Ended {
        let endpoint = self.bus.endpoint();
        self.evict_at(&endpoint, arguments).await
    }

    pub(crate) async fn evict_at(&self, namespace: &str, arguments: &[&str]) -> Ended {
        let output = Command::new(Path::new(env!("CARGO_BIN_EXE_evict")))
            .args(arguments)
            .args(["--namespace", namespace])
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.folder.path().display()),
            )
            .output()
            .await
            .unwrap();
        self.ended(&output)
    }

    fn ended(&self, output: &Output) -> Ended {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(!text.contains("eyJ"), "a token: {text}");
            self.redacted(&text)
        };
        Ended {
            code: output.status.code().unwrap(),
            output: text(&output.stdout),
            errors: text(&output.stderr),
        }
    }

    /// Without what differs from run to run: the host, ids and times.
    fn redacted(&self, text: &str) -> String {
        let host = self.bus.endpoint().replace("http://", "");
        text.replace(&host, "[namespace]")
            .split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.')))
            .map(|piece| {
                let word = piece.trim_end_matches(|c: char| {
                    !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.'))
                });
                let bare = word
                    .trim_end_matches(['.', ':'])
                    .trim_start_matches("TrackingId:");
                let shown = if bare.parse::<uuid::Uuid>().is_ok() {
                    "[id]"
                } else if bare.parse::<jiff::Timestamp>().is_ok() {
                    "[time]"
                } else {
                    return piece.to_owned();
                };
                piece.replacen(bare, shown, 1)
            })
            .collect()
    }

    /// Ends the app and holds it to what must hold for every test.
    pub(crate) async fn end(self) {
        self.app.end().await;
    }
}

impl Ended {
    /// Everything that it said, as one text.
    pub(crate) fn whole(&self) -> String {
        let mut text = format!("exit code {}\n", self.code);
        for (name, stream) in [("stdout", &self.output), ("stderr", &self.errors)] {
            if !stream.is_empty() {
                text.extend(["--- ", name, "\n", stream]);
            }
        }
        text
    }
}
