//! The operator's command as a user types it: the real program, beside the app and Service Bus's REST surface, with an
//! Azure CLI on its PATH that gives a token of the simulated tenant.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use sandbox::az::Az;
use sandbox::bus::{RestSurface, Right};
use tokio::process::Command;

use crate::support::app::App;

/// The person who is signed in to az for Graph: the Security Operator of the default world.
const PERSON: &str = "a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574";

pub(crate) struct Shell {
    pub(crate) app: App,
    pub(crate) bus: RestSurface,
    pub(crate) folder: tempfile::TempDir,
    /// Variables of the shell besides PATH.
    pub(crate) environment: Vec<(String, String)>,
}

/// The result of a command.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Shell {
    /// Opens a shell beside a new app, with an operator who may send and receive.
    pub(crate) async fn open(settings: &[(&str, &str)]) -> Self {
        Self::beside(App::start(settings).await).await
    }

    /// The same beside this app.
    pub(crate) async fn beside(app: App) -> Self {
        let bus = RestSurface::start(app.host.broker(), app.tenant.issuer(), 0)
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let environment = app
            .tenant
            .environment()
            .into_iter()
            .filter(|(name, _)| !name.starts_with("IDENTITY_"))
            .collect();
        let shell = Self {
            app,
            bus,
            folder,
            environment,
        };
        shell.sign_in(&shell.bus.token(&[Right::Send, Right::Listen]));
        shell
    }

    /// Makes the Azure CLI return this token from now on.
    pub(crate) fn sign_in(&self, token: &str) {
        self.az(&format!(
            "echo '{{\"accessToken\": \"{token}\", \"expires_on\": 4102444800, \"tokenType\": \"Bearer\"}}'"
        ));
    }

    /// Signs a person in to az with these permissions at Graph, these rights on the queues, and the further tokens
    /// given: a token for each scope.
    pub(crate) fn sign_in_to_all(
        &self,
        scopes: &[&str],
        rights: &[Right],
        others: &[(&str, &str)],
    ) {
        let person = PERSON.parse().unwrap();
        let mut tokens = vec![
            (
                "https://graph.microsoft.com/.default".to_owned(),
                self.app.tenant.persons_token(person, scopes),
            ),
            (
                "https://servicebus.azure.net/.default".to_owned(),
                self.bus.token(rights),
            ),
        ];
        tokens.extend(
            others
                .iter()
                .map(|(scope, token)| ((*scope).to_owned(), (*token).to_owned())),
        );
        let az = Az::SignedInTo {
            tokens,
            tenant: self.app.tenant.tenant_id(),
            expires_on: self.app.clock.now().as_second() + 75 * 60,
        };
        az.install(self.folder.path()).unwrap();
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Makes the Azure CLI run this script from now on.
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
        let arguments = [arguments, &["--namespace", namespace]].concat();
        self.ended(&self.command(&arguments).output().await.unwrap())
    }

    /// The command with exactly these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_evict")));
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The PATH of this shell.
    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.folder.path().display())
    }

    pub(crate) fn ended(&self, output: &Output) -> Ended {
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

    /// The text without what differs between runs: the host, ids and times.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let host = self.bus.endpoint().replace("http://", "");
        text.replace(&host, "[namespace]")
            .replace(&self.app.tenant.graph_endpoint(), "[graph]")
            .replace(&self.app.host.http_endpoint(), "[app]")
            .split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.')))
            .scan(String::new(), |last, piece| {
                let shown = shown(last, piece);
                piece.clone_into(last);
                Some(shown)
            })
            .collect()
    }

    /// Ends the app and checks everything that must hold in every test.
    pub(crate) async fn end(self) {
        self.app.end().await;
    }
}

/// A piece of text without what differs between runs.
fn shown(last: &str, piece: &str) -> String {
    let word = piece
        .trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.')));
    let bare = word
        .trim_end_matches(['.', ':'])
        .trim_start_matches("TrackingId:");
    let shown = if bare.parse::<uuid::Uuid>().is_ok() {
        "[id]"
    } else if bare.parse::<jiff::Timestamp>().is_ok() {
        "[time]"
    } else if bare.parse::<jiff::civil::Date>().is_ok() {
        "[date]"
    } else if bare.parse::<jiff::civil::Time>().is_ok() && bare.contains(':') {
        "[time]"
    } else if last.trim() == "in" && bare.parse::<f64>().is_ok() && bare.contains('.') {
        "[seconds]"
    } else {
        return piece.to_owned();
    };
    piece.replacen(bare, shown, 1)
}

impl Ended {
    /// The whole output as one text.
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
