//! The self-check: 200 when all is well, 503 with what to do otherwise. It lists the settings in force; no secret is among
//! them, since there is none.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use crate::containment::{Concern, PolicyReport, SelfCheck};
use crate::domain::Deadline;
use crate::host::{HttpReply, Reply};

use super::{HttpAccess, Service};

/// How long a self-check may take: shorter than the front end's own limit by far, since a person waits.
const DEADLINE: Duration = Duration::from_secs(30);

/// The answer of `/api/check`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "operator", derive(schemars::JsonSchema))]
pub struct CheckAnswer<'a> {
    /// `ok`, or `not_ok` if there are problems.
    status: &'static str,
    /// The function's version.
    version: &'static str,
    /// Who lets HTTP callers in.
    #[serde(rename = "httpAccess")]
    http_access: HttpAccess,
    #[serde(flatten)]
    check: &'a SelfCheck,
    /// The policy in force, for a program.
    policy: PolicyReport,
    /// The settings in force, each with its value.
    settings: BTreeMap<&'static str, &'a str>,
}

impl Service {
    pub(super) async fn check(&self, invocation_id: &str) -> Reply {
        let deadline = Deadline::after(&*self.clock, DEADLINE);
        let mut check = self.containment.check(deadline).await;
        if let Some(incidents) = &self.incidents {
            let identity = check.identity.as_ref();
            let identity = identity.and_then(|identity| identity.object_id);
            for problem in incidents.problems(identity, deadline).await {
                check.note(Concern::Incidents, problem);
            }
        }
        let answers = check.graph_reachable == Some(true);
        let salt = Uuid::new_v5(&self.settings.tenant.uuid(), invocation_id.as_bytes());
        let policy = self
            .containment
            .policy_report(salt, answers, deadline)
            .await;
        let (status, word) = if check.problems.is_empty() {
            (200, "ok")
        } else {
            (503, "not_ok")
        };
        let settings = self.settings.in_force.iter();
        let answer = CheckAnswer {
            status: word,
            version: self.settings.version,
            http_access: self.settings.http_access,
            check: &check,
            policy,
            settings: settings
                .map(|(name, value)| (*name, value.as_str()))
                .collect(),
        };
        let body = serde_json::to_string_pretty(&answer).unwrap_or_else(|error| {
            tracing::error!(problem = %error, "check.answer.unwritable");
            String::from("{\"status\":\"not_ok\"}")
        });
        Reply::completed().with_http(HttpReply::json(status, body))
    }
}
