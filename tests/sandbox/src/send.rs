//! Sends one alert through the whole path and returns its story.

use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use serde_json::Value;

use crate::functions::{FunctionsHost, Message, QueuedMessage};
use crate::story::{Ending, Story, receipts_of};
use crate::tenant::Tenant;

/// An alert to send.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Its name for people.
    pub name: String,
    /// The payload on the wire.
    pub body: Vec<u8>,
}

impl Alert {
    /// A Sentinel incident of four accounts in the shipped world, one of them protected and one a guest.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            name: "The sample incident".to_owned(),
            body: include_bytes!("../alerts/sentinel-incident.json").to_vec(),
        }
    }
}

/// The trigger that an alert goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// The Service Bus queue.
    Queue,
    /// The HTTP endpoint.
    Http,
}

/// Longer than ten deliveries, with the waits between them.
const LIMIT: Duration = Duration::from_hours(1);

/// Sends the alert and returns the story. Over HTTP the caller authenticates with the token, or with the function key
/// if there is none.
///
/// # Errors
/// The alert cannot be sent, or the host shuts down before it is processed.
pub async fn send(
    tenant: &Tenant,
    host: &FunctionsHost,
    alert: Alert,
    via: Via,
    bearer: Option<&str>,
) -> anyhow::Result<Story> {
    let Alert { name, body } = alert;
    renew_before_now(tenant);
    let before = tenant.sessions();
    let (ending, answer) = match via {
        Via::Queue => (through_queue(host, body).await?, None),
        Via::Http => {
            let (status, text) = through_http(host, body, bearer).await?;
            (Ending::Answered(status), Some(text))
        }
    };
    tenant.redeem_all();
    let (receipts, answer) = match answer.map(receipts_in) {
        Some(Ok(receipts)) => (receipts, None),
        Some(Err(text)) => (Vec::new(), Some(text)),
        None => (published(host), None),
    };
    Ok(Story {
        domain: tenant.domain(),
        alert: name,
        receipts,
        before,
        after: tenant.sessions(),
        calls: tenant.calls(),
        rejected: host
            .messages("evict-rejected")
            .iter()
            .map(body_of)
            .collect(),
        answer,
        ending,
    })
}

/// Gives every client app a new access token, some time before the alert. A token from the very second of a cut may or
/// may not count as older than the cut, because Graph reports the time of the cut in whole seconds.
fn renew_before_now(tenant: &Tenant) {
    let (clock, now) = (tenant.clock(), tenant.clock().offset());
    clock.set_offset(now - SignedDuration::from_mins(1));
    tenant.redeem_all();
    clock.set_offset(now);
}

async fn through_queue(host: &FunctionsHost, body: Vec<u8>) -> anyhow::Result<Ending> {
    let message = Message {
        content_type: Some(content_type(&body).to_owned()),
        ..Message::of(body)
    };
    let sent = host.send("evict", message)?;
    host.wait_until_idle(LIMIT).await?;
    let queue = host.queue("evict");
    let ours = |held: &&QueuedMessage| held.sequence_number == sent.sequence_number;
    if let Some(done) = queue.completed.iter().find(ours) {
        return Ok(Ending::Completed(done.delivery_count));
    }
    let reason = queue
        .dead_lettered
        .iter()
        .find(ours)
        .and_then(|held| held.dead_letter.as_ref())
        .map(|dead| dead.reason.clone());
    Ok(Ending::DeadLettered(
        reason.context("the message has got lost")?,
    ))
}

async fn through_http(
    host: &FunctionsHost,
    body: Vec<u8>,
    bearer: Option<&str>,
) -> anyhow::Result<(u16, String)> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .context("the client that posts the alert")?;
    let request = client.post(format!("{}/api/revoke", host.http_endpoint()));
    let request = match bearer {
        Some(token) => request.bearer_auth(token),
        None => request.header("x-functions-key", host.function_key()),
    };
    let response = request
        .header("content-type", content_type(&body))
        .body(body)
        .send()
        .await
        .context("posting the alert")?;
    let status = response.status().as_u16();
    let text = response.text().await.context("reading the answer")?;
    // The queue finishes a message that was handed over.
    host.wait_until_idle(LIMIT).await?;
    Ok((status, text))
}

fn content_type(body: &[u8]) -> &'static str {
    if serde_json::from_slice::<Value>(body).is_ok() {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    }
}

/// The receipts of an HTTP answer; otherwise its explanation, or else the answer itself.
fn receipts_in(answer: String) -> Result<Vec<Value>, String> {
    let Ok(parsed) = serde_json::from_str::<Value>(&answer) else {
        return Err(answer);
    };
    match parsed["receipts"].as_array() {
        Some(receipts) if !receipts.is_empty() => Ok(receipts.clone()),
        Some(_) | None => Err(why_nobody(&parsed["alert"]).unwrap_or(answer)),
    }
}

/// Why an answer has no receipt: what cannot be read, or why there is nothing to do, and who was only mentioned.
fn why_nobody(alert: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let problem = text(&alert["problem"]["path"]).zip(text(&alert["problem"]["expected"]));
    let why = match problem {
        Some((path, expected)) => format!("at {path}, {expected}"),
        None => format!("nothing to do, {}", text(&alert["nothingToDo"])?),
    };
    let mentioned = alert["mentioned"].as_array().into_iter().flatten();
    let mentioned: Vec<String> = mentioned
        .filter_map(|one| {
            let (subject, why) = (text(&one["subject"])?, text(&one["why"])?);
            Some(format!("{subject}, because {why}"))
        })
        .collect();
    if mentioned.is_empty() {
        Some(why)
    } else {
        Some(format!("{why}. Only named: {}", mentioned.join("; ")))
    }
}

/// The receipts that were published.
fn published(host: &FunctionsHost) -> Vec<Value> {
    receipts_of(host.messages("evict-receipts").iter().map(body_of))
}

fn body_of(held: &QueuedMessage) -> Value {
    held.json()
        .unwrap_or_else(|| Value::from(String::from_utf8_lossy(&held.message.body).into_owned()))
}
