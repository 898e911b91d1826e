//! The one error of this room, and what its reader should do next.
//!
//! # Doctrine
//! - An expected ending is no error: a user who does not exist, or two users where one was expected, is a value.
//! - Errors are told apart by the caller's next move ([`Disposition`]), not by where they arose.
//! - What may pass is never called final: in doubt the subject is kept for another try, because a cut that is tried
//!   twice harms nobody and a cut that is lost does.
//! - `Display` is a whole account for a person: what was being done, what came back, how often and how long it was tried,
//!   and the next step. It holds no name of a user and no text of Graph's own but codes and request ids, so it may be
//!   logged.

mod cause;
mod lacking;

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::{Api, Operation, Permission};
use crate::identity::{IdentityProblem, TokenFacts};

pub(crate) use cause::Cause;
use lacking::{Denied, Names};
pub use lacking::{Lacking, Who};

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It may pass: try again, not before the time that Graph asked for, if it did.
    RetryLater {
        /// How long to wait at least, from when the error was made.
        not_before: Option<Duration>,
    },
    /// The identity in use lacks a permission; a person has to grant it.
    FixPermission,
    /// The alert names something that the directory cannot find or does not accept.
    FixAlert,
    /// Nothing outside Evict can mend it.
    GiveUp,
}

/// Why something asked of Entra ID was not answered or not done. `Display` names no user.
#[derive(Debug, Clone)]
pub struct CallError(Box<Account>);

#[derive(Debug, Clone)]
struct Account {
    operation: Operation,
    cause: Cause,
    disposition: Disposition,
    attempts: u32,
    elapsed: Duration,
    token: Option<TokenFacts>,
    /// What ended the attempts, where that was not the cause.
    ended: Option<Cause>,
}

impl CallError {
    pub(crate) fn new(operation: Operation, cause: Cause) -> Self {
        let disposition = disposition(operation, &cause, None);
        Self(Box::new(Account {
            operation,
            cause,
            disposition,
            attempts: 0,
            elapsed: Duration::ZERO,
            token: None,
            ended: None,
        }))
    }

    /// The same error, with how often and how long it was tried.
    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// The same error, with the wait after which another attempt would be made.
    pub(crate) fn waiting(mut self, wait: Option<Duration>) -> Self {
        self.0.disposition = disposition(self.0.operation, &self.0.cause, wait);
        self
    }

    /// The same error, after which no other attempt could be made, for want of time or of a turn.
    pub(crate) fn ending_in(mut self, ended: Cause) -> Self {
        // What ended it passes by itself, so the whole may be tried again.
        self.0.disposition = disposition(self.0.operation, &ended, None);
        self.0.ended = Some(ended);
        self
    }

    /// The same error, which was to be asked for once more before it is believed.
    pub(crate) fn preliminary(mut self, wait: Option<Duration>) -> Self {
        self.0.disposition = Disposition::RetryLater { not_before: wait };
        self
    }

    /// The same error, with what the token in use says of itself.
    pub(crate) fn with_token(mut self, token: Option<TokenFacts>) -> Self {
        self.0.token = token;
        self
    }

    /// What the token in use says of itself, if one was sent.
    #[must_use]
    pub fn token(&self) -> Option<&TokenFacts> {
        self.0.token.as_ref()
    }

    /// What to do about it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.0.disposition
    }

    /// What was being done.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// The status of Graph's answer, if Graph answered with an error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.cause.refusal().map(|refusal| refusal.status)
    }

    /// Whether Graph said, and did so twice, that what was asked for is not there.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        self.status() == Some(404) && self.disposition() == Disposition::FixAlert
    }

    /// Graph's most detailed error code, such as `Authorization_RequestDenied`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.cause.refusal()?.code.as_deref()
    }

    /// Graph's id of the last request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.cause.request_id()
    }

    /// How many requests were sent to Graph.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time spent, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The first half of the account, as a sentence: what was being done, what came back, how often it was tried.
    pub(crate) fn what_happened(&self) -> String {
        let account = &*self.0;
        let mut told = format!(
            "{} failed: {}",
            account.operation.doing(),
            account.cause.told(account.operation.service())
        );
        if let Some(ended) = &account.ended {
            // Writing to a `String` cannot fail.
            let _ = write!(told, "; then {}", ended.told(account.operation.service()));
        }
        if account.attempts > 0 {
            let times = if account.attempts == 1 {
                "attempt"
            } else {
                "attempts"
            };
            // Writing to a `String` cannot fail.
            let _ = write!(
                told,
                ", after {} {times} in {:.1} s",
                account.attempts,
                account.elapsed.as_secs_f64()
            );
        }
        told.push('.');
        told
    }
}

