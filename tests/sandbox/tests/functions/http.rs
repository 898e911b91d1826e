//! The front end: routes, keys, and the conversion of requests and answers.

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use sandbox::functions::{FunctionsHost, InvocationState};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{LONG, package, scripted};

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
    assert_eq!(status(post(&host, &[])).await, StatusCode::OK);
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
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(status(post(&host, &[])).await, StatusCode::OK);
    let [chunked, plain] = host.invocations().try_into().unwrap();
    let chunked = &chunked.request_body["Data"]["req"];
    assert_eq!(chunked.get("Body"), None);
    // The names have the caller's spelling.
    assert_eq!(chunked["Headers"]["transfer-encoding"], json!(["chunked"]));
    assert_eq!(chunked["Headers"]["X-Own"], json!(["1"]));
    let plain = &plain.request_body["Data"]["req"];
    assert_eq!(plain["Body"], json!("{\"steps\":[]}"));
    assert_eq!(plain["Method"], json!("POST"));
    assert_eq!(
        plain["Headers"]["content-type"],
        json!(["application/json"])
    );
}

/// Posts like a client that does not know the length of its body, and returns the whole answer.
async fn post_chunked(host: &FunctionsHost, text: &str) -> String {
    let address = host.http_endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/revoke HTTP/1.1\r\nhost: localhost\r\nx-functions-key: {}\r\n\
         X-Own: 1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
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
    // A later request has a later answer: by then the host has seen the connection close.
    assert_eq!(status(post(&host, &[])).await, StatusCode::OK);
    let release = post(&host, &[json!({"release": true})]);
    assert_eq!(status(release).await, StatusCode::OK);
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
        .body(scripted(&[]).body)
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

async fn start_by_hand(host: &FunctionsHost, function: &str, key: &str, input: &str) -> StatusCode {
    let url = format!("{}/admin/functions/{function}", host.http_endpoint());
    let body = json!({ "input": input }).to_string();
    let request = client()
        .post(url)
        .header("x-functions-key", key)
        .header("content-type", "application/json");
    status(request.body(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_starts_a_queue_function_with_a_message_that_no_broker_has_sent() {
    let package = package();
    let host = package.start().await;
    let (function, master) = (host.function_key(), host.master_key());
    let input = json!({"steps": [{"status": 500}]}).to_string();
    for (name, key, expected) in [
        ("RevokeFromQueue", "", StatusCode::UNAUTHORIZED),
        ("RevokeFromQueue", function, StatusCode::FORBIDDEN),
        ("RevokeFromAlert", master, StatusCode::BAD_REQUEST),
        ("Nothing", master, StatusCode::NOT_FOUND),
        ("RevokeFromQueue", master, StatusCode::ACCEPTED),
    ] {
        assert_eq!(
            start_by_hand(&host, name, key, &input).await,
            expected,
            "{name} {key}"
        );
    }
    let ended = |host: &FunctionsHost| host.invocations().len() == 1 && host.running() == 0;
    host.wait_until(LONG, ended).await.unwrap();
    let metadata = &host.invocations()[0].request_body["Metadata"];
    assert_eq!(metadata["DeliveryCount"], json!("0"));
    assert_eq!(metadata["EnqueuedTimeUtc"], json!("0001-01-01T00:00:00"));
    // It failed, and nothing repeats it.
    assert!(matches!(
        host.invocations()[0].state,
        InvocationState::Failed(_)
    ));
    assert!(host.messages("evict").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_admin_isolation_no_key_opens_admin() {
    let package = package().with_variable("FUNCTIONS_ADMIN_ISOLATION_ENABLED", "1");
    let host = package.start().await;
    let refused = start_by_hand(&host, "RevokeFromQueue", host.master_key(), "{}").await;
    assert_eq!(refused, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_handed_on_where_application_insights_is_on() {
    for (insights, expected) in [(false, false), (true, true)] {
        let mut package = package();
        if insights {
            let name = "APPLICATIONINSIGHTS_CONNECTION_STRING";
            package = package.with_variable(name, "InstrumentationKey=x");
        }
        let host = package.start().await;
        let url = format!(
            "{}/api/check?code={}",
            host.http_endpoint(),
            host.function_key()
        );
        let text = client()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        let headers: Vec<String> = serde_json::from_value(told["headers"].clone()).unwrap();
        let has = |name: &str| headers.iter().any(|header| header == name);
        assert_eq!(has("traceparent"), expected);
        assert!(
            has("transfer-encoding") && !has("content-length"),
            "{headers:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_above_a_hundred_megabytes_fails_the_call() {
    let package = package();
    let host = package.start().await;
    let body = vec![b' '; 100 * 1024 * 1024 + 1];
    let request = client()
        .post(format!("{}/api/revoke", host.http_endpoint()))
        .header("x-functions-key", host.function_key())
        .body(body);
    assert_eq!(status(request).await, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(host.invocations().is_empty());
}
