//! `replay` and `drop`: puts messages back on the queue, or completes them for good.

use std::io::Write;

use clap::Args;

use super::act::{Tally, Trouble, each};
use super::replay::{Copy, replay};
use super::view::Letter;
use super::walk::{Found, Gathered, ReadingEnd, Walk, messages};
use super::which::{Chosen, Which, not_there};
use super::{Kind, Place, stopped};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::function::{Function, Target, foresee};
use crate::cli::session::service_bus::ServiceBusSession;
use crate::cli::terminal::Console;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::question::read_answer;
use crate::inquiry::function::FunctionPolicy;

/// What is replayed, and whether it was confirmed.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    function: Function,
    /// Do not ask before all is replayed.
    #[arg(long, short)]
    yes: bool,
}

/// What is dropped.
#[derive(Debug, Args)]
pub(super) struct Discard {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    which: Which,
    /// Yes, for good.
    #[arg(long)]
    yes: bool,
}

impl Replay {
    pub(super) fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let asks = self.which.all && !self.yes;
        if asks && !console.surroundings.is_attended {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "nothing was replayed: all that is there would be, and nobody is at a terminal to be asked\n  Next: see what it is with `{} list`, then repeat this command with --yes, or name messages.",
                    kind.verb()
                ),
            ));
        }
        let target = self.function.target(&console.surroundings)?;
        let queues = self.place.open(kind, console)?;
        let policy = target.and_then(|target| learn_policy(&target, &queues.session, console));
        let (tally, exit) = queues.walk("Reading messages", console, async |walk, output| {
            self.work(kind, walk, policy.as_ref(), asks, output).await
        })?;
        conclude(&tally, exit)
    }

    async fn work(
        &self,
        kind: Kind,
        walk: &Walk<'_, '_>,
        policy: Option<&FunctionPolicy>,
        asks: bool,
        output: &mut dyn Write,
    ) -> Result<(Tally, Exit), Failure> {
        let gathered = walk
            .gather(|letter| letter.unreadable.is_none() && self.which.may_mean(letter))
            .await?;
        let gathered = broken_off("replayed", gathered)?;
        let Some(picked) = pick(kind, &self.which, walk, gathered)? else {
            return Ok(stopped_early());
        };
        let all = picked.chosen.found.len();
        let chosen = worth_replaying(kind, walk.progress, policy, picked.chosen.found);
        if asks && !chosen.is_empty() && !self.confirm(walk, &chosen).await? {
            return Err(Failure::new(
                Exit::Partly,
                "not confirmed. Nothing was replayed.",
            ));
        }
        walk.progress
            .begin_again("Replaying messages", chosen.len());
        let one = async |found: &Found| {
            let (Some(lock), Some(message)) = (walk.lock(found), &found.message) else {
                return Err(Failure::new(Exit::Unable, "its lock is gone").into());
            };
            replay(walk.bus, &self.place.queue, &lock, message, &found.letter).await
        };
        let tell = |found: &Found, done| self.tell(walk, output, &found.letter, done);
        let tally = each(walk, &chosen, one, tell).await?;
        if self.which.all {
            let done = tally.done;
            walk.progress
                .aside(|| writeln!(output, "{done} of {all} replayed."))?;
        }
        let exit = if chosen.len() == all {
            picked.exit
        } else {
            Exit::Partly
        };
        Ok((tally, exit))
    }

    fn tell(
        &self,
        walk: &Walk<'_, '_>,
        output: &mut dyn Write,
        letter: &Letter,
        done: Result<Copy, Trouble>,
    ) -> Result<(), Failure> {
        walk.progress.step();
        let name = letter.name();
        match done {
            Ok(copy) => {
                let bare = if copy.is_noted {
                    ""
                } else {
                    ", without the note of why it was given up, which would have made it too large"
                };
                walk.progress.aside(|| {
                    writeln!(
                        output,
                        "Replayed {name}: it is on the queue {} as {}{bare}, and no longer in {}.",
                        self.place.queue, copy.id, letter.queue
                    )
                })?;
            }
            Err(trouble) => {
                let not = if trouble.is_half_done {
                    ""
                } else {
                    " was not replayed"
                };
                let text = trouble.failure.text;
                walk.progress.tell(&format_args!("{name}{not}: {text}"));
            }
        }
        Ok(())
    }

    /// Asks the person at the terminal; the locks are renewed meanwhile.
    async fn confirm(&self, walk: &Walk<'_, '_>, chosen: &[Found]) -> Result<bool, Failure> {
        let users: usize = chosen
            .iter()
            .map(|found| found.letter.subjects().len())
            .sum();
        let users = match users {
            1 => "one account".to_owned(),
            users => format!("{users} accounts"),
        };
        let question = format!(
            "{} about to be put back on the queue {}; together they name {users}.\nReplay them? Type yes: ",
            match chosen.len() {
                1 => "One message is".to_owned(),
                count => format!("{count} messages are"),
            },
            self.place.queue
        );
        walk.progress.ask(&question)?;
        tokio::select! {
            answer = read_answer() => answer.map_err(|error| Failure::asking(&error)),
            () = walk.interrupt.asked() => Ok(false),
        }
    }
}

