//! The whole app for a test: a simulated tenant, a simulated Functions host, and between them the real handler.
//!
//! What must hold for every test is held when the app ends: no call that Graph does not know, no call made while
//! throttled, and no log line with a token or a user's name.

use std::time::Duration;

use sandbox::clock::SandboxClock;
use sandbox::functions::{Event, FunctionsHost, HostOptions, Message};
use sandbox::stage::{open_http, stage};
use sandbox::tenant::{Fault, Tenant, World};
use sandbox::tls_proxy::TlsProxy;
use serde_json::Value;

/// How long a test waits for something immediate: long enough for a machine under load.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) struct App {
    pub(crate) tenant: Tenant,
    pub(crate) host: FunctionsHost,
    pub(crate) clock: SandboxClock,
    /// The TLS proxy before Graph, if Graph speaks TLS and HTTP/2.
    pub(crate) tls_proxy: Option<TlsProxy>,
    names: Vec<String>,
    staged: tempfile::TempDir,
}

/// The options with which an app is started.
#[derive(Default)]
pub(crate) struct Start<'a> {
    /// Settings besides those that point it at the sandbox.
    pub(crate) settings: &'a [(&'a str, &'a str)],
    /// Whether function keys are absent.
    pub(crate) keyless: bool,
    /// A shell script that ends in `exec ./handler`, in place of the handler itself.
    pub(crate) script: Option<&'a str>,
    /// Whether Graph speaks TLS and HTTP/2, as the real one does.
    pub(crate) secure: bool,
    /// The time limit of a function, if it differs from host.json's.
    pub(crate) function_timeout: Option<Duration>,
    /// How far the clocks of Graph and of Service Bus are ahead of the handler's.
    pub(crate) clocks_ahead: jiff::SignedDuration,
}

