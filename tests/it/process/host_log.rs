//! What an invocation logs in this process, where the host itself logs nothing.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use evict::host::{self, Handler, HttpReply, Invocation, Reply, Trigger};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level};

use crate::support::app::SOON;

const ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// The lines of this thread's events, in the format of `tracing_subscriber`.
#[derive(Clone, Default)]
struct Log {
    bytes: Arc<Mutex<Vec<u8>>>,
    written: Arc<Notify>,
}

/// Keeps two listeners without an effect for the life of the process. In a process with a single listener, `tracing`
/// asks the first thread at an event whether it listens, and applies a no to all threads: a test beside this one would
/// switch the event off.
fn listen_beside_others() {
    static OTHERS: LazyLock<[Dispatch; 2]> =
        LazyLock::new(|| std::array::from_fn(|_| Dispatch::new(NoSubscriber::default())));
    LazyLock::force(&OTHERS);
}

impl Log {
    fn start() -> (Self, DefaultGuard) {
        Self::start_at(Level::INFO)
    }

    fn start_at(level: Level) -> (Self, DefaultGuard) {
        listen_beside_others();
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(level)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }

    async fn line_with(&self, words: &str) -> String {
        tokio::time::timeout(SOON, async {
            loop {
                let text = self.text();
                if let Some(line) = text.lines().find(|line| line.contains(words)) {
                    return line.to_owned();
                }
                // An earlier line leaves a permit; then the loop checks once more.
                self.written.notified().await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("no line with {words:?} in:\n{}", self.text()))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.lock().unwrap().extend_from_slice(bytes);
        self.written.notify_one();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Obedient {
    begun: Notify,
    go_on: Notify,
}

impl Handler for Obedient {
    async fn handle(&self, invocation: Invocation) -> Reply {
        let Trigger::Queue(message) = invocation.trigger else {
            return Reply::completed().with_http(HttpReply::json(200, "{}".to_owned()));
        };
        match message.body.as_slice() {
            b"panic" => panic!("at alice@contoso.com"),
            b"abandon" => {
                Reply::abandoned("Graph says wait").with_log("user cafe deferred".to_owned())
            }
            b"wait" => {
                self.begun.notify_one();
                self.go_on.notified().await;
                Reply::completed().with_log("user cafe revoked".to_owned())
            }
            _ => Reply::completed().with_log("user cafe revoked".to_owned()),
        }
    }
}

async fn start(handler: &Arc<Obedient>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = Arc::clone(handler);
    tokio::spawn(host::serve(listener, handler, |_| {
        std::future::pending::<()>()
    }));
    address
}

/// Posts a message and leaves the connection open.
async fn post(address: SocketAddr, message: &str) -> TcpStream {
    let body = json!({ "Data": { "message": json!(message).to_string() }, "Metadata": {} });
    let body = body.to_string();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /RevokeFromQueue HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Azure-Functions-InvocationId: {ID}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    connection
}

async fn answered(mut connection: TcpStream) {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
}

#[tokio::test]
async fn each_invocation_leaves_a_line_that_bears_its_id() {
    let (log, _guard) = Log::start();
    let address = start(&Arc::default()).await;
    answered(post(address, "first").await).await;
    answered(post(address, "second").await).await;
    let text = log.text();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("invocation.ended"))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines.iter().all(|line| line.contains(ID)), "{text}");
    assert!(lines[0].contains("faas.trigger=\"pubsub\""), "{text}");
    assert!(lines[0].contains("faas.coldstart=true"), "{text}");
    assert!(lines[1].contains("faas.coldstart=false"), "{text}");
    // The host logs these.
    assert!(!text.contains("user cafe"), "{text}");
}

#[tokio::test]
async fn a_panic_leaves_a_line_that_names_the_invocation_and_nobody() {
    let (log, _guard) = Log::start();
    let address = start(&Arc::default()).await;
    answered(post(address, "panic").await).await;
    let line = log.line_with("invocation.panicked").await;
    assert!(line.contains("ERROR") && line.contains(ID), "{line}");
    assert!(!log.text().contains("alice"), "{}", log.text());
}

#[tokio::test]
async fn an_errors_line_bears_its_invocation_at_every_level() {
    let (log, _guard) = Log::start_at(Level::ERROR);
    let address = start(&Arc::default()).await;
    answered(post(address, "panic").await).await;
    let line = log.line_with("invocation.panicked").await;
    assert!(line.contains(ID), "{line}");
}

#[tokio::test]
async fn an_abandoned_invocation_leaves_its_reason_and_the_lines_that_the_host_drops() {
    let (log, _guard) = Log::start();
    let address = start(&Arc::default()).await;
    answered(post(address, "abandon").await).await;
    let reason = log.line_with("Graph says wait").await;
    assert!(reason.contains("WARN") && reason.contains(ID), "{reason}");
    log.line_with("user cafe deferred").await;
}

#[tokio::test]
async fn what_was_finished_after_the_host_had_gone_is_logged() {
    let (log, _guard) = Log::start();
    let handler = Arc::new(Obedient::default());
    let address = start(&handler).await;
    let connection = post(address, "wait").await;
    handler.begun.notified().await;
    drop(connection);
    // Waits until the server has noticed: its side of the connection is closed once this message is answered.
    answered(post(address, "meanwhile").await).await;
    assert!(!log.text().contains("user cafe"), "{}", log.text());
    handler.go_on.notify_one();
    let gone = log.line_with("invocation.undelivered").await;
    assert!(gone.contains("WARN") && gone.contains(ID), "{gone}");
    log.line_with("user cafe revoked").await;
}
