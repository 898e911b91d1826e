//! Azure Resource Manager under the app's own identity. It has a token, a throttle and a clock of its own, because Azure's
//! limits are not Graph's; the gates are the same code.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::Serialize;

use super::cause::Cause;
use super::client::{Client, Question, Surface};
use super::error::EntraError;
use super::journal::Journal;
use super::operation::{Management, Operation};
use super::tally::Tally;
use crate::domain::{Deadline, TenantId};

/// The client of Azure Resource Manager. Clones share everything.
#[derive(Debug, Clone)]
pub struct Arm {
    client: Arc<Client>,
}

impl Arm {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client: Arc::new(client),
        }
    }

    /// From now on Azure is called with tokens of this tenant alone. The first pin counts.
    pub fn pin(&self, tenant: TenantId) {
        self.client.tenant.get_or_init(|| tenant);
    }

    /// How long Azure has told this app to wait yet; `None` when calls may be made.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        self.client.throttle.waiting()
    }

    /// Puts a document in its place. `path` begins with a slash, is made of ids that were parsed, and ends in the API version.
    ///
    /// # Errors
    /// Any answer but a success, after the retries that there was time for.
    pub async fn put(
        &self,
        about: &'static Management,
        path: String,
        document: &impl Serialize,
        deadline: Deadline,
    ) -> Result<(), EntraError> {
        let operation = Operation::Manage(about);
        let json = serde_json::to_vec(document).map_err(|_| {
            EntraError::new(
                operation,
                Cause::Setup("the document is no JSON".to_owned()),
            )
        })?;
        let mut question = Question::get(operation, path);
        question.method = Method::PUT;
        question.surface = Surface::AZURE;
        question.json = Some(json);
        let journal = Journal::default();
        self.client
            .send(&question, &journal, &Tally::new(), deadline)
            .await
            .map(drop)
    }
}
