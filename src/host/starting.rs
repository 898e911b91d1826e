//! Answers while the rest of the program is still being made: the host's probe is answered at once, and an invocation
//! that comes early waits instead of failing.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use super::invocation::{Invocation, Trigger};
use super::reply::{HttpReply, Reply};
use super::server::Handler;

type Made<H> = Option<Result<Arc<H>, String>>;

/// A handler that is being made.
#[derive(Debug)]
pub struct Starting<H> {
    made: watch::Receiver<Made<H>>,
}

impl<H: Handler> Starting<H> {
    /// Begins to make the handler, in a task of its own. If that fails, every invocation is answered with the reason.
    pub fn begin(set_up: impl Future<Output = Result<H, String>> + Send + 'static) -> Self {
        let (sender, made) = watch::channel(None);
        tokio::spawn(async move {
            let result = set_up.await;
            if let Err(problem) = &result {
                tracing::error!(problem, "handler.setup.failed");
            }
            sender.send_replace(Some(result.map(Arc::new)));
        });
        Self { made }
    }

    async fn made(&self) -> Result<Arc<H>, String> {
        let mut made = self.made.clone();
        match made.wait_for(Option::is_some).await {
            Ok(made) => made.clone().unwrap_or_else(|| Err(DIED.to_owned())),
            Err(_) => Err(DIED.to_owned()),
        }
    }
}

const DIED: &str = "The handler's set-up ended without a result; the log has a line about it.";

impl<H: Handler> Handler for Starting<H> {
    async fn handle(&self, invocation: Invocation) -> Reply {
        match self.made().await {
            Ok(handler) => handler.handle(invocation).await,
            Err(problem) => match invocation.trigger {
                Trigger::Queue(_) => Reply::abandoned(&problem),
                Trigger::Alert(_) | Trigger::Check(_) => Reply::completed().with_http(HttpReply {
                    status: 503,
                    content_type: "application/json; charset=utf-8",
                    body: serde_json::json!({ "error": { "problem": problem } }).to_string(),
                }),
            },
        }
    }
}
