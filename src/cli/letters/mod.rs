//! `evict dead-letters` and `evict rejected`: what was given up, and what becomes of it.
//!
//! Reading loses nothing: every message is locked, looked at and given back, and one whose command died comes back when
//! its lock ends. Giving back counts as a delivery, and a queue gives a message up after so many of them, into its own
//! dead letters; so `rejected` reads those too. From dead letters nothing is given up further.

mod replay;
mod view;
mod walk;
mod which;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use self::replay::replay;
use self::view::Letter;
use self::walk::{Seen, Step, walk};
use self::which::{Which, is_meant, not_there};
use super::bus::{Connection, Failure};
use super::escape::{Escaped, write_json};
use super::progress::Progress;
use super::{Console, Exit};
use crate::queue::{Locked, QueuePath};

pub(super) const EXAMPLES_OF_DEAD_LETTERS: &str = "Examples:\n  \
    evict dead-letters list --namespace contoso-evict\n  \
    evict dead-letters show INC-4711 --namespace contoso-evict\n  \
    evict dead-letters replay INC-4711 --namespace contoso-evict\n  \
    evict dead-letters drop INC-4712 --yes --namespace contoso-evict";

pub(super) const EXAMPLES_OF_REJECTED: &str = "Examples:\n  \
    evict rejected list --json --namespace contoso-evict\n  \
    evict rejected show INC-4713 --body --namespace contoso-evict > correct-me.json\n  \
    evict rejected replay --all --namespace contoso-evict";

/// What is in the dead letters of the function's queue, or in the queue of what the function rejected.
///
/// It signs in as whoever is signed in (the Azure CLI, a managed identity, a workload identity), who needs the role Azure
/// Service Bus Data Receiver on the queue that is read, and Azure Service Bus Data Sender on the queue that `replay` sends to.
///
/// Exit code 0 if all was done, 1 if a message was not there or was not replayed or Ctrl-C stopped it, 2 if nobody is signed in
/// or Service Bus refused or could not be reached, 77 if a role is missing, 130 after a second Ctrl-C.
#[derive(Debug, Args)]
pub(super) struct Letters {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Names every message, and why it lies there. Nothing is taken away.
    List(List),
    /// Shows a message with its body. Nothing is taken away.
    Show(Show),
    /// Sends a copy to the function's queue with the reason kept, and then ends the original.
    Replay(Replay),
    /// Ends messages for good.
    Drop(Discard),
}

#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    connection: Connection,
    /// The function's queue; what it rejects is in the queue of that name with `-rejected` behind it.
    #[arg(long, value_name = "NAME", default_value = "evict")]
    queue: QueuePath,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Answer with one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    place: Place,
    /// Its message id or its sequence number.
    id: String,
    /// The body alone, byte for byte, for a file: what was received, if it could not be read.
    #[arg(long)]
    body: bool,
}

#[derive(Debug, Args)]
struct Replay {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Discard {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    which: Which,
    /// Yes, for good.
    #[arg(long)]
    yes: bool,
}

/// Which of the two verbs it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    DeadLetters,
    Rejected,
}

impl Kind {
    fn verb(self) -> &'static str {
        match self {
            Self::DeadLetters => "evict dead-letters",
            Self::Rejected => "evict rejected",
        }
    }

    fn sources(self, queue: &QueuePath) -> Result<Vec<QueuePath>, Failure> {
        match self {
            Self::DeadLetters => Ok(vec![queue.dead_letters()]),
            Self::Rejected => {
                let rejected: QueuePath = format!("{queue}-rejected")
                    .parse()
                    .map_err(|reason: &str| Failure::new(Exit::Usage, reason))?;
                Ok(vec![rejected.clone(), rejected.dead_letters()])
            }
        }
    }
}

/// What lies in the queues that were looked at.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Letters")]
pub(super) struct Listed<'a> {
    /// The host of the namespace.
    namespace: &'a str,
    /// What lies there.
    messages: &'a [Letter],
    /// Whether nothing else is there.
    complete: bool,
}

impl Letters {
    /// Runs the verb.
    pub(super) fn run(&self, kind: Kind, console: &mut Console<'_>) -> Exit {
        let done = match &self.action {
            Action::List(list) => list.run(kind, console),
            Action::Show(show) => show.run(kind, console),
            Action::Replay(replay) => replay.run(kind, console),
            Action::Drop(discard) => discard.run(kind, console),
        };
        done.unwrap_or_else(|failure| failure.tell(console))
    }
}