/// The next move for each cause.
fn disposition(operation: Operation, cause: &Cause, wait: Option<Duration>) -> Disposition {
    let later = Disposition::RetryLater { not_before: wait };
    match cause {
        Cause::Identity(_)
        | Cause::OtherTenant { .. }
        | Cause::Transport(_)
        | Cause::NoTurn
        | Cause::OutOfTime
        | Cause::Unreadable { .. } => later,
        Cause::ToldToWait(wait) => Disposition::RetryLater {
            not_before: Some(*wait),
        },
        Cause::NoUrl => Disposition::GiveUp,
        Cause::PropertyAbsent(_) => Disposition::FixPermission,
        Cause::Refused(refusal) => match refusal.status {
            403 => Disposition::FixPermission,
            404 if operation.names_what_exists() && !refusal.says_absent() => later,
            404 if operation == Operation::FindUser => later,
            404 | 410 => Disposition::FixAlert,
            400 => match operation {
                // The request is the same for every user but for the identifier in it.
                Operation::ReadUser | Operation::FindUser => Disposition::FixAlert,
                Operation::GetToken
                | Operation::CheckMemberGroups
                | Operation::ReadGroup
                | Operation::RevokeSessions
                | Operation::Inquire(_)
                | Operation::Manage(_) => Disposition::GiveUp,
            },
            401 | 408 | 409 | 425 | 429 | 500..=599 => later,
            _ => Disposition::GiveUp,
        },
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account {
            operation,
            cause,
            disposition,
            token,
            ..
        } = &*self.0;
        if let Cause::Identity(IdentityProblem::SignIn(problem)) = cause {
            return problem.fmt(f);
        }
        write!(f, "{} ", self.what_happened())?;
        match disposition {
            Disposition::RetryLater { .. }
                if self.status() == Some(401) && matches!(operation, Operation::Inquire(_)) =>
            {
                f.write_str(
                    "It refused the token, and another one too: see that EVICT_CLOUD names the cloud of this tenant and that \
                     the sign-in is sound, then run the command again.",
                )
            }
            Disposition::RetryLater { not_before } => {
                retry_later(f, cause, operation.service(), *not_before, token.as_ref())
            }
            Disposition::FixPermission => fix_permission(f, *operation, token.as_ref()),
            Disposition::FixAlert if matches!(operation, Operation::Inquire(_)) => f.write_str(
                "There is no such object: it may have been deleted meanwhile. Then run the command again.",
            ),
            Disposition::FixAlert if let Operation::Manage(management) = operation => write!(
                f,
                "Azure has no such {}: it may have been deleted, or its id is wrong.",
                management.about
            ),
            Disposition::FixAlert => f.write_str(match self.status() {
                Some(400) => {
                    "The directory does not accept the identifier that the alert gives: correct the alert."
                }
                Some(_) | None => {
                    "The directory has no such object: it may have been deleted meanwhile, or the alert names it wrongly."
                }
            }),
            Disposition::GiveUp => give_up(f, cause, operation.service()),
        }
    }
}

fn retry_later(
    f: &mut fmt::Formatter<'_>,
    cause: &Cause,
    service: Api,
    wait: Option<Duration>,
    token: Option<&TokenFacts>,
) -> fmt::Result {
    if cause.refusal().is_some_and(|refusal| refusal.status == 401) {
        write!(f, "{} refused ", service.as_str())?;
        match token.map(Who::of) {
            Some(who) => f.write_str(who.token())?,
            None => f.write_str("the token")?,
        }
        return f.write_str(
            ", and another one too: try again later, and if that does not help, see that EVICT_CLOUD names the cloud of this \
             tenant.",
        );
    }
    if let Cause::Identity(problem) = cause
        && !problem.may_pass()
    {
        return f.write_str("Then try again.");
    }
    match wait {
        Some(wait) => write!(
            f,
            "This may pass: try again, not sooner than in {} s.",
            wait.as_secs_f64().ceil()
        ),
        None => f.write_str("This may pass: try again later."),
    }
}

fn give_up(f: &mut fmt::Formatter<'_>, cause: &Cause, service: Api) -> fmt::Result {
    match cause {
        Cause::Refused(refusal) if (300..400).contains(&refusal.status) => write!(
            f,
            "That is a redirect, which is never followed, so that no token leaves for another host: see what stands between \
             this app and {}.",
            service.as_str()
        ),
        Cause::NoUrl
        | Cause::Refused(_)
        | Cause::Identity(_)
        | Cause::OtherTenant { .. }
        | Cause::Transport(_)
        | Cause::Unreadable { .. }
        | Cause::PropertyAbsent(_)
        | Cause::ToldToWait(_)
        | Cause::NoTurn
        | Cause::OutOfTime => f.write_str(
            "Trying again would not change that: report it as a fault of Evict, with the request-id.",
        ),
    }
}

fn fix_permission(
    f: &mut fmt::Formatter<'_>,
    operation: Operation,
    token: Option<&TokenFacts>,
) -> fmt::Result {
    let needed = operation.permissions();
    let role = match operation {
        Operation::Inquire(inquiry) if inquiry.service == Api::Azure => {
            return write!(
                f,
                "It needs {}, for whoever is signed in. Then run the command again.",
                inquiry.role
            );
        }
        Operation::Manage(management) => {
            return write!(
                f,
                "It needs {}, for the app's own identity; a role that was given shows within minutes.",
                management.role
            );
        }
        Operation::Inquire(inquiry) => Some(inquiry.role),
        Operation::GetToken
        | Operation::ReadUser
        | Operation::FindUser
        | Operation::CheckMemberGroups
        | Operation::ReadGroup
        | Operation::RevokeSessions => None,
    };
    match token {
        None => write!(
            f,
            "It needs the Graph application permission {}.",
            Names(needed)
        ),
        Some(token) => {
            let missing: Vec<&Permission> = needed
                .iter()
                .copied()
                .filter(|permission| !permission.is_held(token.permissions()))
                .collect();
            if missing.is_empty() {
                let denied = Denied {
                    token,
                    needed,
                    role,
                };
                write!(f, "{denied}")
            } else {
                let missing = &missing;
                write!(f, "{}", Lacking { token, missing })
            }
        }
    }
}

impl std::error::Error for CallError {}
