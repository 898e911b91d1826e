//! Asks a service one thing, as often as it takes and as long as there is time. The service is Graph; the operator's
//! command has a second client for Azure Resource Manager.
//!
//! Each attempt goes through the same gates in the same order: wait while Graph says wait and for its turn, get a token,
//! look again whether Graph says wait, count, send. What the answer says of users is read elsewhere.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::http::{Method, Url};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::clock::GraphClock;
use super::notes::{note_failure, note_retry};
use super::retry::{self, Again, Attempts, Class, Failure, Next};
use super::throttling::throttle::{Barred, Blocked, Throttle};
use super::throttling::{limits, retry_after};
use super::transport::{Request, Transport};
use super::{CallError, CallKind, Cause, Journal, Operation, Reply, Sent, Tally, refusal};
use crate::domain::{Clock, Deadline, TenantId, UserId};
use crate::http::{Answer, HttpFailure};
use crate::identity::{Token, TokenFacts, TokenSource, Tokens};

/// How long one request may take, answer included. Graph's directory answers in well under a second; what takes longer
/// than this is stuck, and its gateway itself gives up (504) only after a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Everything that all calls share.
#[derive(Debug)]
pub(crate) struct Client {
    /// The root of the service, without a slash at the end; made from an endpoint's type.
    pub(crate) root: String,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) throttle: Throttle,
    pub(crate) graph_clock: GraphClock,
    pub(crate) clock: Arc<dyn Clock>,
    /// The one tenant whose tokens are used, once it is pinned.
    pub(crate) tenant: Arc<OnceLock<TenantId>>,
}

/// What stands between the root of a service and the path of a question, such as Graph's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surface(pub(crate) &'static str);

impl Surface {
    /// The version of Graph that is supported for use in production.
    pub(super) const GRAPH: Self = Self("/v1.0");

    /// Azure Resource Manager has its version in the query.
    pub(crate) const AZURE: Self = Self("");
}

/// One thing to ask.
#[derive(Debug)]
pub(crate) struct Question {
    pub(super) operation: Operation,
    pub(crate) method: Method,
    pub(crate) surface: Surface,
    /// What follows the surface, from `path`.
    pub(crate) path: String,
    pub(crate) json: Option<Vec<u8>>,
    pub(crate) eventual: bool,
    /// The user it is about, for log lines.
    pub(crate) user: Option<UserId>,
    /// Whether an answer that nothing is there is believed only once it was given twice.
    pub(crate) asks_once_more: bool,
}

impl Question {
    pub(crate) fn get(operation: Operation, path: String) -> Self {
        Self {
            operation,
            method: Method::GET,
            surface: Surface::GRAPH,
            path,
            json: None,
            eventual: false,
            user: None,
            asks_once_more: true,
        }
    }
}

impl Client {
    /// A client with a throttle, a clock and a token of its own.
    pub(crate) fn new(
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

    /// A client with the same token and another instant before which nobody calls.
    pub(crate) fn beside(&self, transport: Arc<dyn Transport>) -> Self {
        Self {
            root: self.root.clone(),
            transport,
            tokens: Arc::clone(&self.tokens),
            throttle: Throttle::new(Arc::clone(&self.clock)),
            graph_clock: GraphClock::default(),
            clock: Arc::clone(&self.clock),
            tenant: Arc::clone(&self.tenant),
        }
    }

    /// Asks, and reads the answer as JSON.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        question: &Question,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<T, CallError> {
        let reply = self
            .send(question, &Journal::default(), tally, deadline)
            .await?;
        reply.json()
    }

    /// Asks, and returns the first success.
    pub(crate) async fn send(
        &self,
        question: &Question,
        journal: &Journal,
        tally: &Tally,
        deadline: Deadline,
    ) -> Result<Reply, CallError> {
        let started = self.clock.elapsed();
        let access = question.operation.access();
        let mut attempts = Attempts::new();
        let mut token = None;
        loop {
            let attempt = self.attempt(question, journal, tally, deadline, &mut token);
            let failure = match attempt.await {
                Ok(answer) => {
                    return Ok(Reply {
                        operation: question.operation,
                        answer,
                        attempts: journal.len(),
                        elapsed: self.clock.elapsed().saturating_sub(started),
                    });
                }
                Err(failure) => failure,
            };
            let left = || deadline.remaining(&*self.clock);
            match attempts.next(&failure, access, &self.throttle, left) {
                Next::Retry(wait) => {
                    note_retry(question, &failure, journal, wait);
                    tokio::time::sleep(wait).await;
                }
                Next::GiveUp(wait) => {
                    let spent = self.clock.elapsed().saturating_sub(started);
                    let error = attempts
                        .into_error(question.operation, failure, wait)
                        .after(journal.len(), spent)
                        .with_token(token.map(|facts| TokenFacts::clone(&facts)));
                    note_failure(question, journal, &error);
                    return Err(error);
                }
            }
        }
    }

