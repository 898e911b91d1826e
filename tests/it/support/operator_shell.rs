//! The operator's command for a test: the real program beside a simulated tenant, with a stand-in for the Azure CLI on
//! PATH, run as a person would type it. Its output must not contain a token.

use std::process::{Output, Stdio};

use sandbox::az::Az;
use sandbox::clock::SandboxClock;
use sandbox::tenant::{Tenant, World};
use uuid::Uuid;

/// The person who is signed in to az in these tests: the Security Operator of the default world.
pub(crate) const PERSON: &str = "a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574";

/// The permissions that the Azure CLI's own application has consent for, as far as they matter here.
pub(crate) const AZ_SCOPES: &[&str] =
    &["Group.ReadWrite.All", "User.Read.All", "User.ReadWrite.All"];

pub(crate) struct Shell {
    pub(crate) tenant: Tenant,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) environment: Vec<(String, String)>,
}

pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Shell {
    /// A shell with a person signed in to az with these delegated permissions.
    pub(crate) async fn signed_in(scopes: &[&str]) -> Self {
        let shell = Self::signed_out().await;
        shell.sign_in(scopes);
        shell
    }

    /// A shell with nothing on PATH, and nobody signed in.
    pub(crate) async fn signed_out() -> Self {
        Self::beside(World::default_contoso().unwrap()).await
    }

    /// The same beside another world.
    pub(crate) async fn beside(world: World) -> Self {
        let tenant = Tenant::start(world, SandboxClock::new()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let environment = tenant
            .environment()
            .into_iter()
            .filter(|(name, _)| !name.starts_with("IDENTITY_"))
            .chain([(
                "PATH".to_owned(),
                folder.path().to_str().unwrap().to_owned(),
            )])
            .collect();
        Self {
            tenant,
            folder,
            environment,
        }
    }

    pub(crate) fn sign_in(&self, scopes: &[&str]) {
        self.az(&self.account(scopes));
    }

    pub(crate) fn account(&self, scopes: &[&str]) -> Az {
        let person: Uuid = PERSON.parse().unwrap();
        Az::SignedIn {
            token: self.tenant.persons_token(person, scopes),
            tenant: self.tenant.tenant_id(),
            expires_on: self.tenant.clock().now().as_second() + 75 * 60,
        }
    }

    /// Signs a person in for Graph with these permissions, and for Azure.
    pub(crate) fn sign_in_everywhere(&self, person: Uuid, scopes: &[&str]) {
        let graph = self.tenant.persons_token(person, scopes);
        let azure = self.tenant.persons_token_for_azure(person);
        self.az(&Az::SignedInTo {
            tokens: vec![
                ("https://graph.microsoft.com/.default".to_owned(), graph),
                ("https://management.azure.com/.default".to_owned(), azure),
            ],
            tenant: self.tenant.tenant_id(),
            expires_on: self.tenant.clock().now().as_second() + 75 * 60,
        });
    }

    pub(crate) fn az(&self, az: &Az) {
        az.install(self.folder.path()).unwrap();
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The command, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_evict"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn evict(&self, arguments: &[&str]) -> Answer {
        self.read(self.command(arguments).output().await.unwrap())
    }

    pub(crate) async fn evict_with(&self, arguments: &[&str], input: &str) -> Answer {
        use tokio::io::AsyncWriteExt;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        self.read(child.wait_with_output().await.unwrap())
    }

    pub(crate) fn read(&self, output: Output) -> Answer {
        let answer = Answer {
            code: output.status.code().unwrap(),
            output: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!answer.output.contains("eyJ") && !answer.errors.contains("eyJ"));
        assert!(
            self.tenant.unexpected().is_empty(),
            "{:?}",
            self.tenant.unexpected()
        );
        answer
    }

    /// How many of a user's sessions are active, after every app has tried to renew.
    pub(crate) fn alive(&self, user: &str) -> usize {
        self.tenant.redeem_all();
        let sessions = self.tenant.sessions_of(user);
        sessions.iter().filter(|session| session.alive).count()
    }
}

impl Answer {
    /// The whole answer, with run-specific parts replaced.
    pub(crate) fn shown(&self) -> String {
        let text = format!(
            "exit {}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.output, self.errors
        );
        redacted(&text)
    }
}

/// Replaces times, ids of requests and durations, which differ between runs. Word by word, because lines are wrapped
/// between words.
fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut last = "";
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_matches(|c: char| c.is_whitespace() || "(),.".contains(c));
        let mark = if word.parse::<jiff::civil::Date>().is_ok() {
            "<date>"
        } else if word.parse::<jiff::civil::Time>().is_ok() {
            "<time>"
        } else if last == "request-id" {
            "<id>"
        } else if last == "in" && word.parse::<f64>().is_ok() {
            "<seconds>"
        } else {
            word
        };
        if word.is_empty() {
            shown.push_str(piece);
        } else {
            shown.push_str(&piece.replacen(word, mark, 1));
            last = word;
        }
    }
    shown
}
