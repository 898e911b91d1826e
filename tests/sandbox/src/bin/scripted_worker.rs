//! A scripted worker, for tests of the simulated host. A message or an HTTP body of the form `{"steps": [{…}, …]}`
//! scripts each delivery; the last step repeats:
//!
//! - `exit`: end the process with this code and without a reply
//! - `hang`: never reply; `wait`: reply once a step of another invocation says `release`
//! - `status`, `contentType`, `reply`: the reply; `reply` is a JSON value, or with `raw` the plain text
//! - `say`, `complain`: a line for standard output, and one for standard error
//!
//! Without steps it replies 200 and nothing more. `SCRIPTED_WORKER_EXIT_AT_START` ends it before it listens, with this
//! code; `SCRIPTED_WORKER_DEAF` keeps it from listening at all.

#![expect(
    clippy::disallowed_methods,
    clippy::exit,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the scripted worker is a process that behaves as badly as the test asks"
)]

use std::env;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Step {
    exit: Option<i32>,
    hang: bool,
    wait: bool,
    release: bool,
    status: Option<u16>,
    content_type: Option<String>,
    reply: Option<Value>,
    raw: Option<String>,
    say: Option<String>,
    complain: Option<String>,
}

static RELEASED: tokio::sync::Notify = tokio::sync::Notify::const_new();

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Ok(code) = env::var("SCRIPTED_WORKER_EXIT_AT_START") {
        eprintln!("error: told to end with {code}");
        std::process::exit(code.parse()?);
    }
    if env::var("SCRIPTED_WORKER_DEAF").is_ok() {
        return std::future::pending().await;
    }
    let port: u16 = env::var("FUNCTIONS_CUSTOMHANDLER_PORT")?.parse()?;
    let router = Router::new()
        .route("/", get(|| async { StatusCode::NOT_FOUND }))
        .route("/{function}", post(invoked));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening");
    axum::serve(listener, router).await?;
    Ok(())
}

async fn invoked(Path(function): Path<String>, headers: HeaderMap, body: String) -> Response {
    let invocation: Value = serde_json::from_str(&body).unwrap_or_default();
    if function == "Check" {
        return check(&headers);
    }
    let step = step(&invocation);
    if let Some(line) = step.say {
        println!("{line}");
    }
    if let Some(line) = step.complain {
        eprintln!("{line}");
    }
    if let Some(code) = step.exit {
        std::process::exit(code);
    }
    if step.hang {
        std::future::pending::<()>().await;
    }
    if step.release {
        RELEASED.notify_one();
    }
    if step.wait {
        RELEASED.notified().await;
    }
    let text = match (step.raw, step.reply) {
        (Some(raw), _) => raw,
        (None, Some(reply)) => reply.to_string(),
        (None, None) => json!({}).to_string(),
    };
    let status = step.status.unwrap_or(200);
    let content_type = step
        .content_type
        .unwrap_or_else(|| "application/json".to_owned());
    (
        StatusCode::from_u16(status).unwrap_or_default(),
        [(header::CONTENT_TYPE, content_type)],
        text,
    )
        .into_response()
}

/// Reports the process's arguments and environment, and the headers of an invocation.
fn check(headers: &HeaderMap) -> Response {
    let names: Vec<String> = env::vars().map(|(name, _)| name).collect();
    let headers: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    let body =
        json!({"variables": names, "directory": env::current_dir().ok(), "headers": headers});
    axum::Json(json!({"Outputs": {"res": {"statusCode": 200, "body": body}}})).into_response()
}

/// The step for this delivery.
fn step(invocation: &Value) -> Step {
    let data = &invocation["Data"];
    let text = match &data["message"] {
        Value::String(quoted) => serde_json::from_str(quoted).unwrap_or_else(|_| quoted.clone()),
        _ => data["req"]["Body"].as_str().unwrap_or("{}").to_owned(),
    };
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    let delivery: usize = invocation["Metadata"]["DeliveryCount"]
        .as_str()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let steps = told["steps"].as_array().cloned().unwrap_or_default();
    let Some(step) = steps.get(delivery - 1).or(steps.last()) else {
        return Step::default();
    };
    serde_json::from_value(step.clone()).unwrap_or_else(|error| {
        eprintln!("error: not a step: {error}");
        std::process::exit(64);
    })
}
