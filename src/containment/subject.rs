//! One subject: look up, examine, cut, read back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join;
use jiff::Timestamp;

use crate::directory::{Resolution, Revocation, RevokeFailure, Verification};
use crate::domain::{FoundBy, Outcome, Receipt, SecurityIdentifier, SubjectRef, User, UserId};
use crate::graph::{CallError, Moment, Tally};
use crate::guard::{self, Eligible, Examined, Membership, NoPlace};

use super::conclusion::{Conclusion, Draft, SessionsBefore};
use super::membership;
use super::run::Work;

/// Contains one subject whom the plan lets through. Always ends in a receipt.
pub(super) async fn contain(work: &Work, index: usize) -> Receipt {
    let flagged = &work.task.subjects[index];
    let subject = &flagged.account;
    let draft = Draft::begin(&work.parts, &work.task, subject);
    let urgency = work.urgency(flagged);
    let tally = Tally::of(urgency);
    let Some(_turn) = work.turn(urgency).await else {
        let ending = Conclusion::plain(Outcome::Deferred).with_detail(NO_TURN.to_owned());
        return draft.finish(ending, None, &tally);
    };
    let (ending, user) = match look_up(work, subject, &tally).await {
        Err(ending) => (*ending, None),
        Ok((user, membership)) => {
            let ending = decide(work, &user, membership, &tally).await;
            (told_by_what(ending, subject, &user), Some(user))
        }
    };
    draft.finish(ending, user.as_ref(), &tally)
}

const NO_TURN: &str = "So many other users were to be cut that the turn of this one did not come in the time that there was.";

/// Says that the user was found by something else than the alert calls it, where nothing else is to be said.
fn told_by_what(ending: Conclusion, subject: &SubjectRef, user: &User) -> Conclusion {
    if ending.detail.is_some() || subject.upn.is_none() || user.found_by != FoundBy::Mail {
        return ending;
    }
    ending.with_detail(
        "Nobody has that user principal name; this is the one user whose mail address it is."
            .to_owned(),
    )
}

/// Finds the user and the membership. With an object id at hand both are asked for at the same time, so that the cut
/// leaves after one answer.
async fn look_up(
    work: &Work,
    subject: &SubjectRef,
    tally: &Tally,
) -> Result<(User, Result<Membership, CallError>), Box<Conclusion>> {
    let directory = &work.parts.directory;
    let deadline = work.task.deadline;
    let known_id = subject
        .id
        .or_else(|| subject.sid.as_ref().and_then(SecurityIdentifier::object_id));
    let Some(id) = known_id else {
        let user = found(directory.resolve(subject, tally, deadline).await)?;
        let membership = membership(work, user.id, tally).await;
        return Ok((user, membership));
    };
    let (resolution, of_id) = join(
        directory.resolve(subject, tally, deadline),
        membership(work, id, tally),
    )
    .await;
    let user = found(resolution)?;
    if user.id == id {
        return Ok((user, of_id));
    }
    // The answer to one id is no answer about another.
    let of_user = membership(work, user.id, tally).await;
    Ok((user, of_user))
}

fn found(resolution: Result<Resolution, CallError>) -> Result<User, Box<Conclusion>> {
    let ending = match resolution {
        Ok(Resolution::Found(user)) => return Ok(user),
        Ok(Resolution::NotFound) => Conclusion::plain(Outcome::NotFound),
        Ok(Resolution::Ambiguous { candidates, detail }) => {
            Conclusion::plain(Outcome::Ambiguous { candidates }).with_detail(detail)
        }
        Err(error) => Conclusion::of_error(&error),
    };
    Err(Box::new(ending))
}

async fn membership(work: &Work, user: UserId, tally: &Tally) -> Result<Membership, CallError> {
    let blind = work.blind_groups.clone();
    membership::read(&work.parts, user, blind, tally, work.task.deadline).await
}

