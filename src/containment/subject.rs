//! One subject on its way: look up, examine, cut, read back.

use std::time::Duration;

use futures_util::future::join;
use jiff::Timestamp;

use crate::directory::{Resolution, Revocation, RevokeFailure, Verification};
use crate::domain::{FoundBy, Outcome, Receipt, SecurityIdentifier, SubjectRef, User, UserId};
use crate::graph::{CallError, Moment, Tally};
use crate::guard::{self, Eligible, Examined, Membership, NoPlace};

use super::conclusion::{Conclusion, Draft, SessionsBefore};
use super::membership;
use super::places::TOO_LATE;
use super::shared::Run;

const NO_TURN: &str = "So many other users were to be cut that the turn of this one did not come in the time that there was.";

/// The longest that a call waits for the second to be over in which the user was cut before.
const NEXT_SECOND: Duration = Duration::from_secs(3);

/// Contains one subject that the plan lets through. Always ends in a receipt.
pub(super) async fn contain(run: &Run, index: usize) -> Receipt {
    let flagged = &run.task.subjects[index];
    let draft = Draft::begin(&run.context, &run.task, &flagged.account);
    let urgency = run.urgency(flagged);
    let subject = OneSubject {
        run,
        subject: &flagged.account,
        tally: Tally::of(urgency),
    };
    let (conclusion, user) = match run.turn(urgency).await {
        Some(_turn) => subject.conclude().await,
        None => (Conclusion::deferred(NO_TURN), None),
    };
    draft.finish(conclusion, user.as_ref(), &subject.tally)
}

/// A subject at work.
struct OneSubject<'a> {
    run: &'a Run,
    subject: &'a SubjectRef,
    tally: Tally,
}

