//! The public side: routes, keys, and what becomes of a request and its answer.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use sandbox::functions::{FunctionsHost, InvocationState};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{LONG, package, told};

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn post(host: &FunctionsHost, steps: &[Value]) -> RequestBuilder {
    client()
        .post(format!("{}/api/revoke", host.http_endpoint()))
        .header("x-functions-key", host.function_key())
        .header("content-type", "application/json")
        .body(json!({"steps": steps}).to_string())
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_wants_its_key_its_route_and_its_method() {
    let package = package();
    let host = package.start().await;
    let root = host.http_endpoint();
    let key = host.function_key();
    for (method, path, expected) in [
        ("GET", "/".to_owned(), StatusCode::OK),
        ("GET", "/api/check".to_owned(), StatusCode::UNAUTHORIZED),
        (
            "GET",
            "/api/check?code=wrong".to_owned(),
            StatusCode::UNAUTHORIZED,
        ),
        ("GET", format!("/api/check?code={key}"), StatusCode::OK),
        ("GET", format!("/API/Check?code={key}"), StatusCode::OK),
        (
            "POST",
            format!("/api/check?code={key}"),
            StatusCode::NOT_FOUND,
        ),
        (
            "GET",
            format!("/api/revoke?code={key}"),
            StatusCode::NOT_FOUND,
        ),
        (
            "GET",
            format!("/api/nothing?code={key}"),
            StatusCode::NOT_FOUND,
        ),
        ("GET", format!("/check?code={key}"), StatusCode::NOT_FOUND),
    ] {
        let request = client().request(method.parse().unwrap(), format!("{root}{path}"));
        assert_eq!(status(request).await, expected, "{method} {path}");
    }
    assert_eq!(status(post(&host, &[])).await, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_what_the_http_output_says() {
    let package = package();
    let host = package.start().await;
    let answer = json!({
        "statusCode": "202",
        "headers": {"content-type": "application/json", "x-own": "1"},
        "body": "{\"at\":\"2026-11-23T20:10:26.100Z\"}",
    });
    let reply = json!({"reply": {"Outputs": {"res": answer}}});
    let response: Response = post(&host, &[reply]).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-own"], "1");
    let text = response.text().await.unwrap();
    assert_eq!(text, "{\"at\":\"2026-11-23T20:10:26.100Z\"}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_invocation_is_answered_with_500_and_nothing_else() {
    let package = package();
    let host = package.start().await;
    let step = json!({"status": 503, "reply": {"Outputs": {"res": {"body": "x"}}}});
    let response = post(&host, &[step]).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_request_arrives_without_its_body() {
    let package = package();
    let host = package.start().await;
    let answer = post_chunked(&host, "{\"user\": \"alice@contoso.com\"}").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(status(post(&host, &[])).await, StatusCode::NO_CONTENT);
    let [chunked, plain] = host.invocations().try_into().unwrap();
    let chunked = &chunked.request_body["Data"]["req"];
    assert_eq!(chunked.get("Body"), None);
    assert_eq!(chunked["Headers"]["Transfer-Encoding"], json!(["chunked"]));
    let plain = &plain.request_body["Data"]["req"];
    assert_eq!(plain["Body"], json!("{\"steps\":[]}"));
    assert_eq!(plain["Method"], json!("POST"));
    assert_eq!(
        plain["Headers"]["Content-Type"],
        json!(["application/json"])
    );
}

/// Posts as a client does that does not know the length of its body, and returns the whole answer.
async fn post_chunked(host: &FunctionsHost, text: &str) -> String {
    let address = host.http_endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/revoke HTTP/1.1\r\nhost: localhost\r\nx-functions-key: {}\r\n\
         connection: close\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
        host.function_key(),
        text.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_goes_on_when_its_caller_hangs_up() {
    let package = package();
    let host = package.start().await;
    let waiting = json!({"say": "waiting", "wait": true});
    let request = tokio::spawn(post(&host, &[waiting]).send());
    let waits = |host: &FunctionsHost| host.worker_log().iter().any(|line| line.text == "waiting");
    host.wait_until(LONG, waits).await.unwrap();
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    // What is asked later is answered later: by then the host has seen the connection close.
    assert_eq!(status(post(&host, &[])).await, StatusCode::NO_CONTENT);
    let release = post(&host, &[json!({"release": true})]);
    assert_eq!(status(release).await, StatusCode::NO_CONTENT);
    host.wait_until(LONG, |host| host.running() == 0)
        .await
        .unwrap();
    assert_eq!(host.invocations()[0].state, InvocationState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_side_takes_messages_and_shows_queues() {
    let package = package();
    let host = package.start().await;
    let control = host.control_endpoint();
    let sent = client()
        .post(format!("{control}/queues/evict/messages"))
        .header("message-id", "by-hand")
        .body(told(&[]).body)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), StatusCode::CREATED);
    host.wait_until_idle(LONG).await.unwrap();
    let text = client()
        .get(format!("{control}/queues/evict"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["completed"][0]["messageId"], json!("by-hand"));
    let unknown = client().get(format!("{control}/queues/evikt"));
    assert_eq!(status(unknown).await, StatusCode::NOT_FOUND);
    let unknown = client().post(format!("{control}/queues/evikt/messages"));
    assert_eq!(status(unknown).await, StatusCode::BAD_REQUEST);
}
