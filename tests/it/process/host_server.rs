//! The server, over real connections to port 0 of this machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evict::host::{
    self, BODY_LIMIT, Handler, HttpReply, Invocation, OutputBinding, Reply, ServeError, Trigger,
};
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// Acts on the body of the message, and records what it has done.
struct Obedient {
    done: mpsc::UnboundedSender<String>,
    go_on: Notify,
    go_on_at_last: Notify,
    begun: tokio::time::Instant,
    /// The number of invocations that have started to arrive.
    arrivals: AtomicUsize,
    /// When the large ones began to arrive.
    arrived: std::sync::Mutex<Vec<Duration>>,
}

impl Obedient {
    fn new(done: mpsc::UnboundedSender<String>) -> Self {
        Self {
            done,
            go_on: Notify::new(),
            go_on_at_last: Notify::new(),
            begun: tokio::time::Instant::now(),
            arrivals: AtomicUsize::new(0),
            arrived: std::sync::Mutex::default(),
        }
    }
}

/// The id of an invocation whose body is released as soon as it has arrived.
const TAKES_APART: &str = "takes-apart";

impl Handler for Obedient {
    fn elapsed(&self) -> Option<Duration> {
        self.arrivals.fetch_add(1, Ordering::Relaxed);
        Some(self.begun.elapsed())
    }