impl Discard {
    pub(super) fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        if !self.yes {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "nothing was dropped: a message that is dropped is gone for good, and nobody in it is cut\n  Next: look at it with `{} show`, then repeat this command with --yes.",
                    kind.verb()
                ),
            ));
        }
        let queues = self.place.open(kind, console)?;
        let (tally, exit) = queues.walk("Reading messages", console, async |walk, output| {
            self.work(kind, walk, output).await
        })?;
        conclude(&tally, exit)
    }

    async fn work(
        &self,
        kind: Kind,
        walk: &Walk<'_, '_>,
        output: &mut dyn Write,
    ) -> Result<(Tally, Exit), Failure> {
        let gathered = broken_off("dropped", walk.gather(|_| false).await?)?;
        let Some(picked) = pick(kind, &self.which, walk, gathered)? else {
            return Ok(stopped_early());
        };
        let chosen = picked.chosen.found;
        walk.progress.begin_again("Dropping messages", chosen.len());
        let one = async |found: &Found| {
            let Some(lock) = walk.lock(found) else {
                return Err(Failure::new(Exit::Unable, "its lock is gone").into());
            };
            Ok(walk.bus.complete(&lock).await?)
        };
        let tally = each(walk, &chosen, one, |found, done| {
            walk.progress.step();
            let name = found.letter.name();
            match done {
                Ok(()) => walk
                    .progress
                    .aside(|| writeln!(output, "Dropped {name} from {}.", found.letter.queue))?,
                Err(trouble) => walk.progress.tell(&format_args!(
                    "{name} was not dropped: {}",
                    trouble.failure.text
                )),
            }
            Ok(())
        })
        .await?;
        Ok((tally, picked.exit))
    }
}

/// The chosen messages, and the exit code if all of them are dealt with.
struct Picked {
    chosen: Chosen,
    exit: Exit,
}

/// Chooses messages, and reports those that are not there or were not looked at. After a Ctrl-C it chooses none.
fn pick(
    kind: Kind,
    which: &Which,
    walk: &Walk<'_, '_>,
    gathered: Gathered,
) -> Result<Option<Picked>, Failure> {
    if walk.interrupt.is_asked() {
        return Ok(None);
    }
    let (looked_at, is_complete) = (gathered.found.len(), gathered.is_complete());
    let mut exit = Exit::Success;
    if let Some(not_seen) = gathered.not_seen().filter(|_| which.all) {
        exit = Exit::Partly;
        walk.progress.tell(&not_seen);
    }
    let chosen = which.choose(kind, gathered.found)?;
    for name in &chosen.missing {
        let failure = not_there(kind, name, looked_at, is_complete);
        exit = failure.exit;
        walk.progress.tell(&failure.text);
    }
    Ok(Some(Picked { chosen, exit }))
}

/// Reading failed midway: nothing was done yet, and nothing is.
fn broken_off(done: &str, gathered: Gathered) -> Result<Gathered, Failure> {
    match gathered.end {
        ReadingEnd::Broken(failure) => Err(Failure::new(
            failure.exit,
            format!(
                "nothing was {done}: {} could be looked at, and then it broke off: {}",
                messages(gathered.found.len()).to_lowercase(),
                failure.text
            ),
        )),
        end => Ok(Gathered { end, ..gathered }),
    }
}

fn stopped_early() -> (Tally, Exit) {
    (Tally::stopped(), Exit::Partly)
}

/// The function's policy. Without it the person is warned, and the function decides by itself.
fn learn_policy(
    target: &Target,
    session: &ServiceBusSession,
    console: &mut Console<'_>,
) -> Option<FunctionPolicy> {
    let asked = target.policy(&session.signed_in, session.signed_in.pinned());
    match session.runtime.block_on(asked) {
        Ok(policy) => Some(policy),
        Err(why) => {
            let text = format!("whom the function protects is not known: {why}");
            console.warn(&text);
            None
        }
    }
}

/// Leaves out messages that the function cannot read, and messages in which it cuts no user. The person is told what a
/// replay of the others loses, and what the function will do with them.
fn worth_replaying(
    kind: Kind,
    progress: &Progress<'_>,
    policy: Option<&FunctionPolicy>,
    found: Vec<Found>,
) -> Vec<Found> {
    found
        .into_iter()
        .filter(|Found { letter, .. }| {
            if letter.unreadable.is_some() {
                tell_unreadable(kind, progress, letter);
                return false;
            }
            let foreseen = policy.map(|policy| foresee(policy, &letter.asked, letter.expects));
            for text in foreseen.iter().flat_map(|foreseen| &foreseen.notices) {
                progress.tell(&format_args!("{}: {text}", letter.name()));
            }
            if foreseen.is_some_and(|foreseen| foreseen.nobody_is_cut) {
                progress.tell(&format_args!(
                    "{} was not replayed, since nobody in it would be cut.\n  Next: drop it, or decide with whoever keeps the function's settings.",
                    letter.name()
                ));
                return false;
            }
            if !letter.loses.is_empty() {
                progress.tell(&format_args!(
                    "{}: a replay loses {}.",
                    letter.name(),
                    letter.loses.join("; ")
                ));
            }
            true
        })
        .collect()
}

fn tell_unreadable(kind: Kind, progress: &Progress<'_>, letter: &Letter) {
    let Some(problem) = &letter.unreadable else {
        return;
    };
    progress.tell(&format_args!(
        "{} was not replayed, since the function could not read it: {problem}\n  Next: `{} show --number {} --body > FILE`, correct the file, `evict send --alert FILE`, and drop the message.",
        letter.name(),
        kind.verb(),
        letter.sequence_number,
    ));
}

/// The exit code, or a failure if messages are left.
fn conclude(tally: &Tally, exit: Exit) -> Result<Exit, Failure> {
    if tally.was_stopped() {
        return Err(stopped());
    }
    if tally.left > 0 {
        return Err(Failure::new(
            tally.exit(),
            format!(
                "{} not dealt with, since {} failed before.\n  Next: mend what is told above, then run the command again.",
                match tally.left {
                    1 => "One message was".to_owned(),
                    left => format!("{left} messages were"),
                },
                tally.failed
            ),
        ));
    }
    Ok(match tally.exit() {
        Exit::Success => exit,
        failed => failed,
    })
}
