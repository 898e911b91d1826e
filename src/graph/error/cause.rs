//! Why a call failed, in the terms of what happened rather than of what to do next.

use std::fmt;
use std::time::Duration;

use crate::domain::TenantId;
use crate::graph::{Api, Refusal};
use crate::http::HttpFailure;
use crate::identity::IdentityProblem;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What was to be asked for has no URL.
    NoUrl,
    /// There is no token.
    Identity(IdentityProblem),
    /// The token is of another tenant than the pinned one, so nothing was asked.
    OtherTenant { token: TenantId, pinned: TenantId },
    /// Graph did not answer.
    Transport(HttpFailure),
    /// Graph answered with an error status.
    Refused(Refusal),
    /// Graph answered with a success whose content cannot be taken for what was asked.
    Unreadable {
        what: &'static str,
        request_id: Option<String>,
    },
    /// Graph left out a property that was asked for.
    PropertyAbsent(&'static str),
    /// Graph throttles this app for longer than there is time.
    ToldToWait(Duration),
    /// Graph limits how much this app may ask for at a time, and others came first until there was no time left.
    NoTurn,
    /// The time was over before anything was asked.
    OutOfTime,
}

impl Cause {
    /// The status of Graph's answer, if it was one of an error.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NoUrl
            | Self::Identity(_)
            | Self::OtherTenant { .. }
            | Self::Transport(_)
            | Self::Unreadable { .. }
            | Self::PropertyAbsent(_)
            | Self::ToldToWait(_)
            | Self::NoTurn
            | Self::OutOfTime => None,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.request_id.as_deref(),
            Self::Unreadable { request_id, .. } => request_id.as_deref(),
            Self::NoUrl
            | Self::Identity(_)
            | Self::OtherTenant { .. }
            | Self::Transport(_)
            | Self::PropertyAbsent(_)
            | Self::ToldToWait(_)
            | Self::NoTurn
            | Self::OutOfTime => None,
        }
    }
}

impl Cause {
    /// Whether it is nothing but that the time was over, or the turn did not come.
    pub(crate) fn is_want_of_time(&self) -> bool {
        match self {
            Self::ToldToWait(_) | Self::NoTurn | Self::OutOfTime => true,
            Self::NoUrl
            | Self::Identity(_)
            | Self::OtherTenant { .. }
            | Self::Transport(_)
            | Self::Refused(_)
            | Self::Unreadable { .. }
            | Self::PropertyAbsent(_) => false,
        }
    }

    /// What happened, said of the service that was asked.
    pub(crate) fn told(&self, service: Api) -> Told<'_> {
        Told {
            cause: self,
            service,
        }
    }
}

/// A cause, said of a service.
pub(crate) struct Told<'a> {
    cause: &'a Cause,
    service: Api,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service.as_str();
        match self.cause {
            Cause::NoUrl => f.write_str("its address is not a URL"),
            Cause::Identity(problem) => write!(f, "there is no token: {problem}"),
            Cause::OtherTenant { token, pinned } => write!(
                f,
                "the token is of the tenant {token}, but EVICT_TENANT_ID is {pinned}, so {service} was not called"
            ),
            Cause::Transport(failure) => write!(f, "{service} did not answer: {failure}"),
            Cause::Refused(refusal) => {
                write!(f, "{service} answered {}", refusal.status)?;
                if let Some(code) = &refusal.code {
                    write!(f, " {code}")?;
                }
                if let Some(message) = &refusal.message {
                    write!(f, ", \"{message}\"")?;
                }
                named_request(f, refusal.request_id.as_deref())
            }
            Cause::Unreadable { what, request_id } => {
                write!(f, "{service}'s answer cannot be used, for {what}")?;
                named_request(f, request_id.as_deref())
            }
            Cause::PropertyAbsent(property) => {
                write!(f, "{service} left out {property}, which was asked for")
            }
            Cause::ToldToWait(wait) => write!(
                f,
                "{service} has told this app to wait another {} s, longer than there is time",
                wait.as_secs_f64().ceil()
            ),
            Cause::NoTurn => write!(
                f,
                "{service} limits how much this app may ask for at a time, and the turn of this call did not come in the time \
                 that there was"
            ),
            Cause::OutOfTime => f.write_str("there was no time left"),
        }
    }
}

fn named_request(f: &mut fmt::Formatter<'_>, request_id: Option<&str>) -> fmt::Result {
    match request_id {
        Some(id) => write!(f, " (request-id {id})"),
        None => Ok(()),
    }
}
