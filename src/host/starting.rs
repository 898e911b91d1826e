//! A handler that can be asked before it is made.
//!
//! The server listens first; identity, TLS roots and the HTTP client are made meanwhile. Invocations that come before
//! that is done wait for it. If it fails, every invocation says why: the probe is still answered, since a process that
//! ends would be restarted into the same failure three times and then take the whole host down.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

use super::invocation::{Invocation, Trigger};
use super::reply::{HttpReply, Reply};
use super::server::Handler;

/// How long a message is held before it is abandoned because the handler could not be made. Service Bus delivers an
/// abandoned message again at once; without this pause, ten deliveries would be used up in a second.
pub const HELD_WHEN_NOT_SET_UP: Duration = Duration::from_secs(30);

/// A handler in the making, and the side on which it is made.
#[must_use]
pub fn starting<H: Handler>() -> (Starter<H>, Starting<H>) {
    let (sender, receiver) = watch::channel(None);
    (Starter(sender), Starting(receiver))
}

/// Tells how the making ended. Dropped without a word, as by a panic, it stands for a failure.
#[derive(Debug)]
pub struct Starter<H>(watch::Sender<Option<Result<Arc<H>, String>>>);

impl<H: Handler> Starter<H> {
    /// The handler is there.
    pub fn ready(self, handler: H) {
        self.0.send_replace(Some(Ok(Arc::new(handler))));
    }

    /// There will be no handler. The reason is shown to callers and logged: it must hold no secret and name nobody.
    pub fn failed(self, reason: &str) {
        tracing::error!(reason, "the handler could not be set up");
        self.0.send_replace(Some(Err(reason.to_owned())));
    }
}

/// A handler in the making, which waits until it is made.
#[derive(Debug)]
pub struct Starting<H>(watch::Receiver<Option<Result<Arc<H>, String>>>);

impl<H: Handler> Starting<H> {
    async fn made(&self) -> Result<Arc<H>, String> {
        let mut receiver = self.0.clone();
        let outcome = receiver.wait_for(Option::is_some).await;
        match outcome.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            Ok(None) | Err(_) => Err("its set-up ended without a result".to_owned()),
        }
    }
}

impl<H: Handler> Handler for Starting<H> {
    async fn handle(&self, invocation: Invocation) -> Reply {
        match self.made().await {
            Ok(handler) => handler.handle(invocation).await,
            Err(reason) => not_set_up(&invocation.trigger, &reason).await,
        }
    }
}

async fn not_set_up(trigger: &Trigger, reason: &str) -> Reply {
    let text = format!("The handler could not be set up: {reason}");
    match trigger {
        Trigger::Queue(_) => {
            tokio::time::sleep(HELD_WHEN_NOT_SET_UP).await;
            Reply::abandoned(&text)
        }
        Trigger::Alert(_) | Trigger::Check(_) => {
            let body = json!({ "error": text }).to_string();
            Reply::completed().with_http(HttpReply::json(503, body))
        }
    }
}