impl OneSubject<'_> {
    async fn conclude(&self) -> (Conclusion, Option<User>) {
        match self.look_up().await {
            Err(conclusion) => (*conclusion, None),
            Ok((user, membership)) => {
                let conclusion = self.decide(&user, membership).await;
                (self.by_what(conclusion, &user), Some(user))
            }
        }
    }

    /// Finds the user and the membership. With an object id at hand both are asked for at the same time, so that the cut
    /// leaves after one answer.
    /// Finds the user and the membership. With an object id at hand both are asked for at the same time, so that the cut
    /// leaves after one answer.
    async fn look_up(&self) -> Result<(User, Result<Membership, CallError>), Box<Conclusion>> {
        let subject = self.subject;
        let directory = &self.run.context.directory;
        let deadline = self.run.task.deadline;
        let known_id = subject
            .id
            .or_else(|| subject.sid.as_ref().and_then(SecurityIdentifier::object_id));
        let Some(id) = known_id else {
            let user = found(directory.resolve(subject, &self.tally, deadline).await)?;
            let membership = self.membership(user.id).await;
            return Ok((user, membership));
        };
        let (resolution, of_id) = join(
            directory.resolve(subject, &self.tally, deadline),
            self.membership(id),
        )
        .await;
        let user = found(resolution)?;
        if user.id == id {
            return Ok((user, of_id));
        }
        // The answer to one id is no answer about another.
        let of_user = self.membership(user.id).await;
        Ok((user, of_user))
    }

    /// Says that the user was found by something else than the alert calls it, where nothing else is to be said.
    fn by_what(&self, conclusion: Conclusion, user: &User) -> Conclusion {
        let is_said = conclusion.detail.is_some() || self.subject.upn.is_none();
        if is_said || user.found_by != FoundBy::Mail {
            return conclusion;
        }
        conclusion.with_detail(
            "Nobody has that user principal name; this is the one user whose mail address it is."
                .to_owned(),
        )
    }

    async fn membership(&self, user: UserId) -> Result<Membership, CallError> {
        let blind = self.run.blind_groups();
        membership::read(
            &self.run.context,
            user,
            blind,
            &self.tally,
            self.run.task.deadline,
        )
        .await
    }

    async fn decide(&self, user: &User, membership: Result<Membership, CallError>) -> Conclusion {
        let (membership, error) = match membership {
            Ok(membership) => (membership, None),
            Err(error) => (Membership::Unreadable(error.to_string()), Some(error)),
        };
        let pinned = self.run.context.users.pinned();
        let examined = guard::examine(&self.run.context.policy, &pinned, user, &membership);
        match (examined, error) {
            (Examined::NotEffective(home), _) => Conclusion::not_effective(home),
            // Only the membership stood in the way, and asking again may answer it: not a decision yet.
            (Examined::Withhold(withheld), Some(error)) if withheld.reason.may_be_asked_again() => {
                Conclusion::of_error(&error)
            }
            (Examined::Withhold(withheld), _) => Conclusion::withheld(withheld),
            (Examined::Eligible(eligible), _) => self.once(user, eligible).await,
        }
    }

    /// Acts on the user, unless another subject of this alert named the same one: then that one's conclusion is this one's too.
    async fn once(&self, user: &User, eligible: Eligible) -> Conclusion {
        let cell = self.run.acted_on(user.id);
        let begin = async || Conclusion {
            before: Some(SessionsBefore(user.sessions_valid_from)),
            ..self.act(user, eligible).await
        };
        cell.get_or_init(begin).await.clone()
    }

    async fn act(&self, user: &User, eligible: Eligible) -> Conclusion {
        if self.was_cut_already(user) {
            return Conclusion {
                after: user.sessions_valid_from,
                proved_at: Some(self.run.context.clock.now()),
                ..Conclusion::plain(Outcome::AlreadyCut)
            };
        }
        let Some(allowance) = self.run.places.allowance().await else {
            return Conclusion::deferred(TOO_LATE);
        };
        if let Some(cleared) = self.run.task.cleared.get() {
            return Conclusion::cleared(cleared);
        }
        let slot = match allowance.take() {
            Ok(slot) => slot,
            Err(NoPlace::Withheld(withheld)) => return Conclusion::withheld(withheld),
            // Whether the hour is full is not known: nobody is cut on that, and nobody is turned away.
            Err(NoPlace::Undecided(reason)) => return Conclusion::deferred(&reason),
        };
        let clearance = match eligible.clear(slot) {
            Ok(clearance) => clearance,
            Err(withheld) => return Conclusion::withheld(withheld),
        };
        self.wait_for_the_next_second(user).await;
        let (directory, deadline) = (&self.run.context.directory, self.run.task.deadline);
        match directory.revoke(clearance, &self.tally, deadline).await {
            Ok(mut revocation) => {
                let unused = revocation.unused.take();
                let is_denied = unused.is_some();
                let conclusion = self.read_back(user, revocation, is_denied).await;
                self.remember(user, &conclusion);
                if let Some(unused) = unused {
                    allowance.unused(unused);
                }
                conclusion
            }
            Err(mut failure) => {
                let unused = failure.unused.take();
                if let Some(unused) = unused {
                    allowance.unused(unused);
                }
                self.after_failure(user, failure).await
            }
        }
    }

    /// Whether the sessions were cut after this message was put on the queue. Both times are cut to seconds on their way, so
    /// only strictly later counts, and what this process has done itself for the same message; what is neither is cut again, which
    /// harms nobody.
    fn was_cut_already(&self, user: &User) -> bool {
        let (Some(enqueued), Some(valid_from)) =
            (self.run.task.enqueued_at, user.sessions_valid_from)
        else {
            return false;
        };
        let is_own = |message| self.run.context.own_cuts.show(message, user.id, valid_from);
        valid_from > enqueued || self.run.task.message.is_some_and(is_own)
    }

    /// Remembers a cut that is proved, where its time alone does not show a later delivery that it was made after the message came.
    fn remember(&self, user: &User, conclusion: &Conclusion) {
        let Outcome::Revoked { verified: true } = conclusion.outcome else {
            return;
        };
        if let (Some(message), Some(enqueued), Some(valid_from)) = (
            self.run.task.message,
            self.run.task.enqueued_at,
            conclusion.after,
        ) && valid_from <= enqueued
        {
            self.run
                .context
                .own_cuts
                .remember(message, user.id, valid_from);
        }
    }

    async fn read_back(&self, user: &User, revocation: Revocation, is_denied: bool) -> Conclusion {
        let budget = self.run.context.limits.verify;
        let read = self.verify(user, revocation.called_at).await;
        let conclusion = Conclusion {
            after: read.sessions_valid_from,
            proved_at: read.verified.then(|| self.run.context.clock.now()),
            calls: revocation.calls,
            ..Conclusion::plain(Outcome::Revoked {
                verified: read.verified,
            })
        };
        let detail = match (read.verified, is_denied, read.problem) {
            (true, false, _) => return conclusion,
            // A success that says that it is none: the next attempt may do better, and no receipt says that this one did. What shows is
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
                    ..conclusion
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
        conclusion.with_detail(detail)
    }

    /// Waits until this cut is distinguishable from one that was made within the same second: the property has no more precision than
    /// that. A user who was cut a moment ago loses nothing by it.
    async fn wait_for_the_next_second(&self, user: &User) {
        let now = self.run.context.directory.moment().earliest;
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

    async fn verify(&self, user: &User, since: Moment) -> Verification {
        let (before, budget) = (user.sessions_valid_from, self.run.context.limits.verify);
        let directory = &self.run.context.directory;
        directory
            .verify(
                user.id,
                before,
                since,
                budget,
                &self.tally,
                self.run.task.deadline,
            )
            .await
    }

    /// A call whose answer was lost may have been carried out: the property tells.
    async fn after_failure(&self, user: &User, failure: RevokeFailure) -> Conclusion {
        let failed = Conclusion {
            calls: failure.calls,
            ..Conclusion::of_error(&failure.error)
        };
        let Some(since) = failure.unclear_since else {
            return failed;
        };
        let read = self.verify(user, since).await;
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
            proved_at: Some(self.run.context.clock.now()),
            ..failed
        }
    }
}

fn found(resolution: Result<Resolution, CallError>) -> Result<User, Box<Conclusion>> {
    let conclusion = match resolution {
        Ok(Resolution::Found(user)) => return Ok(user),
        Ok(Resolution::NotFound) => Conclusion::plain(Outcome::NotFound),
        Ok(Resolution::Ambiguous { candidates, detail }) => {
            Conclusion::plain(Outcome::Ambiguous { candidates }).with_detail(detail)
        }
        Err(error) => Conclusion::of_error(&error),
    };
    Err(Box::new(conclusion))
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
