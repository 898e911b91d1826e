//! A scripted Graph, a scripted identity endpoint, and a clock that stands still until somebody waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::http::header::{HeaderMap, HeaderName, HeaderValue};
use azure_core::credentials::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::directory::Directory;
use crate::domain::{
    Admission, Clock, Cloud, Deadline, FoundBy, GraphEndpoint, Mode, Policy, User, UserId,
};
use crate::graph::transport::{Request, Transport};
use crate::guard::{Allowance, Clearance, Examined, Membership, examine};
use crate::http::{Answer, HttpFailure};
use crate::identity::{Credential, FreshToken, IdentityProblem, TokenSource};

pub(crate) const ADELE: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

/// The roles of the least set.
pub(crate) const ROLES: [&str; 3] = [
    "User.RevokeSessions.All",
    "User.Read.All",
    "GroupMember.Read.All",
];

/// Tokio's clock, with the time of day that Graph's recorded answers bear.
#[derive(Debug)]
pub(crate) struct PausedClock {
    started: tokio::time::Instant,
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2025-10-07T08:41:03Z".parse().unwrap();
        start + SignedDuration::try_from(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A request that reached the scripted Graph.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Since the beginning.
    pub(crate) at: Duration,
    /// `GET /users/…`, with the query, without host and version.
    pub(crate) line: String,
    pub(crate) token: String,
    pub(crate) json: Option<serde_json::Value>,
    pub(crate) eventual: bool,
    pub(crate) client_request_id: uuid::Uuid,
    /// How many requests came before.
    pub(crate) number: usize,
}

/// What the scripted Graph does.
pub(crate) struct Step {
    after: Duration,
    outcome: Result<Answer, HttpFailure>,
}

impl Step {
    /// The same, but later.
    pub(crate) fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }

    /// The same, with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(answer) = &mut self.outcome {
            let value = HeaderValue::from_str(value).unwrap();
            answer.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Step {
    Step {
        after: Duration::ZERO,
        outcome: Ok(Answer {
            status,
            headers: HeaderMap::new(),
            body: Ok(body.as_bytes().to_vec()),
        }),
    }
}

/// A user as Graph writes it, with these properties beyond the name and the id.
pub(crate) fn user_json(id: &str, upn: &str, more: &str) -> String {
    format!(r#"{{"id":"{id}","userPrincipalName":"{upn}"{more}}}"#)
}

pub(crate) fn fails(failure: HttpFailure) -> Step {
    Step {
        after: Duration::ZERO,
        outcome: Err(failure),
    }
}

/// A recorded answer of Graph.
pub(crate) fn recorded(name: &str) -> Step {
    let path = format!(
        "{}/tests/fixtures/graph/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let status = u16::try_from(record["status"].as_u64().unwrap()).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in record["headers"].as_object().unwrap() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    let body = &record["body"];
    let body = if body.is_null() {
        Vec::new()
    } else {
        serde_json::to_vec(body).unwrap()
    };
    Step {
        after: Duration::ZERO,
        outcome: Ok(Answer {
            status,
            headers,
            body: Ok(body),
        }),
    }
}

type Script = Box<dyn Fn(&Seen) -> Step + Send + Sync>;

struct ScriptedGraph {
    script: Script,
    clock: Arc<PausedClock>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl std::fmt::Debug for ScriptedGraph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedGraph")
    }
}

impl Transport for ScriptedGraph {
    fn send(
        &self,
        request: Request,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Answer, HttpFailure>> {
        let header = request.bearer.header();
        let target = request.url.as_str();
        let versions = ["/v1.0", "/beta"];
        let target = versions
            .into_iter()
            .find_map(|version| target.split_once(version))
            .unwrap()
            .1;
        let mut all = self.seen.lock().unwrap();
        let seen = Seen {
            at: self.clock.elapsed(),
            line: format!("{} {target}", request.method),
            token: header.to_str().unwrap().to_owned(),
            json: request
                .json
                .map(|json| serde_json::from_slice(&json).unwrap()),
            eventual: request.eventual,
            client_request_id: request.client_request_id,
            number: all.len(),
        };
        all.push(seen.clone());
        drop(all);
        Box::pin(async move {
            let step = (self.script)(&seen);
            let outcome = tokio::time::timeout(timeout, async {
                tokio::time::sleep(step.after).await;
                step.outcome
            });
            outcome.await.unwrap_or(Err(HttpFailure::TimedOut(timeout)))
        })
    }
}

type TokenScript = Box<dyn Fn(usize) -> Result<FreshToken, IdentityProblem> + Send + Sync>;

struct ScriptedIdentity {
    script: TokenScript,
    takes: Duration,
    asked: Arc<AtomicUsize>,
}

impl std::fmt::Debug for ScriptedIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedIdentity")
    }
}

impl TokenSource for ScriptedIdentity {
    fn fetch(&self) -> BoxFuture<'_, Result<FreshToken, IdentityProblem>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::time::sleep(self.takes).await;
            (self.script)(number)
        })
    }
}