    async fn attempt(
        &self,
        question: &Question,
        journal: &Journal,
        tally: &Tally,
        deadline: Deadline,
        last_token: &mut Option<Arc<TokenFacts>>,
    ) -> Result<Answer, Failure> {
        let access = question.operation.access();
        // A read starts in any case: it harms nobody, and a first one may be quick. Of a write there must be an answer.
        let begun_by = match access {
            CallKind::Read => deadline,
            CallKind::Write => deadline.earlier_by(retry::answer_needs(access)),
        };
        if begun_by.has_passed(&*self.clock) {
            return Err(Failure::last(Cause::OutOfTime));
        }
        let turn = self.throttle.turn(access, tally.urgency(), begun_by);
        turn.await.map_err(barred)?;
        let token = self.token(deadline).await?;
        *last_token = Some(Arc::clone(&token.facts));
        let client_request_id = Uuid::new_v4();
        let request = self.request(question, &token, client_request_id)?;
        // Fetching the token took time, in which Graph may have throttled the app.
        self.throttle.pass(access, begun_by).await.map_err(barred)?;
        if begun_by.has_passed(&*self.clock) {
            return Err(Failure::last(Cause::OutOfTime));
        }
        let time = deadline.remaining(&*self.clock).min(CALL_TIMEOUT);
        tally.count();
        let (at, sent) = (self.clock.now(), self.clock.elapsed());
        let moment = self.graph_clock.moment(at, sent);
        let outcome = self.transport.send(request, time).await;
        let received = self.clock.now();
        match outcome {
            Err(failure) => {
                journal.note(Sent {
                    moment,
                    ended: self.graph_clock.earliest(received, self.clock.elapsed()),
                    status: None,
                    request_id: None,
                    client_request_id,
                    unclear: failure.is_unclear(),
                });
                // No service would have been given so little time.
                let cut_short = time < CALL_TIMEOUT && matches!(failure, HttpFailure::TimedOut(_));
                Err(Failure {
                    cut_short,
                    ..Failure::passing(Cause::Transport(failure))
                })
            }
            Ok(answer) => {
                let date = answer.header("date").and_then(retry_after::http_date);
                if let Some(date) = date {
                    self.graph_clock.learn(date, sent, self.clock.elapsed());
                }
                journal.note(Sent {
                    moment,
                    ended: date.unwrap_or(received),
                    status: Some(answer.status),
                    request_id: refusal::request_id(&answer),
                    client_request_id,
                    unclear: retry::leaves_open_what_was_done(answer.status),
                });
                let answered = Answered {
                    answer,
                    date: date.unwrap_or(received),
                    sent,
                };
                self.judge(question, answered, &token).await
            }
        }
    }

    async fn judge(
        &self,
        question: &Question,
        Answered { answer, date, sent }: Answered,
        token: &Token,
    ) -> Result<Answer, Failure> {
        let asked = answer
            .header("retry-after")
            .and_then(|text| retry_after::parse(text, date));
        let class = retry::classify(answer.status);
        // A service that is down admits nobody either, whatever it says.
        if class != Class::Throttled && answer.status < 500 {
            self.throttle.admitted(question.operation.access(), sent);
        }
        let mut refusal = refusal::read(&answer);
        if question.operation.access() == CallKind::Read {
            // The missing permission says why something may not be read.
            refusal.message = None;
        }
        let again = match class {
            Class::Success => {
                if limits::are_used_up(&answer) {
                    self.throttle
                        .refused(question.operation.access(), Blocked::Everything, None);
                }
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
                Again::AllWait(Blocked::by_scope(answer.header("x-ms-throttle-scope")))
            }
            // A wait that Graph asks for is asked of the whole app, whatever the status.
            Class::Transient if asked.is_some() => Again::AllWait(Blocked::Everything),
            Class::Transient if answer.status == 409 && question.operation.changes_a_version() => {
                Again::No
            }
            Class::Transient => Again::Alone,
            Class::Final if answer.status == 404 && question.operation.names_what_exists() => {
                match (refusal.says_absent(), question.asks_once_more) {
                    (true, true) => Again::OnceMore,
                    (true, false) => Again::No,
                    // A gateway's, or one of Graph's own that says nothing of the object that was asked for.
                    (false, _) => Again::Alone,
                }
            }
            // It may not have reached the replica that was asked.
            Class::Final
                if answer.status == 404 && matches!(question.operation, Operation::Manage(_)) =>
            {
                Again::OnceMore
            }
            // A search has an answer, be it that nobody fits.
            Class::Final if answer.status == 404 && question.operation == Operation::FindUser => {
                Again::Alone
            }
            Class::Final => Again::No,
        };
        Err(Failure {
            again,
            asked,
            ..Failure::last(Cause::Refused(refusal))
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

    fn request(
        &self,
        question: &Question,
        token: &Token,
        client_request_id: Uuid,
    ) -> Result<Request, Failure> {
        let Surface(surface) = question.surface;
        let url = Url::parse(&format!("{}{surface}{}", self.root, question.path))
            .map_err(|_| Failure::last(Cause::NoUrl))?;
        Ok(Request {
            method: question.method.clone(),
            url,
            bearer: token.bearer.clone(),
            json: question.json.clone(),
            eventual: question.eventual,
            client_request_id,
        })
    }

    /// The path of a link to more of an answer, if it leads to the same root: the token goes to no other.
    pub(crate) fn path_on_the_same_root(&self, surface: Surface, link: &str) -> Option<String> {
        let root = Url::parse(&self.root).ok()?;
        let link = Url::parse(link).ok()?;
        let before = format!("{}{}", root.path().trim_end_matches('/'), surface.0);
        let path = link
            .path()
            .strip_prefix(&before)
            .filter(|path| path.starts_with('/'))?;
        let same = link.origin() == root.origin() && link.username().is_empty();
        let query = link.query().map(|query| format!("?{query}"));
        same.then(|| format!("{path}{}", query.unwrap_or_default()))
    }
}

/// An answer, when it was given, and when on our monotonic clock it was asked for.
struct Answered {
    answer: Answer,
    date: Timestamp,
    sent: Duration,
}

fn barred(barred: Barred) -> Failure {
    Failure::last(match barred {
        Barred::ToldToWait(wait) => Cause::ToldToWait(wait),
        Barred::NoTurn => Cause::NoTurn,
    })
}
