//! Keeps the managed identity's token in memory until shortly before it ends, and asks for one at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Mutex;

use super::{FreshToken, IdentityProblem, TokenFacts, TokenSource, claims};
use crate::domain::{Clock, Deadline};
use crate::http::{Bearer, HttpFailure};

/// How long before its end a token is replaced, so that none ends on its way to Graph.
const REFRESH_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// How soon after an answer the identity endpoint is asked again at the earliest, unless Graph refused the token: it may
/// give out a token that is about to end, or be down while the token at hand still serves.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A token with what it says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) bearer: Bearer,
    pub(crate) facts: Arc<TokenFacts>,
}

/// The token in use.
pub(crate) struct Tokens {
    source: Box<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    /// Locked while the identity endpoint is asked, so that many callers ask once.
    current: Mutex<Option<Cached>>,
}

struct Cached {
    token: Token,
    /// On the monotonic clock.
    asked: Duration,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(source: Box<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            current: Mutex::new(None),
        }
    }

    /// A token that will live for some minutes, if there is any.
    pub(crate) async fn get(&self, deadline: Deadline) -> Result<Token, IdentityProblem> {
        let time = deadline.remaining(&*self.clock);
        tokio::time::timeout(time, self.held_or_fresh())
            .await
            .unwrap_or(Err(IdentityProblem::Unreachable(HttpFailure::TimedOut(
                time,
            ))))
    }

    /// Forgets a token that Graph refused. Another one that came meanwhile is kept.
    pub(crate) async fn forget(&self, refused: &Token) {
        let mut current = self.current.lock().await;
        current.take_if(|held| held.token.bearer.is(&refused.bearer));
    }

    async fn held_or_fresh(&self) -> Result<Token, IdentityProblem> {
        let mut current = self.current.lock().await;
        if let Some(held) = current.as_ref()
            && !self.is_due(held)
        {
            return Ok(held.token.clone());
        }
        let asked = self.clock.elapsed();
        match self.source.fetch().await.and_then(|fresh| read(&fresh)) {
            Ok(token) => {
                *current = Some(Cached {
                    token: token.clone(),
                    asked,
                });
                Ok(token)
            }
            Err(problem) => match current.as_mut() {
                // What is held still serves for some minutes, which is longer than the endpoint is usually away.
                Some(held) if held.token.facts.expires_at > self.clock.now() => {
                    tracing::warn!(%problem, "identity.renewal.failed");
                    held.asked = asked;
                    Ok(held.token.clone())
                }
                Some(_) | None => Err(problem),
            },
        }
    }

    /// Whether another one is to be asked for. Our clock may be wrong, so that one which looks ended serves on until the
    /// endpoint may be asked again: Graph is the judge of it, and a refused token is forgotten at once.
    fn is_due(&self, held: &Cached) -> bool {
        let left = held.token.facts.expires_at.duration_since(self.clock.now());
        let since_asked = self.clock.elapsed().saturating_sub(held.asked);
        left <= REFRESH_BEFORE && since_asked >= ASK_AGAIN_AFTER
    }
}

fn read(fresh: &FreshToken) -> Result<Token, IdentityProblem> {
    let text = fresh.secret.secret();
    let facts = claims::read(text, fresh.expires_at, fresh.given_by)
        .map_err(IdentityProblem::Unreadable)?;
    let bearer = Bearer::new(text).ok_or(IdentityProblem::Unreadable(
        "it holds characters that no header may hold",
    ))?;
    Ok(Token {
        bearer,
        facts: Arc::new(facts),
    })
}
