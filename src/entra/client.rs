//! Asks a service one thing, as often as it takes and as long as there is time. The service is Graph; the operator's
//! command has a second client for Azure Resource Manager.
//!
//! Each attempt goes through the same gates in the same order: wait while Graph says wait and for its turn, get a token,
//! look again whether Graph says wait, count, send. What the answer says of users is read elsewhere.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;

use super::cause::Cause;
use super::claims::TokenFacts;
use super::error::EntraError;
use super::graph_clock::GraphClock;
use super::identity::TokenSource;
use super::journal::{Journal, Sent};
use super::operation::Operation;
use super::refusal;
use super::retry::{self, Again, Class, Failure, GivenUp};
use super::retry_after;
use super::tally::Tally;
use super::throttle::{Barred, Held, Throttle};
use super::token::{Token, Tokens};
use super::transport::{Answer, Request, Transport};
use crate::domain::{Clock, Deadline, TenantId, UserId};

/// How long one request may take, answer included. Graph's directory answers in well under a second; what takes longer
/// than this is stuck, and its gateway itself gives up (504) only after a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Everything that all calls share.
#[derive(Debug)]
pub(super) struct Client {
    /// The root of the service, without a slash at the end; made from an endpoint's type.
    pub(super) root: String,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) throttle: Throttle,
    pub(super) graph_clock: GraphClock,
    pub(super) clock: Arc<dyn Clock>,
    /// The one tenant whose tokens are used, once it is told.
    pub(super) tenant: Arc<OnceLock<TenantId>>,
}

/// What stands between the root of a service and the path of a question, such as Graph's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Surface(pub(super) &'static str);

impl Surface {
    /// The version of Graph that is supported for use in production.
    pub(super) const GRAPH: Self = Self("/v1.0");
}

/// One thing to ask.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) operation: Operation,
    pub(super) method: Method,
    pub(super) surface: Surface,
    /// What follows the surface, from `path`.
    pub(super) path: String,
    pub(super) json: Option<Vec<u8>>,
    pub(super) eventual: bool,
    /// The user it is about, for log lines.
    pub(super) user: Option<UserId>,
}

impl Question {
    pub(super) fn get(operation: Operation, path: String) -> Self {
        Self {
            operation,
            method: Method::GET,
            surface: Surface::GRAPH,
            path,
            json: None,
            eventual: false,
            user: None,
        }
    }
}

