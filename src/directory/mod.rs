//! What is asked of Entra ID, and the one thing that is changed there.
//!
//! It finds users, asks for their groups, ends their sessions and reads back whether they ended. It decides nothing: the
//! one call that changes something demands a [`Clearance`](crate::guard::Clearance). It knows no alert, no receipt and no
//! Functions host. How a call is made, whatever it asks, is said in `graph`; `resolve` says in which order identifiers are
//! trusted, `external` whose home is another tenant. Each question has wire structs of its own.
//!
//! Each user is asked for and cut by requests of their own, not in a `$batch`: Graph counts what is in it one by one all the
//! same ("Combine multiple HTTP requests using JSON batching"), so it would save round trips that are made side by side
//! anyway, and hold each cut up until a whole batch of users is decided on.

#![deny(clippy::wildcard_enum_match_arm)]

mod external;
mod groups;
mod read_back;
mod resolve;
mod sessions;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Clock, Deadline, GraphEndpoint, TenantId};
use crate::graph::transport::Transport;
use crate::graph::{CallError, Cause, Client, Moment, Operation};
use crate::http::HttpClient;
use crate::identity::{TokenFacts, TokenSource};

pub use groups::{Blind, Group};
pub use read_back::Verification;
pub use resolve::Resolution;
pub use sessions::{Revocation, RevokeFailure};

/// The directory behind Microsoft Graph. Clones share one connection pool, one token and the instants before which nobody calls.
#[derive(Debug, Clone)]
pub struct Directory {
    client: Arc<Client>,
}

impl Directory {
    /// Puts the parts together. Nothing is asked yet.
    #[must_use]
    pub fn connect(
        http: HttpClient,
        tokens: impl TokenSource + 'static,
        endpoint: GraphEndpoint,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::over(endpoint, Box::new(http), Box::new(tokens), clock)
    }

    fn over(
        endpoint: GraphEndpoint,
        transport: Box<dyn Transport>,
        tokens: Box<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client: Arc::new(Client::new(endpoint, transport, tokens, clock)),
        }
    }

    /// From now on Graph is called with tokens of this tenant alone, whatever the identity endpoint gives out. The first
    /// pin counts.
    pub fn pin(&self, tenant: TenantId) {
        self.client.tenant.get_or_init(|| tenant);
    }

    /// What the token in use says of itself; gets one if there is none. Graph is not called.
    ///
    /// # Errors
    /// If there is no token to be had before the deadline.
    pub async fn identity(&self, deadline: Deadline) -> Result<TokenFacts, CallError> {
        let started = self.client.clock.elapsed();
        let token = self.client.tokens.get(deadline).await;
        token
            .map(|token| TokenFacts::clone(&token.facts))
            .map_err(|problem| {
                let elapsed = self.client.clock.elapsed().saturating_sub(started);
                CallError::new(Operation::GetToken, Cause::Identity(problem)).after(0, elapsed)
            })
    }

    /// Now on Graph's clock, as exactly as its last answer allows.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let clock = &self.client.clock;
        self.client.graph_clock.moment(clock.now(), clock.elapsed())
    }

    /// How long Graph still throttles this app, if only before writing; `None` when all calls may be made.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        self.client.throttle.waiting()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}