/// A token of a tenant with these roles, the `number`th of its kind.
pub(crate) fn token(number: usize, roles: &[&str], expires_at: &str) -> FreshToken {
    let expires_at: Timestamp = expires_at.parse().unwrap();
    let claims = serde_json::json!({
        "tid": "84c31ca0-ac3b-4eae-ad11-519d80233e6f",
        "roles": roles,
        "iat": expires_at.as_second() - 86_400,
        "exp": expires_at.as_second(),
    });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    FreshToken {
        secret: Secret::new(format!("e30.{claims}.token-{number}")),
        expires_at,
        given_by: Credential::ManagedIdentity,
    }
}

/// The client under test, and what it asked.
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) clock: Arc<PausedClock>,
    seen: Arc<Mutex<Vec<Seen>>>,
    tokens: Arc<AtomicUsize>,
}

impl World {
    /// A Graph that follows the script, and an identity endpoint that has a token of the least set at hand.
    pub(crate) fn new(script: impl Fn(&Seen) -> Step + Send + Sync + 'static) -> Self {
        Self::with_identity(script, Duration::ZERO, |number| {
            Ok(token(number, &ROLES, "2025-10-08T06:00:00Z"))
        })
    }

    /// As [`World::new`], with an identity endpoint that takes some time and follows a script of its own.
    pub(crate) fn with_identity(
        script: impl Fn(&Seen) -> Step + Send + Sync + 'static,
        takes: Duration,
        tokens: impl Fn(usize) -> Result<FreshToken, IdentityProblem> + Send + Sync + 'static,
    ) -> Self {
        let clock = Arc::new(PausedClock {
            started: tokio::time::Instant::now(),
        });
        let seen = Arc::default();
        let asked = Arc::default();
        let graph = ScriptedGraph {
            script: Box::new(script),
            clock: Arc::clone(&clock),
            seen: Arc::clone(&seen),
        };
        let identity = ScriptedIdentity {
            script: Box::new(tokens),
            takes,
            asked: Arc::clone(&asked),
        };
        Self {
            directory: Directory::over(
                GraphEndpoint::of_cloud(Cloud::Global),
                Box::new(graph),
                Box::new(identity),
                Arc::clone(&clock) as Arc<dyn Clock>,
            ),
            clock,
            seen,
            tokens: asked,
        }
    }

    /// A deadline so many seconds from now.
    pub(crate) fn within(&self, seconds: u64) -> Deadline {
        Deadline::after(&*self.clock, Duration::from_secs(seconds))
    }

    /// A deadline so many milliseconds from now.
    pub(crate) fn within_milliseconds(&self, milliseconds: u64) -> Deadline {
        Deadline::after(&*self.clock, Duration::from_millis(milliseconds))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The request lines, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// The seconds at which requests were sent.
    pub(crate) fn times(&self) -> Vec<f64> {
        self.seen()
            .iter()
            .map(|seen| seen.at.as_secs_f64())
            .collect()
    }

    /// The seconds since the beginning.
    pub(crate) fn clock_seconds(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }

    /// How often the identity endpoint was asked.
    pub(crate) fn tokens_fetched(&self) -> usize {
        self.tokens.load(Ordering::SeqCst)
    }
}

pub(crate) fn adele() -> UserId {
    ADELE.parse().unwrap()
}

/// A clearance, got as everybody gets one: from the guard.
pub(crate) fn clearance(user: UserId) -> Clearance {
    let policy = Policy {
        tenant: "84c31ca0-ac3b-4eae-ad11-519d80233e6f".parse().unwrap(),
        protected_users: Vec::new(),
        protected_groups: Vec::new(),
        mode: Mode::Enforce,
        max_users_per_alert: 1,
        max_users_per_hour: 1,
        min_severity: None,
    };
    let user = User {
        id: user,
        found_by: FoundBy::ObjectId,
        upn: "adele@contoso.com".parse().unwrap(),
        mail: None,
        account_enabled: Some(true),
        on_premises_synced: false,
        home: None,
        sessions_valid_from: None,
    };
    let membership = Membership::Known {
        asked: Vec::new(),
        member_of: Vec::new(),
    };
    let Examined::Eligible(eligible) = examine(&policy, &[], &user, &membership) else {
        panic!("nothing protects this user");
    };
    let admission = Admission {
        granted: 1,
        used: 0,
        reservation: 0,
        undecided: None,
    };
    let allowance = Allowance::new(&admission, 1, Mode::Enforce);
    let slot = allowance.take().unwrap();
    eligible.clear(slot).unwrap()
}
