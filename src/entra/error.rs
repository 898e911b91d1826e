//! The one error of this room, and what its reader should do next.
//!
//! # Doctrine
//! - An expected ending is no error: a user who does not exist, or two users where one was meant, is a value.
//! - Errors are told apart by the caller's next move ([`Disposition`]), not by where they arose.
//! - What may pass is never called final: in doubt the subject is kept for another try, because a cut that is tried
//!   twice harms nobody and a cut that is lost does.
//! - `Display` is a whole account for a person: what was being done, what came back, how often and how long it was tried,
//!   and the next step. It holds no name of a user and no text of Graph's own but codes and request ids, so it may be
//!   logged.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::cause::Cause;
use super::claims::TokenFacts;
use super::identity::IdentityProblem;
use super::operation::{Operation, Service};
use super::permissions::Permission;
use super::sign_in::SignInProblem;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It may pass: try again, not before the time that Graph asked for, if it did.
    RetryLater {
        /// How long to wait at least, from when the error was made.
        not_before: Option<Duration>,
    },
    /// The managed identity lacks a permission; a person has to grant it.
    FixPermission,
    /// The alert names something that the directory cannot find or does not accept.
    FixAlert,
    /// Nothing outside Evict can mend it.
    GiveUp,
}

/// Why something asked of Entra ID was not answered or not done. `Display` names no user.
#[derive(Clone)]
pub struct EntraError(Box<Account>);

#[derive(Debug, Clone)]
struct Account {
    operation: Operation,
    cause: Cause,
    disposition: Disposition,
    attempts: u32,
    elapsed: Duration,
    token: Option<TokenFacts>,
}

impl EntraError {
    pub(super) fn new(operation: Operation, cause: Cause) -> Self {
        let disposition = disposition(operation, &cause, None);
        Self(Box::new(Account {
            operation,
            cause,
            disposition,
            attempts: 0,
            elapsed: Duration::ZERO,
            token: None,
        }))
    }