    async fn handle(&self, invocation: Invocation) -> Reply {
        if invocation.id == TAKES_APART {
            invocation.arrival.keeps(0);
        }
        let Trigger::Queue(message) = invocation.trigger else {
            return Reply::completed().with_http(HttpReply::json(202, r#"{"a":1}"#.to_owned()));
        };
        let body = String::from_utf8(message.body).unwrap();
        let reply = match body.as_str() {
            "abandon" => Reply::abandoned("not now"),
            "panic" => panic!("at alice@contoso.com"),
            body if body.len() > 1024 * 1024 => {
                let at = invocation.arrival.at().unwrap();
                self.arrived.lock().unwrap().push(at);
                let _ = self.done.send("large".to_owned());
                self.go_on.notified().await;
                return Reply::completed();
            }
            "wait" => {
                let _ = self.done.send("waiting".to_owned());
                self.go_on.notified().await;
                Reply::completed()
            }
            "wait longer" => {
                let _ = self.done.send("waiting".to_owned());
                self.go_on_at_last.notified().await;
                Reply::completed()
            }
            _ => Reply::completed()
                .with_messages(
                    OutputBinding::Receipts,
                    vec![json!({ "body": body }).to_string()],
                )
                .with_log(format!("id {}", invocation.id)),
        };
        let _ = self.done.send(body);
        reply
    }
}

struct Server {
    address: SocketAddr,
    client: Client,
    handler: Arc<Obedient>,
    done: Mutex<mpsc::UnboundedReceiver<String>>,
    stop: oneshot::Sender<bool>,
    served: JoinHandle<Result<&'static str, ServeError>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, done) = mpsc::unbounded_channel();
        let handler = Arc::new(Obedient::new(sender));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(host::serve(
            listener,
            Arc::clone(&handler),
            async |in_flight| {
                let is_gone = stopped.await.unwrap();
                host::stay(in_flight, || is_gone).await;
                "left"
            },
        ));
        Self {
            address,
            client: ClientBuilder::new().no_proxy().build().unwrap(),
            handler,
            done: Mutex::new(done),
            stop,
            served,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        self.client
            .post(self.url(path))
            .header("X-Azure-Functions-InvocationId", ID)
            .header("Content-Type", "application/json; charset=utf-8")
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    async fn queue(&self, message: &str) -> Response {
        self.post("/RevokeFromQueue", &envelope(message)).await
    }

    async fn next_done(&self) -> String {
        self.done.lock().await.recv().await.unwrap()
    }
}

fn envelope(message: &str) -> Value {
    json!({ "Data": { "message": json!(message).to_string() }, "Metadata": {} })
}

async fn json_of(response: Response) -> Value {
    assert_eq!(
        response.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Reads one answer from a bare connection: its status line and its body.
async fn answer(connection: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let head = loop {
        let mut byte = [0];
        connection.read_exact(&mut byte).await.unwrap();
        bytes.push(byte[0]);
        if bytes.ends_with(b"\r\n\r\n") {
            break String::from_utf8(bytes).unwrap();
        }
    };
    let headers: BTreeMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    connection.read_exact(&mut body).await.unwrap();
    let status = head.lines().next().unwrap().to_owned();
    (status, String::from_utf8(body).unwrap())
}

fn posted(message: &str) -> String {
    let body = envelope(message).to_string();
    format!(
        "POST /RevokeFromQueue HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Azure-Functions-InvocationId: {ID}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn the_probe_is_answered() {
    let server = Server::start().await;
    let response = server.client.get(server.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(json_of(response).await, json!({ "status": "listening" }));
}

#[tokio::test]
async fn an_invocation_is_answered_in_the_hosts_shape() {
    let server = Server::start().await;
    let response = server.queue("hello").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        json_of(response).await,
        json!({
            "Outputs": { "receipts": [r#"{"body":"hello"}"#] },
            "Logs": [format!("id {ID}")],
            "ReturnValue": null,
        })
    );
    for path in ["/RevokeFromAlert", "/Check"] {
        let body = json!({ "Data": { "req": { "Method": "POST", "Body": "{}" } }, "Metadata": {} });
        let response = server.post(path, &body).await;
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "the caller's status is inside"
        );
        let res = &json_of(response).await["Outputs"]["res"];
        assert_eq!(res["statusCode"], "202");
        assert_eq!(res["body"], r#"{"a":1}"#);
    }
}

#[tokio::test]
async fn an_abandoned_message_is_no_success() {
    let server = Server::start().await;
    let response = server.queue("abandon").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(json_of(response).await, json!({ "error": "not now" }));
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_say_what_is_served() {
    let server = Server::start().await;
    let everything = json!([
        "GET /",
        "POST /RevokeFromQueue",
        "POST /RevokeFromAlert",
        "POST /Check"
    ]);
    for path in [
        "/api/revoke",
        "/revokefromqueue",
        "/RevokeFromQueue/",
        "/%00",
    ] {
        let response = server.post(path, &envelope("a")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(json_of(response).await["serves"], everything);
    }
    let response = server
        .client
        .get(server.url("/RevokeFromQueue"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(json_of(response).await["serves"], everything);
    let response = server.post("/", &json!({})).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET, HEAD");
}

#[tokio::test]
async fn a_request_that_is_no_invocation_is_told_where_it_is_wrong() {
    let server = Server::start().await;
    let response = server
        .post("/RevokeFromQueue", &json!({ "Data": {} }))
        .await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let error = json_of(response).await["error"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        error.contains("RevokeFromQueue. Data.message: expected the message"),
        "{error}"
    );

    let no_id = server
        .client
        .post(server.url("/Check"))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(no_id.status(), StatusCode::BAD_REQUEST);
    let error = json_of(no_id).await["error"].as_str().unwrap().to_owned();
    assert!(error.contains("X-Azure-Functions-InvocationId"), "{error}");
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_above_it_is_refused() {
    let server = Server::start().await;
    let post = |length| {
        server
            .client
            .post(server.url("/RevokeFromQueue"))
            .header("X-Azure-Functions-InvocationId", ID)
            .body(vec![b'a'; length])
            .send()
    };
    // The refusal proves that the body was read: it is not an invocation.
    let read = post(BODY_LIMIT).await.unwrap();
    assert_eq!(read.status(), StatusCode::BAD_REQUEST);
    let refused = post(BODY_LIMIT + 1).await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let error = json_of(refused).await["error"].as_str().unwrap().to_owned();
    assert!(error.contains("larger than 67108864 bytes"), "{error}");
}

/// Posts a body of nine mebibytes under this id, in chunks as the host does.
fn post_large(server: &Server, id: &'static str) -> JoinHandle<StatusCode> {
    let body = envelope(&"x".repeat(9 * 1024 * 1024)).to_string();
    let request = server
        .client
        .post(server.url("/RevokeFromQueue"))
        .header("X-Azure-Functions-InvocationId", id)
        .body(reqwest::Body::wrap(NoLength(Some(body.into()))));
    tokio::spawn(async move { request.send().await.unwrap().status() })
}

#[tokio::test]
async fn a_large_body_that_was_taken_apart_holds_up_no_other() {
    let server = Server::start().await;
    let posts: Vec<_> = (0..4).map(|_| post_large(&server, TAKES_APART)).collect();
    // All of them are in work at the same time.
    for _ in 0..4 {
        assert_eq!(server.next_done().await, "large");
    }
    while posts.iter().any(|post| !post.is_finished()) {
        server.handler.go_on.notify_waiters();
        tokio::task::yield_now().await;
    }
    for post in posts {
        assert_eq!(post.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn what_a_body_waited_for_room_is_known() {
    let server = Server::start().await;
    let first = post_large(&server, "keeps-its-place");
    assert_eq!(server.next_done().await, "large");
    let second = post_large(&server, "waits-for-it");
    while server.handler.arrivals.load(Ordering::Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
    // It has no parse budget before the first one is done.
    assert_eq!(server.queue("small").await.status(), StatusCode::OK);
    assert_eq!(server.next_done().await, "small");
    tokio::time::pause();
    // Less than a body may take to arrive.
    let waited = Duration::from_secs(20);
    tokio::time::advance(waited).await;
    tokio::time::resume();
    server.handler.go_on.notify_waiters();
    assert_eq!(first.await.unwrap(), StatusCode::OK);
    assert_eq!(server.next_done().await, "large");
    let arrived = server.handler.arrived.lock().unwrap().clone();
    assert!(server.handler.begun.elapsed() >= arrived[1] + waited);
    server.handler.go_on.notify_waiters();
    assert_eq!(second.await.unwrap(), StatusCode::OK);
}

/// A body without a length.
struct NoLength(Option<axum::body::Bytes>);

impl axum::body::HttpBody for NoLength {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(http_body::Frame::data(bytes))))
    }
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_invocation() {
    let server = Server::start().await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    for message in ["first", "abandon", "second"] {
        connection
            .write_all(posted(message).as_bytes())
            .await
            .unwrap();
        let (status, body) = answer(&mut connection).await;
        let expected = if message == "abandon" { "500" } else { "200" };
        assert!(
            status.starts_with(&format!("HTTP/1.1 {expected}")),
            "{status}"
        );
        assert!(message == "abandon" || body.contains(message), "{body}");
    }
}

#[tokio::test]
async fn a_panic_fails_its_own_invocation_alone() {
    let server = Server::start().await;
    let waiting = server.queue("wait");
    let panicking = async {
        assert_eq!(server.next_done().await, "waiting");
        let response = server.queue("panic").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = json_of(response).await.to_string();
        assert!(body.contains("panic") && !body.contains("alice"), "{body}");
        server.handler.go_on.notify_one();
    };
    let (waited, ()) = tokio::join!(waiting, panicking);
    assert_eq!(waited.status(), StatusCode::OK);
    assert_eq!(server.queue("after").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_connection_drops() {
    let server = Server::start().await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection
        .write_all(posted("wait").as_bytes())
        .await
        .unwrap();
    assert_eq!(server.next_done().await, "waiting");
    drop(connection);
    // Another invocation completes, so that the server has had time to notice.
    assert_eq!(server.queue("meanwhile").await.status(), StatusCode::OK);
    assert_eq!(server.next_done().await, "meanwhile");
    server.handler.go_on.notify_one();
    assert_eq!(server.next_done().await, "wait");
}

#[tokio::test]
async fn after_a_signal_what_comes_is_served_for_half_a_minute() {
    let server = Server::start().await;
    let Server {
        address,
        client,
        handler,
        done,
        stop,
        mut served,
    } = server;
    let mut done = done.into_inner();
    let post = async |message: &str| {
        let request = client
            .post(format!("http://{address}/RevokeFromQueue"))
            .header("X-Azure-Functions-InvocationId", ID)
            .body(envelope(message).to_string());
        request.send().await.unwrap().status()
    };
    let mut before = TcpStream::connect(address).await.unwrap();
    before.write_all(posted("wait").as_bytes()).await.unwrap();
    assert_eq!(done.recv().await.unwrap(), "waiting");
    stop.send(false).unwrap();
    tokio::task::yield_now().await;

    assert_eq!(post("after").await, StatusCode::OK);
    assert_eq!(done.recv().await.unwrap(), "after");
    handler.go_on.notify_waiters();
    assert!(answer(&mut before).await.0.starts_with("HTTP/1.1 200"));
    assert_eq!(done.recv().await.unwrap(), "wait");
    tokio::time::pause();
    let early = tokio::time::timeout(host::STAY / 2, &mut served).await;
    assert!(early.is_err(), "it left although the host may still post");
    tokio::time::resume();
    assert_eq!(post("late").await, StatusCode::OK);
    tokio::time::pause();
    assert_eq!(served.await.unwrap().unwrap(), "left");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "it no longer listens"
    );
}

#[tokio::test]
async fn without_a_host_it_leaves_when_what_was_posted_has_ended() {
    let server = Server::start().await;
    let mut dropped = TcpStream::connect(server.address).await.unwrap();
    dropped.write_all(posted("wait").as_bytes()).await.unwrap();
    assert_eq!(server.next_done().await, "waiting");
    drop(dropped);
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    server.stop.send(true).unwrap();
    let mut left = server.served;
    let early = tokio::time::timeout(host::STAY / 2, &mut left).await;
    assert!(early.is_err(), "it did not wait for what is in flight");
    server.handler.go_on.notify_waiters();
    assert_eq!(left.await.unwrap().unwrap(), "left");
    assert!(begun.elapsed() < host::STAY, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_has_not_ended_half_a_minute_after_a_signal_is_left() {
    for host_is_gone in [false, true] {
        let server = Server::start().await;
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection
            .write_all(posted("wait").as_bytes())
            .await
            .unwrap();
        assert_eq!(server.next_done().await, "waiting");
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        server.stop.send(host_is_gone).unwrap();
        server.served.await.unwrap().unwrap();
        let took = begun.elapsed();
        assert!(
            took >= host::STAY && took < host::STAY + Duration::from_secs(1),
            "{took:?}"
        );
        tokio::time::resume();
    }
}

#[tokio::test]
async fn the_probe_is_answered_while_the_handler_is_still_being_made() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (make, told) = oneshot::channel::<Obedient>();
    let handler = host::Starting::begin(async { told.await.map_err(|error| error.to_string()) });
    tokio::spawn(host::serve(listener, Arc::new(handler), |_| {
        std::future::pending::<()>()
    }));
    let client = ClientBuilder::new().no_proxy().build().unwrap();
    let invocation = client
        .post(format!("http://{address}/RevokeFromQueue"))
        .header("X-Azure-Functions-InvocationId", ID)
        .body(envelope("a").to_string())
        .send();
    let invocation = tokio::spawn(invocation);
    let probe = client
        .get(format!("http://{address}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(probe.status(), StatusCode::OK);
    assert!(!invocation.is_finished());
    let (done, _kept) = mpsc::unbounded_channel();
    assert!(make.send(Obedient::new(done)).is_ok());
    assert_eq!(invocation.await.unwrap().unwrap().status(), StatusCode::OK);
}