async fn decide(
    work: &Work,
    user: &User,
    membership: Result<Membership, CallError>,
    tally: &Tally,
) -> Conclusion {
    let (membership, error) = match membership {
        Ok(membership) => (membership, None),
        Err(error) => (Membership::Unreadable(error.to_string()), Some(error)),
    };
    let pinned = work.parts.users.pinned();
    let examined = guard::examine(&work.parts.policy, &pinned, user, &membership);
    match (examined, error) {
        (Examined::NotEffective(home), _) => Conclusion::not_effective(home),
        // Only the membership stood in the way, and asking again may answer it: not a decision yet.
        (Examined::Withhold(withheld), Some(error)) if withheld.reason.may_be_asked_again() => {
            Conclusion::of_error(&error)
        }
        (Examined::Withhold(withheld), _) => Conclusion::withheld(withheld),
        (Examined::Eligible(eligible), _) => once(work, user, eligible, tally).await,
    }
}

/// Acts on the user, unless another subject of this alert named the same one: then that one's ending is this one's too.
async fn once(work: &Work, user: &User, eligible: Eligible, tally: &Tally) -> Conclusion {
    let cell = {
        let mut acted = work.acted.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(acted.entry(user.id).or_default())
    };
    let begin = async || Conclusion {
        before: Some(SessionsBefore(user.sessions_valid_from)),
        ..act(work, user, eligible, tally).await
    };
    cell.get_or_init(begin).await.clone()
}

async fn act(work: &Work, user: &User, eligible: Eligible, tally: &Tally) -> Conclusion {
    if was_cut_already(work, user) {
        return Conclusion {
            after: user.sessions_valid_from,
            proved_at: Some(work.parts.clock.now()),
            ..Conclusion::plain(Outcome::AlreadyCut)
        };
    }
    let granted = work.allowance.clone().await;
    if let Some(cleared) = work.task.cleared.get() {
        return Conclusion::cleared(cleared);
    }
    let slot = match granted.allowance.take() {
        Ok(slot) => slot,
        Err(NoPlace::Withheld(withheld)) => return Conclusion::withheld(withheld),
        // Whether the hour is full is not known: nobody is cut on that, and nobody is turned away.
        Err(NoPlace::Undecided(reason)) => {
            return Conclusion::plain(Outcome::Deferred).with_detail(reason);
        }
    };
    let clearance = match eligible.clear(slot) {
        Ok(clearance) => clearance,
        Err(withheld) => return Conclusion::withheld(withheld),
    };
    wait_for_the_next_second(work, user).await;
    match work
        .parts
        .directory
        .revoke(&clearance, tally, work.task.deadline)
        .await
    {
        Ok(revocation) => {
            let ending = read_back(work, user, revocation, tally).await;
            remember(work, user, &ending);
            // Graph has said that it was not done.
            if matches!(ending.outcome, Outcome::Deferred) {
                granted.allowance.unused(clearance);
            }
            ending
        }
        Err(failure) => {
            if failure.unclear_since.is_none() {
                granted.allowance.unused(clearance);
            }
            after_failure(work, user, failure, tally).await
        }
    }
}

/// Whether the sessions were cut after this message was put on the queue. Both times are cut to seconds on their way, so
/// only strictly later counts, and what this process has done itself for the same message; what is neither is cut again, which
/// harms nobody.
fn was_cut_already(work: &Work, user: &User) -> bool {
    let (Some(enqueued), Some(valid_from)) = (work.task.enqueued_at, user.sessions_valid_from)
    else {
        return false;
    };
    let is_own = |message| work.parts.own_cuts.show(message, user.id, valid_from);
    valid_from > enqueued || work.task.message.is_some_and(is_own)
}

/// Remembers a cut that is proved, where its time alone does not show a later delivery that it was made after the message came.
fn remember(work: &Work, user: &User, ending: &Conclusion) {
    let Outcome::Revoked { verified: true } = ending.outcome else {
        return;
    };
    if let (Some(message), Some(enqueued), Some(valid_from)) =
        (work.task.message, work.task.enqueued_at, ending.after)
        && valid_from <= enqueued
    {
        work.parts.own_cuts.remember(message, user.id, valid_from);
    }
}