/// Makes the host start the handler through a shell.
fn start_by(staged: &std::path::Path, script: &str) {
    let path = staged.join("host.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let description = &mut manifest["customHandler"]["description"];
    description["defaultExecutablePath"] = "/bin/sh".into();
    description["arguments"] = serde_json::json!(["-c", script]);
    std::fs::write(&path, manifest.to_string()).unwrap();
}

/// An answer to an HTTP caller.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl App {
    /// Starts the app in the default world, with settings besides those that point it at the sandbox.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(World::default_contoso().unwrap(), settings).await
    }

    /// Starts the app in a world.
    pub(crate) async fn start_in(world: World, settings: &[(&str, &str)]) -> Self {
        let start = Start {
            settings,
            ..Start::default()
        };
        Self::start_as(world, start).await
    }

    /// Starts the app as it is packaged for callers with Entra tokens: without function keys.
    pub(crate) async fn start_for_tokens(settings: &[(&str, &str)]) -> Self {
        Self::start_with(Start {
            settings,
            keyless: true,
            ..Start::default()
        })
        .await
    }

    /// Starts the app in the default world, with options.
    pub(crate) async fn start_with(start: Start<'_>) -> Self {
        Self::start_as(World::default_contoso().unwrap(), start).await
    }

    /// Starts the app in a world, with options.
    pub(crate) async fn start_as(world: World, start: Start<'_>) -> Self {
        let clock = SandboxClock::new();
        clock.set_offset(start.clocks_ahead);
        let names = world
            .users
            .iter()
            .map(|user| user.user_principal_name.to_lowercase())
            .collect();
        let tenant = Tenant::start(world, clock.clone()).await.unwrap();
        let tls_proxy = if start.secure {
            Some(TlsProxy::open(&tenant.graph_endpoint()).await.unwrap())
        } else {
            None
        };
        let folder = tempfile::tempdir().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let handler = std::path::Path::new(env!("CARGO_BIN_EXE_handler"));
        let staged = stage(root, handler, folder.path()).unwrap();
        if start.keyless {
            open_http(&staged).unwrap();
        }
        if let Some(script) = start.script {
            start_by(&staged, script);
        }
        let mut options = HostOptions::new(staged, clock.clone());
        options.environment = tenant.environment();
        options.function_timeout = start.function_timeout;
        let mut set = |name: &str, value: &str| {
            options.environment.retain(|(known, _)| known != name);
            options.environment.push((name.into(), value.into()));
        };
        // A test that wants the waits sets this itself.
        set("EVICT_REDELIVERY_WAIT_SECONDS", "0");
        set("EVICT_LOG", "debug");
        if let Some(tls_proxy) = &tls_proxy {
            set("EVICT_GRAPH_ENDPOINT", &tls_proxy.endpoint());
            set("SSL_CERT_FILE", tls_proxy.authority().to_str().unwrap());
        }
        for (name, value) in start.settings {
            set(name, value);
        }
        let host = FunctionsHost::start(options).await.unwrap();
        Self {
            tenant,
            host,
            clock,
            tls_proxy,
            names,
            staged: folder,
        }
    }

    /// The folder of the package.
    pub(crate) fn staged(&self) -> &std::path::Path {
        self.staged.path()
    }

    /// The process id of the handler, and the port that it listens on.
    pub(crate) fn worker(&self) -> (u32, u16) {
        self.host
            .events()
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::WorkerStarted { pid, port } => Some((*pid, *port)),
                _ => None,
            })
            .unwrap()
    }

    /// Posts an alert to the public route, as a playbook does.
    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> Answer {
        let request = client()
            .post(format!("{}/api/revoke", self.host.http_endpoint()))
            .header("x-functions-key", self.host.function_key())
            .header("content-type", "application/json")
            .body(body.into());
        answer(request).await
    }

    /// Starts the queue's function with a text, bypassing the queue, as the holder of the app's master key can. Returns
    /// the status.
    pub(crate) async fn start_by_hand(&self, input: &str) -> u16 {
        let root = self.host.http_endpoint();
        let request = client()
            .post(format!("{root}/admin/functions/RevokeFromQueue"))
            .header("x-functions-key", self.host.master_key())
            .body(serde_json::json!({ "input": input }).to_string());
        answer(request).await.status
    }

    /// Posts an alert without a function key, with these headers.
    pub(crate) async fn post_with(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = client()
            .post(format!("{}/api/revoke", self.host.http_endpoint()))
            .header("content-type", "application/json")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// Posts the same way without a Content-Length. The request is raw, because clients add the header if they can.
    pub(crate) async fn post_chunked(&self, body: &str) -> Answer {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let address = self
            .host
            .http_endpoint()
            .trim_start_matches("http://")
            .to_owned();
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "POST /api/revoke HTTP/1.1\r\nHost: {address}\r\nx-functions-key: {}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            self.host.function_key(),
            body.len(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let start = text.find("\r\n\r\n").unwrap();
        Answer {
            status,
            body: Value::String(text[start..].to_owned()),
        }
    }

    /// Asks for the self-check.
    pub(crate) async fn check(&self) -> Answer {
        let request = client()
            .get(format!("{}/api/check", self.host.http_endpoint()))
            .header("x-functions-key", self.host.function_key());
        answer(request).await
    }

    /// Takes the app's token away and refuses it another, so that every subject is deferred without a wait.
    pub(crate) fn without_token(&self) {
        self.tenant.revoke_app_tokens();
        self.tenant
            .faults()
            .add(Fault::on("GET /msi/token").answer(400));
    }

    /// Puts a message on the input queue.
    pub(crate) fn send(&self, body: impl Into<Vec<u8>>) {
        self.host.send("evict", Message::of(body)).unwrap();
    }

    /// The same, under an id that the sender chose.
    pub(crate) fn send_with_id(&self, id: &str, body: impl Into<Vec<u8>>) {
        let message = Message {
            message_id: Some(id.to_owned()),
            ..Message::of(body)
        };
        self.host.send("evict", message).unwrap();
    }

    /// Waits until the queue is empty and nothing runs.
    pub(crate) async fn settle(&self) {
        self.host.wait_until_idle(SOON).await.unwrap();
    }

    /// The receipts that were published, in their order, out of their events.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        self.host
            .messages("evict-receipts")
            .iter()
            .map(|message| message.json().unwrap()["data"].clone())
            .collect()
    }

    /// The revocations that Graph received.
    pub(crate) fn revocations(&self) -> usize {
        self.tenant
            .calls_matching("POST */revokeSignInSessions")
            .len()
    }

    /// Ends the app and checks everything that must hold in every test.
    pub(crate) async fn end(self) {
        self.tenant.assert_no_surprises();
        for line in self.host.worker_log() {
            let text = format!("{line:?}").to_lowercase();
            assert!(!text.contains("eyj"), "a token in a log line: {text}");
            for name in &self.names {
                assert!(
                    !text.contains(name.as_str()),
                    "a user's name in a log line: {text}"
                );
            }
        }
        for invocation in self.host.invocations() {
            for line in &invocation.logs {
                let text = line.to_lowercase();
                assert!(
                    !text.contains("eyj"),
                    "a token in the invocation's log: {text}"
                );
                for name in &self.names {
                    assert!(
                        !text.contains(name.as_str()),
                        "a user's name in the invocation's log: {text}"
                    );
                }
            }
        }
        self.host.shutdown().await;
    }
}

/// Each receipt's outcome, with its reason where it has one.
pub(crate) fn outcomes(receipts: &[Value]) -> Vec<String> {
    receipts
        .iter()
        .map(|receipt| {
            let outcome = receipt["outcome"].as_str().unwrap_or("?");
            receipt["reason"].as_str().map_or_else(
                || outcome.to_owned(),
                |reason| format!("{outcome} {reason}"),
            )
        })
        .collect()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().build().unwrap()
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, body }
}
