//! `evict dead-letters` and `evict rejected`: messages that were given up, and what to do with them.
//!
//! Reading loses nothing: each message is locked, looked at and abandoned, and the lock of a command that died expires. An
//! abandoned message counts as delivered once more, and a queue moves a message to its dead letters after so many
//! deliveries; so `rejected` reads those too. Dead letters stay where they are.
//!
//! All messages are locked before the first one is acted on. So a name that fits several messages is noticed, and a person
//! learns what a replay loses, while nothing has happened yet.

mod act;
mod deal;
mod replay;
mod view;
mod walk;
mod which;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use self::deal::{Discard, Replay};
use self::view::Letter;
use self::walk::OpenQueues;
use self::which::{One, not_there};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::service_bus::Connection;
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::{Escaped, write_json};
use crate::service_bus::QueuePath;

pub(crate) const DEAD_LETTERS: &str = "What Service Bus gave up on: the dead letters of the function's queue; list, show, replay, drop";
pub(crate) const REJECTED: &str = "What the function could not read or finish: the queue `evict-rejected`; list, show, replay, drop";

pub(crate) const EXAMPLES_OF_DEAD_LETTERS: &str = "Examples:\n  \
    evict dead-letters list --namespace contoso-evict\n  \
    evict dead-letters show INC-4711 --namespace contoso-evict\n  \
    evict dead-letters replay INC-4711 --namespace contoso-evict\n  \
    evict dead-letters drop INC-4712 --yes --namespace contoso-evict";

pub(crate) const EXAMPLES_OF_REJECTED: &str = "Examples:\n  \
    evict rejected list --json --namespace contoso-evict\n  \
    evict rejected show INC-4713 --body --namespace contoso-evict > correct-me.json\n  \
    evict rejected replay --all --yes --namespace contoso-evict";

/// Messages that were given up: by Service Bus (`dead-letters`), or because the function could not read or finish them (`rejected`).
///
/// It signs in as whoever is signed in (the Azure CLI, a managed identity, a workload identity), who needs the role Azure
/// Service Bus Data Receiver on the queue that is read, and Azure Service Bus Data Sender on the queue that `replay` sends to.
///
/// Exit code 0 if all was done; 1 if a message was not there or was not replayed, if there is more than could be looked at, if it
/// was not confirmed, or if Ctrl-C stopped it; 2 if nobody is signed in or Service Bus refused or could not be reached; 64 for a
/// wrong command line, a missing --yes, or a name that fits several messages; 65 if a message is too large; 74 if the answer cannot
/// be written; 77 if a role is missing; 130 after a second Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct Letters {
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
    /// How often the queue of what was rejected hands a message out before it gives it up, as the template sets it.
    #[arg(long, value_name = "N", default_value = "2000")]
    max_deliveries: u32,
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
    #[command(flatten)]
    which: One,
    /// The body alone, byte for byte, for a file or another command: what was received, if it could not be read. It is not written
    /// to a terminal, which would obey it.
    #[arg(long)]
    body: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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
pub(crate) struct Listed<'a> {
    /// The host of the namespace.
    namespace: &'a str,
    /// What lies there.
    messages: &'a [Letter],
    /// Whether nothing else is there.
    complete: bool,
}

impl Letters {
    pub(crate) fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        match &self.action {
            Action::List(list) => list.run(kind, console),
            Action::Show(show) => show.run(kind, console),
            Action::Replay(replay) => replay.run(kind, console),
            Action::Drop(discard) => discard.run(kind, console),
        }
    }
}

impl List {
    fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let queues = self.place.open(kind, console)?;
        let gathered = queues.walk("Reading messages", console, async |walk, _| {
            walk.gather(|_| false).await
        })?;
        let (exit, is_complete, not_seen) =
            (gathered.exit(), gathered.is_complete(), gathered.not_seen());
        let letters: Vec<Letter> = gathered
            .found
            .into_iter()
            .map(|found| self.place.describe(kind, found.letter))
            .collect();
        if self.json {
            let listed = Listed {
                namespace: queues.session.bus.namespace().host(),
                messages: &letters,
                complete: is_complete,
            };
            write_json(console.output, &listed)?;
        } else {
            let places: Vec<String> = queues.sources.iter().map(ToString::to_string).collect();
            let places = places.join(" and ");
            match letters.len() {
                count if !is_complete => {
                    let messages = walk::messages(count);
                    writeln!(console.output, "{messages} of those in {places}:")?;
                }
                0 => writeln!(console.output, "Nothing is in {places}.")?,
                1 => writeln!(console.output, "One message is in {places}.")?,
                count => writeln!(console.output, "{count} messages are in {places}.")?,
            }
            for (number, letter) in (1..).zip(&letters) {
                writeln!(console.output, "\n{number}. {}", letter.name())?;
                letter.write_facts(console.output)?;
            }
        }
        if let Some(not_seen) = not_seen {
            return Err(Failure::new(exit, not_seen));
        }
        Ok(exit)
    }
}

impl Place {
    /// Signs in to the queues of this kind. Nothing is read yet.
    fn open(&self, kind: Kind, console: &mut Console<'_>) -> Result<OpenQueues, Failure> {
        let sources = kind.sources(&self.queue)?;
        let session = self.connection.open(console)?;
        Ok(OpenQueues { session, sources })
    }

    /// The letter, with the looks that are left in a queue that counts deliveries.
    fn describe(&self, kind: Kind, letter: Letter) -> Letter {
        match kind {
            Kind::DeadLetters => letter,
            Kind::Rejected => letter.given_up_after(self.max_deliveries),
        }
    }
}

impl Show {
    fn run(&self, kind: Kind, console: &mut Console<'_>) -> Result<Exit, Failure> {
        if self.body && console.surroundings.shows_output {
            return Err(Failure::new(
                Exit::Usage,
                "the body was not shown: it may hold what a terminal obeys\n  Next: write it to a file with `> FILE`, or leave out \
                 --body, which shows it with such characters escaped.",
            ));
        }
        let queues = self.place.open(kind, console)?;
        let gathered = queues.walk("Looking for the message", console, async |walk, _| {
            walk.gather(|letter| self.which.may_mean(letter)).await
        })?;
        let (looked_at, is_complete) = (gathered.found.len(), gathered.is_complete());
        let not_seen = gathered.not_seen();
        let chosen = self.which.choose(kind, gathered.found)?;
        if let Some(name) = chosen.missing.first() {
            if let Some(not_seen) = not_seen {
                console.warn(&not_seen);
            }
            return Err(not_there(kind, name, looked_at, is_complete));
        }
        for found in chosen.found {
            let body = found
                .message
                .map(|message| message.body)
                .unwrap_or_default();
            let letter = self.place.describe(kind, found.letter);
            if self.body {
                console.output.write_all(&letter.received.unwrap_or(body))?;
                continue;
            }
            writeln!(console.output, "{}", letter.name())?;
            letter.write_facts(console.output)?;
            writeln!(console.output)?;
            for line in String::from_utf8_lossy(&body).lines() {
                writeln!(console.output, "{}", Escaped(line))?;
            }
        }
        Ok(Exit::Success)
    }
}

fn stopped() -> Failure {
    Failure::new(
        Exit::Partly,
        "stopped; what was not dealt with is where it was.",
    )
}
