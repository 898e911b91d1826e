//! Azure Resource Manager under the app's own identity. It has a token, a throttle and a clock of its own, because Azure's
//! limits are not Graph's; the gates are the same code.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::{ArmEndpoint, Clock, Deadline, TenantId};
use crate::graph::{CallError, Client, Journal, Management, Operation, Question, Surface, Tally};
use crate::http::{HttpClient, Method};
use crate::identity::TokenSource;

/// The client of Azure Resource Manager. Clones share everything.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Azure counts reads and writes apart, so that many reads do not hold up what is written.
    reads: Arc<Client>,
    writes: Arc<Client>,
}

impl Arm {
    /// Puts the parts together. Nothing is asked yet.
    #[must_use]
    pub fn connect(
        http: HttpClient,
        tokens: impl TokenSource + 'static,
        endpoint: ArmEndpoint,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let client = Client::new(endpoint, Box::new(http), Box::new(tokens), clock);
        let writes = client.beside(Arc::clone(&client.transport));
        Self {
            reads: Arc::new(client),
            writes: Arc::new(writes),
        }
    }

    /// From now on Azure is called with tokens of this tenant alone. The first pin counts.
    pub fn pin(&self, tenant: TenantId) {
        // Both clients share it.
        self.reads.tenant.get_or_init(|| tenant);
    }

    /// Reads a JSON object.
    ///
    /// # Errors
    /// Any answer but an object, after the retries that there was time for.
    pub async fn get(
        &self,
        about: &'static Management,
        path: String,
        deadline: Deadline,
    ) -> Result<Map<String, Value>, CallError> {
        self.read(Method::GET, about, path, deadline).await
    }

    /// Reads a list to its end, or so many pages of it.
    ///
    /// # Errors
    /// Any answer but pages of a list, after the retries that there was time for.
    pub async fn list(
        &self,
        about: &'static Management,
        path: String,
        most_pages: usize,
        deadline: Deadline,
    ) -> Result<Vec<Value>, CallError> {
        let mut all = Vec::new();
        let mut next = Some(path);
        for _ in 0..most_pages {
            let Some(path) = next else { break };
            let mut page = self.get(about, path, deadline).await?;
            if let Some(Value::Array(rows)) = page.remove("value") {
                all.extend(rows);
            }
            let link = page.get("nextLink").and_then(Value::as_str);
            next = link.and_then(|link| self.reads.path_on_the_same_root(Surface::AZURE, link));
        }
        Ok(all)
    }

    /// Asks for a JSON object by a call that is a POST and changes nothing, as lists in Azure often are.
    ///
    /// # Errors
    /// Any answer but an object, after the retries that there was time for.
    pub async fn post(
        &self,
        about: &'static Management,
        path: String,
        deadline: Deadline,
    ) -> Result<Map<String, Value>, CallError> {
        self.read(Method::POST, about, path, deadline).await
    }

    async fn read(
        &self,
        method: Method,
        about: &'static Management,
        path: String,
        deadline: Deadline,
    ) -> Result<Map<String, Value>, CallError> {
        let mut question = Question::get(Operation::Manage(about), path);
        question.method = method;
        question.surface = Surface::AZURE;
        let tally = Tally::new();
        self.reads.ask(&question, &tally, deadline).await
    }

    /// Puts a document in its place. `path` begins with a slash, is made of ids that were parsed, and ends in the API version.
    ///
    /// # Errors
    /// Any answer but a success, after the retries that there was time for.
    pub async fn put(
        &self,
        about: &'static Management,
        path: String,
        document: &Value,
        deadline: Deadline,
    ) -> Result<(), CallError> {
        let mut question = Question::get(Operation::Manage(about), path);
        question.method = Method::PUT;
        question.surface = Surface::AZURE;
        question.json = Some(document.to_string().into_bytes());
        let journal = Journal::default();
        self.writes
            .send(&question, &journal, &Tally::new(), deadline)
            .await
            .map(drop)
    }
}