/// A success, and what it took.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) operation: Operation,
    pub(super) answer: Answer,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl Client {
    /// A client with a throttle, a clock and a token of its own.
    pub(super) fn new(
        endpoint: impl Into<String>,
        transport: Box<dyn Transport>,
        source: Box<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            root: endpoint.into(),
            transport: Arc::from(transport),
            tokens: Arc::new(Tokens::new(source, Arc::clone(&clock))),
            throttle: Throttle::new(Arc::clone(&clock)),
            graph_clock: GraphClock::default(),
            clock,
            tenant: Arc::default(),
        }
    }

    /// Asks, and reads the answer as JSON.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        question: &Question,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<T, EntraError> {
        let reply = self
            .send(question, &Journal::default(), tally, deadline)
            .await?;
        reply.json()
    }

    /// Asks, and returns the first success.
    pub(super) async fn send(
        &self,
        question: &Question,
        journal: &Journal,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Reply, EntraError> {
        let started = self.clock.elapsed();
        let spent = || self.clock.elapsed().saturating_sub(started);
        let last_token: Mutex<Option<Arc<TokenFacts>>> = Mutex::default();
        let attempt = || self.attempt(question, journal, tally, deadline, &last_token);
        let note = |failure: &Failure, wait: Duration| {
            note_retry(question, failure, journal.len(), wait);
        };
        let access = question.operation.access();
        let result = retry::run(
            attempt,
            access,
            &self.throttle,
            &*self.clock,
            deadline,
            note,
        )
        .await;
        match result {
            Ok(answer) => Ok(Reply {
                operation: question.operation,
                answer,
                attempts: journal.len(),
                elapsed: spent(),
            }),
            Err(GivenUp { failure, wait }) => {
                let token = last_token
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner);
                let error = EntraError::new(question.operation, failure.cause)
                    .after(journal.len(), spent())
                    .waiting(wait)
                    .with_token(token.map(|facts| TokenFacts::clone(&facts)));
                note_failure(question, &error);
                Err(error)
            }
        }
    }

    async fn attempt(
        &self,
        question: &Question,
        journal: &Journal,
        tally: &Tally,
        deadline: Deadline,
        last_token: &Mutex<Option<Arc<TokenFacts>>>,
    ) -> Result<Answer, Failure> {
        let access = question.operation.access();
        if deadline.has_passed(&*self.clock) {
            return Err(Failure::last(Cause::OutOfTime));
        }
        self.throttle.turn(access, deadline).await.map_err(barred)?;
        let token = self.token(deadline).await?;
        *last_token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&token.facts));
        let request = self.request(question, &token)?;
        // Fetching the token took time, in which Graph may have told somebody to wait.
        self.throttle.pass(access, deadline).await.map_err(barred)?;
        let time = deadline.remaining(&*self.clock).min(CALL_TIMEOUT);
        if time.is_zero() {
            return Err(Failure::last(Cause::OutOfTime));
        }
        tally.count();
        let at = self.clock.now();
        let outcome = self.transport.send(request, time).await;
        let received = self.clock.now();
        match outcome {
            Err(failure) => {
                journal.note(Sent {
                    at,
                    ended: self.graph_clock.at(received),
                    status: None,
                    request_id: None,
                    unclear: failure.is_unclear(),
                });
                Err(Failure::passing(Cause::Transport(failure)))
            }
            Ok(answer) => {
                let date = answer.header("date").and_then(retry_after::http_date);
                if let Some(date) = date {
                    self.graph_clock.learn(date, received);
                }
                journal.note(Sent {
                    at,
                    ended: date.unwrap_or(received),
                    status: Some(answer.status),
                    request_id: refusal::request_id(&answer),
                    unclear: matches!(answer.status, 408 | 500..=599),
                });
                self.judge(question, answer, date.unwrap_or(received), &token)
                    .await
            }
        }
    }

    async fn judge(
        &self,
        question: &Question,
        answer: Answer,
        date: Timestamp,
        token: &Token,
    ) -> Result<Answer, Failure> {
        let asked = answer
            .header("retry-after")
            .and_then(|text| retry_after::parse(text, date));
        let class = retry::classify(answer.status);
        if class != Class::Throttled {
            self.throttle.admitted(question.operation.access());
        }
        let again = match class {
            Class::Success => {
                return match &answer.body {
                    Err(failure) if question.operation.answers_with_content() => {
                        Err(Failure::passing(Cause::Transport(failure.clone())))
                    }
                    Ok(_) | Err(_) => Ok(answer),
                };
            }
            Class::RenewToken => {
                self.tokens.forget(token).await;
                Again::WithNewToken
            }
            Class::Throttled => {
                Again::AllWait(Held::by_scope(answer.header("x-ms-throttle-scope")))
            }
            // A wait that Graph asks for is asked of the whole app, whatever the status.
            Class::Transient if asked.is_some() => Again::AllWait(Held::Everything),
            Class::Transient => Again::Alone,
            Class::Final => Again::No,
        };
        Err(Failure {
            cause: Cause::Refused(refusal::read(&answer)),
            again,
            asked,
        })
    }

    async fn token(&self, deadline: Deadline) -> Result<Token, Failure> {
        let token = self.tokens.get(deadline).await.map_err(|problem| {
            if problem.may_pass() {
                Failure::passing(Cause::Identity(problem))
            } else {
                Failure::last(Cause::Identity(problem))
            }
        })?;
        // A token may be replaced in the middle of an alert, after the guard has seen the one before it.
        match self.tenant.get() {
            Some(tenant) if *tenant != token.facts.tenant => {
                Err(Failure::last(Cause::OtherTenant {
                    token: token.facts.tenant,
                    pinned: *tenant,
                }))
            }
            Some(_) | None => Ok(token),
        }
    }

    fn request(&self, question: &Question, token: &Token) -> Result<Request, Failure> {
        let Surface(surface) = question.surface;
        let url = Url::parse(&format!("{}{surface}{}", self.root, question.path))
            .map_err(|_| Failure::last(Cause::Setup("the address is not a URL".to_owned())))?;
        Ok(Request {
            method: question.method.clone(),
            url,
            bearer: token.bearer.clone(),
            json: question.json.clone(),
            eventual: question.eventual,
        })
    }
}

impl Reply {
    /// Reads the body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, EntraError> {
        match &self.answer.body {
            Ok(body) => serde_json::from_slice(body)
                .map_err(|_| self.unreadable("it is not the JSON document that is documented")),
            Err(failure) => Err(
                EntraError::new(self.operation, Cause::Transport(failure.clone()))
                    .after(self.attempts, self.elapsed),
            ),
        }
    }

    /// The error that this success cannot be used, and why.
    pub(super) fn unreadable(&self, what: &'static str) -> EntraError {
        let cause = Cause::Unreadable {
            what,
            request_id: refusal::request_id(&self.answer),
        };
        EntraError::new(self.operation, cause).after(self.attempts, self.elapsed)
    }
}

fn barred(barred: Barred) -> Failure {
    Failure::last(match barred {
        Barred::ToldToWait(wait) => Cause::ToldToWait(wait),
        Barred::NoTurn => Cause::NoTurn,
    })
}

fn note_retry(question: &Question, failure: &Failure, attempts: u32, wait: Duration) {
    let refusal = failure.cause.refusal();
    tracing::debug!(
        operation = question.operation.template(),
        user = question.user.map(tracing::field::display),
        status = refusal.map(|refusal| refusal.status),
        code = refusal.and_then(|refusal| refusal.code.as_deref()),
        request_id = failure.cause.request_id(),
        attempts,
        wait_milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        problem = %failure.cause.told(question.operation.service()),
        "a call to Graph is tried again"
    );
}

fn note_failure(question: &Question, error: &EntraError) {
    let operation = question.operation.template();
    let user = question.user.map(tracing::field::display);
    let (status, code) = (error.status(), error.code());
    let (request_id, attempts) = (error.request_id(), error.attempts());
    if status == Some(404) {
        // An ordinary answer to the question whether something exists.
        tracing::debug!(
            operation,
            user,
            status,
            code,
            request_id,
            attempts,
            "Graph found nothing"
        );
    } else {
        tracing::warn!(operation, user, status, code, request_id, attempts, %error, "a call to Graph failed");
    }
}
