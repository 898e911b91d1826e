//! Decides what is tried again, when, and when no more.
//!
//! A wait never ends after the deadline: if it would, the call fails at once and says how long the wait would have been.
//! What failed is tried a few times. A throttled call is not failing, and has no number of tries, only the deadline:
//! in a storm the same call may be refused often, and giving it up would use up its message's deliveries.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff};

use super::throttling::backoff::BACKOFF;
use super::throttling::throttle::{Blocked, Throttle};
use super::{CallError, CallKind, Cause, Operation};

/// How long after Graph said that something is not there it is asked once more. Replicas lag behind by about as much.
const REPLICAS: Duration = Duration::from_secs(1);

/// How much time an answer needs. Nothing is tried again with less time left: it would only put its own lack of time in the
/// place of what really stood in the way. What is written and not heard of is unclear besides, so a write gets more.
pub(super) fn answer_needs(access: CallKind) -> Duration {
    match access {
        CallKind::Read => Duration::from_secs(1),
        CallKind::Write => Duration::from_secs(2),
    }
}

/// Whether what a status answers may have been done all the same: the service broke down over it, or gave up waiting for it.
/// Any other refusal says that it was not (RFC 9110, section 15.6.4, of 503).
pub(crate) fn leaves_open_what_was_done(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 504)
}

/// What a status means for the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Done. Which success it is does not matter: the documentation of the revocation has promised 200 and 204.
    Success,
    /// The token is not accepted: get another one and ask once more.
    RenewToken,
    /// Graph says wait, to the whole app.
    Throttled,
    /// It may work in a moment.
    Transient,
    /// Asking again would change nothing. Redirects are among these: none is ever followed.
    Final,
}

/// The class of every status ("Microsoft Graph error responses and resource types"; 409 is
/// `Directory_ConcurrencyViolation`, which passes).
pub(crate) fn classify(status: u16) -> Class {
    match status {
        200..=299 => Class::Success,
        401 => Class::RenewToken,
        429 => Class::Throttled,
        408 | 409 | 425 | 500..=599 => Class::Transient,
        _ => Class::Final,
    }
}

/// When a failed attempt may be followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Never.
    No,
    /// Once, at once, with another token.
    WithNewToken,
    /// Once, a moment later: what is not there may not have reached the replica that was asked.
    OnceMore,
    /// After a wait of its own.
    Alone,
    /// After a wait shared by all calls of this kind.
    AllWait(Blocked),
}

/// One failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(crate) cause: Cause,
    pub(super) again: Again,
    /// How long Graph asked to wait.
    pub(super) asked: Option<Duration>,
    /// Whether it failed for want of time rather than for what it met.
    pub(super) cut_short: bool,
}

impl Failure {
    /// Whether the time that there was is all that it tells of.
    pub(crate) fn is_want_of_time(&self) -> bool {
        self.cut_short || self.cause.is_want_of_time()
    }

    pub(crate) fn last(cause: Cause) -> Self {
        Self {
            cause,
            again: Again::No,
            asked: None,
            cut_short: false,
        }
    }

    pub(crate) fn passing(cause: Cause) -> Self {
        Self {
            again: Again::Alone,
            ..Self::last(cause)
        }
    }
}

/// The attempts of one call so far.
#[derive(Debug)]
pub(super) struct Attempts {
    /// The last thing that Graph or the network really said.
    cause: Option<Cause>,
    own_waits: ExponentialBackoff,
    renewed: bool,
    asked_once_more: bool,
    /// Whether that nothing is there was said twice.
    said_twice: bool,
}

/// What follows a failed attempt.
#[derive(Debug)]
pub(super) enum Next {
    /// Another, after this wait.
    Retry(Duration),
    /// None. The wait is that after which another would be made if there were time.
    GiveUp(Option<Duration>),
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self {
            cause: None,
            own_waits: BACKOFF.build(),
            renewed: false,
            asked_once_more: false,
            said_twice: false,
        }
    }

    /// Decides what follows a failure, if an answer takes so long and there is so much time left.
    pub(super) fn next(
        &mut self,
        failure: &Failure,
        access: CallKind,
        throttle: &Throttle,
        left: impl FnOnce() -> Duration,
    ) -> Next {
        if !failure.is_want_of_time() {
            self.cause = Some(failure.cause.clone());
        }
        let wait = match failure.again {
            Again::No => None,
            Again::WithNewToken => {
                let first = !std::mem::replace(&mut self.renewed, true);
                return if first {
                    Next::Retry(Duration::ZERO)
                } else {
                    Next::GiveUp(None)
                };
            }
            Again::OnceMore => {
                self.said_twice = std::mem::replace(&mut self.asked_once_more, true);
                (!self.said_twice).then_some(REPLICAS)
            }
            Again::Alone => self.own_waits.next(),
            Again::AllWait(held) => Some(throttle.refused(access, held, failure.asked)),
        };
        match wait {
            Some(wait) if wait.saturating_add(answer_needs(access)) <= left() => Next::Retry(wait),
            wait => Next::GiveUp(wait),
        }
    }

    /// The error with which the call ends, by the last thing that Graph or the network really said.
    pub(super) fn into_error(
        self,
        operation: Operation,
        failure: Failure,
        wait: Option<Duration>,
    ) -> CallError {
        let is_preliminary = failure.again == Again::OnceMore && !self.said_twice;
        let error = match self.cause {
            Some(cause) if failure.is_want_of_time() => {
                CallError::new(operation, cause).ending_in(failure.cause)
            }
            Some(_) | None => CallError::new(operation, failure.cause).waiting(wait),
        };
        if is_preliminary {
            error.preliminary(wait)
        } else {
            error
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_status_has_its_class() {
        let mut table = String::new();
        let mut first = 100;
        for status in 100..=599 {
            if status == 599 || classify(status) != classify(status + 1) {
                let class = classify(status);
                if first == status {
                    writeln!(table, "{status}: {class:?}").unwrap();
                } else {
                    writeln!(table, "{first}-{status}: {class:?}").unwrap();
                }
                first = status + 1;
            }
        }
        insta::assert_snapshot!(table, @"
        100-199: Final
        200-299: Success
        300-400: Final
        401: RenewToken
        402-407: Final
        408-409: Transient
        410-424: Final
        425: Transient
        426-428: Final
        429: Throttled
        430-499: Final
        500-599: Transient
        ");
    }
}