async fn read_back(work: &Work, user: &User, revocation: Revocation, tally: &Tally) -> Conclusion {
    let budget = work.parts.limits.verify;
    let read = verify(work, user, revocation.called_at, tally).await;
    let ending = Conclusion {
        after: read.sessions_valid_from,
        proved_at: read.verified.then(|| work.parts.clock.now()),
        calls: revocation.calls,
        ..Conclusion::plain(Outcome::Revoked {
            verified: read.verified,
        })
    };
    let detail = match (read.verified, revocation.is_denied, read.problem) {
        (true, false, _) => return ending,
        // A success that says that it is none: the next attempt may do better, and nobody is told that this one did. What shows is
        // another's cut, and the next attempt finds it.
        (is_seen, true, _) => {
            let shown = if is_seen {
                "the sessions were cut meanwhile by somebody else"
            } else {
                "no effect showed"
            };
            let detail = format!(
                "Graph answered the revocation with 200 and {{\"value\": false}}, which says that it was not done, and {shown}."
            );
            return Conclusion {
                outcome: Outcome::Deferred,
                proved_at: None,
                ..ending
            }
            .with_detail(detail);
        }
        (false, false, Some(problem)) => format!(
            "Graph accepted the revocation, but the effect could not be read back. {problem}"
        ),
        (false, false, None) => format!(
            "Graph accepted the revocation, but within {} seconds the effect did not show: signInSessionsValidFromDateTime \
             {}. Read it again in a few minutes.",
            budget.as_secs(),
            stands(user, read.sessions_valid_from)
        ),
    };
    ending.with_detail(detail)
}

/// Where the property stands after the call, seen from before it.
fn stands(user: &User, read: Option<Timestamp>) -> String {
    match read {
        Some(read) if user.sessions_valid_from == Some(read) => {
            format!("already stood at {read} before the call, and still does")
        }
        Some(read) => format!("stands at {read}, which is no proof of it"),
        None => "was not told".to_owned(),
    }
}

/// The longest that a call waits for the second to be over in which the user was cut before.
const NEXT_SECOND: Duration = Duration::from_secs(3);

/// Waits until this cut can be told from one that was made within the same second: the property has no more precision than
/// that. Whoever was cut a moment ago loses nothing by it.
async fn wait_for_the_next_second(work: &Work, user: &User) {
    let now = work.parts.directory.moment().earliest;
    let Some(cut_at) = user.sessions_valid_from else {
        return;
    };
    let next = cut_at.as_second().saturating_add(1);
    if let Ok(next) = Timestamp::from_second(next)
        && let Ok(wait) = Duration::try_from(next.duration_since(now))
        && wait <= NEXT_SECOND
    {
        tokio::time::sleep(wait).await;
    }
}

async fn verify(work: &Work, user: &User, since: Moment, tally: &Tally) -> Verification {
    let (before, budget) = (user.sessions_valid_from, work.parts.limits.verify);
    let directory = &work.parts.directory;
    directory
        .verify(user.id, before, since, budget, tally, work.task.deadline)
        .await
}

/// A call whose answer was lost may have been carried out: the property tells.
async fn after_failure(
    work: &Work,
    user: &User,
    failure: RevokeFailure,
    tally: &Tally,
) -> Conclusion {
    let failed = Conclusion {
        calls: failure.calls,
        ..Conclusion::of_error(&failure.error)
    };
    let Some(since) = failure.unclear_since else {
        return failed;
    };
    let read = verify(work, user, since, tally).await;
    if !read.verified {
        return Conclusion {
            after: read.sessions_valid_from,
            ..failed
        };
    }
    Conclusion {
        outcome: Outcome::Revoked { verified: true },
        detail: Some(
            "Graph's answer to the revocation was lost; the effect was read back afterwards."
                .to_owned(),
        ),
        after: read.sessions_valid_from,
        proved_at: Some(work.parts.clock.now()),
        ..failed
    }
}
