//! A handler that accepts invocations before its set-up is done.
//!
//! The server listens first and answers the probe; then identity, TLS roots and the HTTP client are set up. Earlier
//! invocations wait for that. If it fails, every invocation reports why. The probe is still answered, because a process
//! that exits would be restarted into the same failure three times and then take the whole host down.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, watch};

use super::handler::Handler;
use super::invocation::{Invocation, Trigger};
use super::reply::{HttpReply, Reply};

/// How long a message is held before it is abandoned because the set-up failed. Service Bus delivers an abandoned
/// message again at once; without this pause, ten deliveries would be used up in a second.
pub const HELD_WHEN_NOT_SET_UP: Duration = Duration::from_secs(30);

/// How long the set-up waits for the first request. It takes some milliseconds of a processor, which would delay the
/// first answer on a small machine. The host waits for that answer and asks at once.
const UNASKED: Duration = Duration::from_millis(20);

/// A handler whose set-up may still be running; invocations wait for it.
pub struct Starting<H> {
    made: watch::Receiver<Made<H>>,
    asked: Arc<Notify>,
    elapsed: Option<Elapsed>,
}

/// The time since some fixed instant.
type Elapsed = Box<dyn Fn() -> Duration + Send + Sync>;

impl<H> fmt::Debug for Starting<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starting")
            .field("is_made", &self.made.borrow().is_some())
            .finish_non_exhaustive()
    }
}

type Made<H> = Option<Result<Arc<H>, String>>;

const NO_RESULT: &str = "its set-up ended without a result; the log names the place";

impl<H: Handler> Starting<H> {
    /// Runs the set-up in its own task, after the first request. The reason of a failure is logged and shown to
    /// callers: it must hold no secret and name nobody. A panic counts as a failure.
    pub fn begin(set_up: impl Future<Output = Result<H, String>> + Send + 'static) -> Self {
        let (sender, made) = watch::channel(None);
        let asked = Arc::new(Notify::new());
        let first = Arc::clone(&asked);
        tokio::spawn(async move {
            // The set-up begins now, with or without a request.
            let _asked = tokio::time::timeout(UNASKED, first.notified()).await;
            let result = set_up.await;
            if let Err(problem) = &result {
                tracing::error!(problem, "handler.setup.failed");
            }
            sender.send_replace(Some(result.map(Arc::new)));
        });
        Self {
            made,
            asked,
            elapsed: None,
        }
    }

    /// Sets the clock of the future handler, so that waiting invocations know their arrival time.
    #[must_use]
    pub fn with_clock(mut self, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.elapsed = Some(Box::new(elapsed));
        self
    }

    async fn made(&self) -> Result<Arc<H>, String> {
        let mut made = self.made.clone();
        match made.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(made)) => made.clone(),
            Ok(None) | Err(_) => Err(NO_RESULT.to_owned()),
        }
    }
}

impl<H: Handler> Handler for Starting<H> {
    fn probed(&self) {
        self.asked.notify_one();
    }

    fn elapsed(&self) -> Option<Duration> {
        self.elapsed.as_ref().map(|elapsed| elapsed())
    }

    async fn handle(&self, invocation: Invocation) -> Reply {
        self.asked.notify_one();
        match self.made().await {
            Ok(handler) => handler.handle(invocation).await,
            Err(reason) => not_set_up(&invocation.trigger, &reason).await,
        }
    }
}

async fn not_set_up(trigger: &Trigger, reason: &str) -> Reply {
    let problem = format!("The handler could not be set up: {reason}");
    match trigger {
        Trigger::Queue(_) => {
            tokio::time::sleep(HELD_WHEN_NOT_SET_UP).await;
            Reply::abandoned(&problem)
        }
        Trigger::Alert(_) | Trigger::Check(_) => {
            let body = json!({ "error": { "problem": problem } }).to_string();
            Reply::completed().with_http(HttpReply::json(503, body))
        }
    }
}