    /// The same error, with how often and how long it was tried.
    pub(super) fn after(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// The same error, with the wait after which another attempt would be made.
    pub(super) fn waiting(mut self, wait: Option<Duration>) -> Self {
        self.0.disposition = disposition(self.0.operation, &self.0.cause, wait);
        self
    }

    /// The same error, with what the token in use says of itself.
    pub(super) fn with_token(mut self, token: Option<TokenFacts>) -> Self {
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

    /// Why nobody is signed in, if that is it.
    #[must_use]
    pub fn sign_in_problem(&self) -> Option<&SignInProblem> {
        if let Cause::Identity(IdentityProblem::SignIn(problem)) = &self.0.cause {
            Some(problem)
        } else {
            None
        }
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
    pub(super) fn what_happened(&self) -> String {
        let account = &*self.0;
        let mut told = format!(
            "{} failed: {}",
            account.operation.doing(),
            account.cause.told(account.operation.service())
        );
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

    /// Whether the last request may have been carried out all the same: a time-out, a broken connection, a server error.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        self.0.cause.is_unclear()
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
        Cause::Setup(_) => Disposition::GiveUp,
        Cause::PropertyAbsent(_) => Disposition::FixPermission,
        Cause::Refused(refusal) => match refusal.status {
            403 => Disposition::FixPermission,
            404 | 410 => Disposition::FixAlert,
            400 => match operation {
                // The request is the same for every user but for the identifier in it.
                Operation::ReadUser | Operation::FindUser => Disposition::FixAlert,
                Operation::GetToken
                | Operation::CheckMemberGroups
                | Operation::ReadGroup
                | Operation::RevokeSessions
                | Operation::Inquire(_) => Disposition::GiveUp,
            },
            401 | 408 | 409 | 425 | 429 | 500..=599 => later,
            _ => Disposition::GiveUp,
        },
    }
}

impl fmt::Display for EntraError {
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
            Disposition::RetryLater { not_before } => retry_later(f, cause, *not_before),
            Disposition::FixPermission => fix_permission(f, *operation, token.as_ref()),
            Disposition::FixAlert if matches!(operation, Operation::Inquire(_)) => f.write_str(
                "There is no such object: it may have been deleted meanwhile. Then run the command again.",
            ),
            Disposition::FixAlert => f.write_str(match self.status() {
                Some(400) => {
                    "The directory does not accept the identifier that the alert gives: correct the alert."
                }
                Some(_) | None => {
                    "The directory has no such object: it may have been deleted meanwhile, or the alert names it wrongly."
                }
            }),
            Disposition::GiveUp => give_up(f, cause),
        }
    }
}

fn retry_later(f: &mut fmt::Formatter<'_>, cause: &Cause, wait: Option<Duration>) -> fmt::Result {
    if cause.refusal().is_some_and(|refusal| refusal.status == 401) {
        return f.write_str(
            "Graph refused the managed identity's token, and another one too: try again later, and if that does not help, \
             see that EVICT_CLOUD names the cloud of this tenant.",
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

fn give_up(f: &mut fmt::Formatter<'_>, cause: &Cause) -> fmt::Result {
    match cause {
        Cause::Setup(_) => f.write_str(
            "Evict needs the machine's certificate store (on Debian and Ubuntu the package ca-certificates): install it and \
             start again.",
        ),
        Cause::Refused(refusal) if (300..400).contains(&refusal.status) => f.write_str(
            "That is a redirect, which is never followed, so that no token leaves for another host: see what stands between \
             this app and Graph.",
        ),
        Cause::Refused(_)
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
    if let Operation::Inquire(inquiry) = operation
        && inquiry.service == Service::Azure
    {
        return write!(
            f,
            "It needs {}, for whoever is signed in. Then run the command again.",
            inquiry.role
        );
    }
    let Some(token) = token else {
        write!(f, "It needs the Graph application permission ")?;
        names(f, needed)?;
        return f.write_str(".");
    };
    if token.is_delegated() {
        return fix_delegated(f, operation, token);
    }
    let missing: Vec<&Permission> = needed
        .iter()
        .copied()
        .filter(|permission| !permission.is_held(&token.roles))
        .collect();
    let issued = |f: &mut fmt::Formatter<'_>| match token.issued_at {
        Some(at) => write!(f, ", issued {at},"),
        None => Ok(()),
    };
    if missing.is_empty() {
        f.write_str("The managed identity's token")?;
        issued(f)?;
        f.write_str(" does carry ")?;
        names(f, needed)?;
        return f.write_str(
            ", so something else denies it: see whether the user is in a restricted management administrative unit, and \
             whether a Conditional Access policy applies to this app's identity.",
        );
    }
    f.write_str("The managed identity's token")?;
    issued(f)?;
    f.write_str(" lacks the Graph application permission ")?;
    names(f, &missing)?;
    f.write_str(". A Privileged Role Administrator grants it to the app's identity (the module in infra/ does, or POST \
                 /servicePrincipals/{Microsoft Graph}/appRoleAssignedTo with app role ")?;
    for (index, permission) in missing.iter().enumerate() {
        let comma = if index == 0 { "" } else { " and " };
        write!(f, "{comma}{}", permission.app_role_id)?;
    }
    write!(
        f,
        "). If it was granted after that token was issued: the platform keeps a managed identity's token for up to a day \
         and nothing forces a new one, not even a restart, so the permission shows by {} at the latest.",
        token.expires_at
    )
}

/// A person's token: it takes the delegated permission and a directory role of the person's own. Source: "user:
/// revokeSignInSessions" and "Get a user" (Microsoft Graph), and "Microsoft Entra built-in roles".
fn fix_delegated(
    f: &mut fmt::Formatter<'_>,
    operation: Operation,
    token: &TokenFacts,
) -> fmt::Result {
    let needed = operation.permissions();
    let missing: Vec<&Permission> = needed
        .iter()
        .copied()
        .filter(|permission| !permission.is_held(&token.scopes))
        .collect();
    if missing.is_empty() {
        f.write_str("Your token does carry the delegated Graph permission ")?;
        names(f, needed)?;
        if let Operation::Inquire(inquiry) = operation {
            return write!(
                f,
                " or a stronger one, so your own directory role does not allow it: activate one that does ({}). Then run the \
                 command again.",
                inquiry.role
            );
        }
        return f.write_str(
            " or a stronger one, so your own directory role does not allow it for this user: activate one that does (User \
             Administrator; Privileged Authentication Administrator for a user who holds an administrator's role), and \
             see whether the user is in a restricted management administrative unit. Then run the command again.",
        );
    }
    f.write_str(
        "Your token acts for a signed-in person and lacks the delegated Graph permission ",
    )?;
    names(f, &missing)?;
    f.write_str(
        ". An administrator consents to it for the application that signed you in (for `az login` that is Microsoft Azure \
         CLI), or sign in to az as a service principal that holds the application permission of the same name. Then run \
         the command again.",
    )
}

fn names(f: &mut fmt::Formatter<'_>, permissions: &[&Permission]) -> fmt::Result {
    for (index, permission) in permissions.iter().enumerate() {
        let comma = if index == 0 { "" } else { " and " };
        write!(f, "{comma}{}", permission.name)?;
    }
    Ok(())
}

impl fmt::Debug for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for EntraError {}
