//! The client of Entra ID: Microsoft Graph under the app's own managed identity, or an operator's.
//!
//! It finds users, asks for their groups, ends their sessions and reads back whether they ended. It decides nothing: the
//! one call that changes something demands a [`Clearance`](crate::guard::Clearance). It knows no alert, no receipt and no
//! Functions host. The handler has no credential but the managed identity; the operator's command signs in as whoever is
//! signed in (`operator`), and differs in nothing else.
//!
//! From the inside out: `transport` sends a request once; `identity`, `token` and `claims` get the token; `throttle` holds
//! the instants before which nobody calls, `pace` how fast calls leave while Graph limits them, and `turns` who goes first;
//! `retry` says what is tried again; `client` puts these in order; `users`, `resolve`, `groups`, `sessions` and `verify` ask something of Graph,
//! each with its own wire structs; `arm` calls Azure Resource Manager through gates of the same code; `error` says what to do when that
//! fails. The operator's alone are `access`, what an account
//! reaches, also in Azure, and `reports`, what only a person at a shell wants to know of a user.
//!
//! Each user is asked for and cut by requests of their own, not in a `$batch`: Graph counts what is in it one by one all the
//! same ("Combine multiple HTTP requests using JSON batching"), so it would save round trips that are made side by side
//! anyway, and hold each cut up until a whole batch of users is decided on.

#![deny(clippy::wildcard_enum_match_arm)]

#[cfg(feature = "operator")]
pub mod access;
mod arm;
mod cause;
mod claims;
mod client;
mod error;
mod graph_clock;
mod groups;
mod home;
mod identity;
mod journal;
mod lacking;
mod limits;
mod notes;
mod operation;
#[cfg(feature = "operator")]
pub mod operator;
mod pace;
mod path;
mod permissions;
mod refusal;
mod reply;
#[cfg(feature = "operator")]
pub mod reports;
mod resolve;
mod resource;
mod retry;
mod retry_after;
mod sessions;
mod sign_in;
mod tally;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod transport;
mod turns;
mod users;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::domain::{ArmEndpoint, Clock, Cloud, Deadline, GraphEndpoint, TenantId};
use cause::Cause;
use client::Client;
use identity::ManagedIdentity;
use transport::HttpTransport;

pub use arm::Arm;
pub use claims::TokenFacts;
pub use error::{Disposition, EntraError};
pub use graph_clock::Moment;
pub use groups::{Blind, Group};
pub use lacking::{Lacking, Who};
pub use operation::{Inquiry, Management, Operation, Service};
pub use permissions::{MEMBER_READ_HIDDEN, Permission, REQUIRED_PERMISSIONS, missing_permissions};
pub use resolve::Resolution;
pub use resource::Resource;
pub use sessions::{Revocation, RevokeFailure};
pub use sign_in::{Credential, SignInProblem};
pub use tally::Tally;
pub use turns::{Turn, Turns};
pub use verify::Verification;

/// What the client is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntraSettings {
    /// The client id of a user-assigned identity; without it the system-assigned one is used.
    pub client_id: Option<Uuid>,
    /// The cloud whose Graph the tokens are for.
    pub cloud: Cloud,
    /// Where Graph is called.
    pub endpoint: GraphEndpoint,
}

/// The client. Clones share one connection pool, one token and the instants before which nobody calls.
#[derive(Debug, Clone)]
pub struct Entra {
    client: Arc<Client>,
}

impl Entra {
    /// Makes the TLS roots, the HTTP client and the credential. Nothing is sent, but the machine's certificate store is
    /// read, which takes some milliseconds: not to be done before the handler listens.
    ///
    /// # Errors
    /// If there are no TLS roots.
    pub fn connect(settings: EntraSettings, clock: Arc<dyn Clock>) -> Result<Self, EntraError> {
        Ok(Self::over(new_transport()?, settings, clock))
    }

    /// The same, and beside it a client of Azure Resource Manager under the same identity, over the same connections.
    ///
    /// # Errors
    /// If there are no TLS roots.
    pub fn connect_with_azure(
        settings: EntraSettings,
        endpoint: ArmEndpoint,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Arm), EntraError> {
        let transport = new_transport()?;
        let identity = ManagedIdentity::new(
            transport.clone(),
            settings.client_id,
            &Resource::azure(settings.cloud),
        );
        let client = Client::new(
            endpoint,
            Box::new(transport.clone()),
            Box::new(identity),
            Arc::clone(&clock),
        );
        let entra = Self::over(transport, settings, clock);
        Ok((entra, Arm::new(client)))
    }

    fn over(transport: HttpTransport, settings: EntraSettings, clock: Arc<dyn Clock>) -> Self {
        let identity = ManagedIdentity::new(
            transport.clone(),
            settings.client_id,
            &Resource::graph(settings.cloud),
        );
        Self::assembled(
            settings.endpoint,
            Box::new(transport),
            Box::new(identity),
            clock,
        )
    }

    fn assembled(
        endpoint: GraphEndpoint,
        transport: Box<dyn transport::Transport>,
        source: Box<dyn identity::TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client: Arc::new(Client::new(endpoint, transport, source, clock)),
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
    pub async fn identity(&self, deadline: Deadline) -> Result<TokenFacts, EntraError> {
        let started = self.client.clock.elapsed();
        let token = self.client.tokens.get(deadline).await;
        token
            .map(|token| TokenFacts::clone(&token.facts))
            .map_err(|problem| {
                let elapsed = self.client.clock.elapsed().saturating_sub(started);
                EntraError::new(Operation::GetToken, Cause::Identity(problem)).after(0, elapsed)
            })
    }

    /// Now on Graph's clock, as well as its last answer lets it be told.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let clock = &self.client.clock;
        self.client.graph_clock.moment(clock.now(), clock.elapsed())
    }

    /// How long Graph has told this app to wait yet, if only before writing; `None` when all calls may be made.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        self.client.throttle.waiting()
    }

    fn client(&self) -> &Client {
        &self.client
    }
}

fn new_transport() -> Result<HttpTransport, EntraError> {
    HttpTransport::new()
        .map_err(|reason| EntraError::new(Operation::GetToken, Cause::Setup(reason)))
}