impl List {
    fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let sources = kind.sources(&self.place.queue)?;
        let session = self.place.connection.open(console)?;
        let progress = Progress::begin(
            console.errors,
            &console.surroundings,
            "Reading messages",
            None,
        );
        let mut letters = Vec::new();
        let visit = async |locked: &Locked| {
            letters.push(Letter::of(locked));
            Ok(Step::GiveBack)
        };
        let walked = walk(&session.bus, &sources, &progress, visit);
        let seen = session.runtime.block_on(walked)?;
        drop(progress);
        if self.json {
            let listed = Listed {
                namespace: session.bus.namespace().host(),
                messages: &letters,
                complete: seen == Seen::All,
            };
            write_json(console.output, &listed)?;
            return Ok(seen.exit());
        }
        let places: Vec<String> = sources.iter().map(ToString::to_string).collect();
        let places = places.join(" and ");
        match letters.len() {
            count if seen == Seen::Stopped => writeln!(
                console.output,
                "{count} messages were looked at in {places}, and then it was stopped."
            )?,
            0 => writeln!(console.output, "Nothing is in {places}.")?,
            1 => writeln!(console.output, "One message is in {places}.")?,
            count => writeln!(console.output, "{count} messages are in {places}.")?,
        }
        for (number, letter) in (1..).zip(&letters) {
            writeln!(
                console.output,
                "\n{number}. {}",
                Escaped(&letter.message_id)
            )?;
            letter.write_facts(console.output)?;
        }
        match seen {
            Seen::All => {}
            Seen::NotAll => writeln!(
                console.errors,
                "evict: there is more than could be read while the first lock held; deal with these first"
            )?,
            Seen::Stopped => {
                writeln!(console.errors, "evict: stopped; there may be more.")?;
            }
        }
        Ok(seen.exit())
    }
}

impl Show {
    fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let sources = kind.sources(&self.place.queue)?;
        let session = self.place.connection.open(console)?;
        let progress = Progress::begin(
            console.errors,
            &console.surroundings,
            "Looking for the message",
            None,
        );
        let mut found = None;
        let visit = async |locked: &Locked| {
            if !is_meant(locked, &self.id) {
                return Ok(Step::GiveBack);
            }
            found = Some((Letter::of(locked), locked.message().body.clone()));
            Ok(Step::Enough)
        };
        let walked = walk(&session.bus, &sources, &progress, visit);
        let seen = session.runtime.block_on(walked)?;
        drop(progress);
        let Some((letter, body)) = found else {
            if seen == Seen::Stopped {
                return Ok(stopped().tell(console));
            }
            return Ok(not_there(kind, &self.id).tell(console));
        };
        if self.body {
            console.output.write_all(&letter.received.unwrap_or(body))?;
            return Ok(Exit::Success);
        }
        writeln!(console.output, "{}", Escaped(&letter.message_id))?;
        letter.write_facts(console.output)?;
        writeln!(console.output)?;
        for line in String::from_utf8_lossy(&body).lines() {
            writeln!(console.output, "{}", Escaped(line))?;
        }
        Ok(Exit::Success)
    }
}

impl Replay {
    fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let sources = kind.sources(&self.place.queue)?;
        let session = self.place.connection.open(console)?;
        let progress = Progress::begin(
            console.errors,
            &console.surroundings,
            "Replaying messages",
            None,
        );
        let mut missing = self.which.ids.clone();
        let mut exit = Exit::Success;
        let visit = async |locked: &Locked| {
            let Some(step) = self.which.take(&mut missing, locked) else {
                return Ok(Step::GiveBack);
            };
            let letter = Letter::of(locked);
            let id = Escaped(&letter.message_id).to_string();
            if let Some(problem) = &letter.unreadable {
                exit = Exit::Partly;
                progress.tell(&format_args!(
                    "{id} was not replayed, since the function could not read it: {problem}\n  Next: `{} show {} --body > FILE`, correct the file, `evict send --alert FILE`, and drop the message.",
                    kind.verb(),
                    letter.sequence_number,
                ));
                return Ok(step);
            }
            let copy = replay(&session.bus, &self.place.queue, locked, &letter).await?;
            progress.aside(|| {
                writeln!(
                    console.output,
                    "Replayed {id}: it is on the queue {} as {copy}, and no longer in {}.",
                    self.place.queue, letter.queue
                )
            })?;
            Ok(step.gone())
        };
        let walked = walk(&session.bus, &sources, &progress, visit);
        let seen = session.runtime.block_on(walked)?;
        drop(progress);
        if seen == Seen::Stopped {
            return Ok(stopped().tell(console));
        }
        for id in &missing {
            exit = not_there(kind, id).tell(console);
        }
        Ok(exit)
    }
}

impl Discard {
    fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        if !self.yes {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "nothing was dropped: a message that is dropped is gone for good, and nobody in it is cut\n  Next: look at it with `{} show`, then repeat this command with --yes.",
                    kind.verb()
                ),
            ));
        }
        let sources = kind.sources(&self.place.queue)?;
        let session = self.place.connection.open(console)?;
        let progress = Progress::begin(
            console.errors,
            &console.surroundings,
            "Dropping messages",
            None,
        );
        let mut missing = self.which.ids.clone();
        let visit = async |locked: &Locked| {
            let Some(step) = self.which.take(&mut missing, locked) else {
                return Ok(Step::GiveBack);
            };
            session.bus.complete(locked).await?;
            progress.aside(|| {
                writeln!(
                    console.output,
                    "Dropped {} from {}.",
                    Escaped(&locked.message().message_id),
                    locked.queue()
                )
            })?;
            Ok(step.gone())
        };
        let walked = walk(&session.bus, &sources, &progress, visit);
        let seen = session.runtime.block_on(walked)?;
        drop(progress);
        if seen == Seen::Stopped {
            return Ok(stopped().tell(console));
        }
        let mut exit = Exit::Success;
        for id in &missing {
            exit = not_there(kind, id).tell(console);
        }
        Ok(exit)
    }
}

fn stopped() -> Failure {
    Failure::new(
        Exit::Partly,
        "stopped; what was not dealt with is where it was.",
    )
}
