//! Watches the directory after a message was sent, until the cut shows: it reads users, and no queue.
//!
//! A cut shows when `signInSessionsValidFromDateTime` is at or after the sending, both in whole seconds and by Graph's
//! clock: the comparison that reads back a revocation.

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::unknown;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, exit_of};
use crate::cli::session::Session;
use crate::cli::session::look_up::look_up;
use crate::cli::session::service_bus::{Connection, connect};
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::progress::{Interrupt, Progress, run_interruptibly};
use crate::cli::terminal::table::{table, time, write_escaped, write_table, write_wrapped};
use crate::cli::terminal::{Console, Surroundings};
use crate::directory::Resolution;
use crate::domain::{Deadline, SubjectRef, User, UserId, WithholdReason};
use crate::graph::{CallError, Disposition, Moment, Tally};
use crate::service_bus::{Outgoing, QueuePath, ServiceBus};

/// The pause between two looks: the function needs seconds, and a replica may lag by as many.
const BETWEEN: Duration = Duration::from_secs(2);

const LOOK: Duration = Duration::from_secs(20);

/// What became of one subject. Its JSON is a contract; what is not known is left out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Watched {
    /// As it was written.
    subject: String,
    /// The object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    /// The user principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_principal_name: Option<String>,
    /// How it ended.
    state: State,
    /// Sessions that began before are dead; as it was last read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    sessions_valid_from: Option<Timestamp>,
    /// What is to be known, as sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The same before the message was sent.
    #[serde(skip)]
    before: Option<Timestamp>,
    #[serde(skip)]
    lacks_permission: bool,
}

/// How the waiting for one subject ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "WatchedState")]
enum State {
    /// The sessions were cut after the sending.
    Cut,
    /// That was not seen in the time given.
    NotSeen,
    /// Nobody in this tenant.
    NotFound,
    /// More than one user, or users who differ.
    Ambiguous,
    /// A user who signs in at another tenant.
    External,
    /// A user who is protected by the settings at hand.
    Protected,
    /// The message itself says that it is no user.
    NotAUser,
    /// Graph did not let it be seen.
    Unreadable,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::NotSeen => "not seen yet",
            Self::NotFound => "not found",
            Self::Ambiguous => "ambiguous",
            Self::External => "external",
            Self::Protected => "protected",
            Self::NotAUser => "no user",
            Self::Unreadable => "unreadable",
        }
    }
}

/// All that a watch needs: both sign-ins work, and every subject is looked up.
pub(super) struct Watch {
    runtime: Runtime,
    session: Session,
    bus: ServiceBus,
    watched: Vec<Watched>,
}

impl Watch {
    /// Signs in to Graph and to Service Bus, and looks up every subject. Nothing is sent.
    pub(super) fn begin(
        connection: &Connection,
        subjects: Vec<SubjectRef>,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let namespace = connection.namespace(surroundings)?;
        let (runtime, session) = connection.operator.begin(surroundings)?;
        let (bus, _) = runtime.block_on(connect(&namespace, &session.signed_in))?;
        let watched = runtime.block_on(look_up_all(&session, subjects))?;
        Ok(Self {
            runtime,
            session,
            bus,
            watched,
        })
    }

    pub(super) fn host(&self) -> &str {
        self.bus.namespace().host()
    }

    /// Sends, and watches until every cut shows, the time is over, or a Ctrl-C comes.
    pub(super) fn send_and_wait(
        self,
        queue: &QueuePath,
        message: &Outgoing,
        timeout: Duration,
        console: &mut Console<'_>,
    ) -> Result<Vec<Watched>, Failure> {
        let Self {
            runtime,
            session,
            bus,
            mut watched,
        } = self;
        let waited_for = count(&watched, State::NotSeen);
        let interrupt = Interrupt::default();
        let sent = Cell::new(false);
        let first = || {
            if sent.get() {
                "waiting no longer: the message stays sent, and the function works on it".to_owned()
            } else {
                "the message is on its way: waiting for the answer, and no longer".to_owned()
            }
        };
        let done = console.with_progress("Waiting for the cut", Some(waited_for), |progress, _| {
            for one in watched.iter().filter(|one| one.state != State::NotSeen) {
                progress.tell(&format_args!(
                    "not waiting for {}: {}. {}",
                    one.subject,
                    one.state.word(),
                    one.detail.as_deref().unwrap_or_default()
                ));
            }
            let work = async {
                let since = session.directory.moment();
                bus.send(queue, message).await?;
                sent.set(true);
                let end = Deadline::after(&*session.clock, timeout);
                wait(&session, &mut watched, since, end, &interrupt, progress).await;
                Ok::<(), Failure>(())
            };
            runtime.block_on(run_interruptibly(&interrupt, progress, first, work))
        });
        match done {
            Some(done) => done?,
            None if sent.get() => {
                return Err(Failure::new(
                    Exit::Interrupted,
                    format!(
                        "ended at once; the message {} stays sent, and the function works on it.\nNext: `evict status` says \
                         since when sessions are valid.",
                        message.message_id
                    ),
                ));
            }
            None => return Err(unknown()),
        }
        Ok(watched)
    }
}

/// Looks up every subject. A failure here would hide the cut too, so it is an error and nothing is sent.
async fn look_up_all(
    session: &Session,
    subjects: Vec<SubjectRef>,
) -> Result<Vec<Watched>, Failure> {
    let guard = session.guard();
    let mut watched = Vec::new();
    for (subject, seen) in look_up(session, subjects).await {
        let mut one = Watched {
            subject: subject.written(),
            id: None,
            user_principal_name: None,
            state: State::NotAUser,
            sessions_valid_from: None,
            before: None,
            detail: None,
            lacks_permission: false,
        };
        match seen {
            Some(Ok(Resolution::Found(user))) => {
                let withheld = guard.protection(&user, session.deadline()).await;
                one.recognise(&user);
                if user.home.is_some() {
                    one.set(
                        State::External,
                        "The user signs in at another tenant, where alone the sessions can be cut.",
                    );
                } else if let Some(withheld) = withheld
                    && matches!(
                        withheld.reason,
                        WithholdReason::ProtectedUser | WithholdReason::ProtectedGroup
                    )
                {
                    // A guard that could not be evaluated here is no reason: the function may evaluate it.
                    one.set(State::Protected, withheld.detail);
                }
            }
            Some(Ok(Resolution::NotFound)) => {
                one.set(State::NotFound, "This tenant has no such user.");
            }
            Some(Ok(Resolution::Ambiguous { candidates, detail })) => {
                let detail = format!("It fits {candidates} users, or users who differ. {detail}");
                one.set(State::Ambiguous, detail);
            }
            Some(Err(error)) => {
                return Err(Failure::new(
                    exit_of(&error),
                    format!(
                        "looking up {} before sending. Nothing was sent. {error}\nNext: repair that, or send without --wait.",
                        one.subject
                    ),
                ));
            }
            None => {}
        }
        watched.push(one);
    }
    Ok(watched)
}

impl Watched {
    fn set(&mut self, state: State, detail: impl Into<String>) {
        self.state = state;
        self.detail = Some(detail.into());
    }

    fn recognise(&mut self, user: &User) {
        self.id = Some(user.id);
        self.user_principal_name = Some(user.upn.as_str().to_owned());
        self.before = user.sessions_valid_from;
        self.sessions_valid_from = user.sessions_valid_from;
        self.state = State::NotSeen;
    }

    /// Updates the state by a look at the directory.
    fn take_in(&mut self, looked: Looked, since: Moment) {
        match looked {
            Ok(Some(user)) => {
                self.sessions_valid_from = user.sessions_valid_from;
                self.detail = None;
                if user
                    .sessions_valid_from
                    .is_some_and(|valid_from| since.shows(self.before, valid_from))
                {
                    self.state = State::Cut;
                }
            }
            Ok(None) => self.set(State::NotFound, "The account was deleted meanwhile."),
            // A passing failure is retried while there is time.
            Err(error) => {
                self.detail = Some(error.to_string());
                match error.disposition() {
                    Disposition::RetryLater { .. } => {}
                    Disposition::FixPermission => {
                        self.lacks_permission = true;
                        self.state = State::Unreadable;
                    }
                    Disposition::FixAlert | Disposition::GiveUp => self.state = State::Unreadable,
                }
            }
        }
    }

    fn name(&self) -> &str {
        self.user_principal_name.as_deref().unwrap_or(&self.subject)
    }
}

type Looked = Result<Option<User>, CallError>;

/// Looks until every cut shows, the time is over, or a Ctrl-C comes.
async fn wait(
    session: &Session,
    watched: &mut [Watched],
    since: Moment,
    end: Deadline,
    interrupt: &Interrupt,
    progress: &Progress<'_>,
) {
    let mut ended = 0;
    loop {
        let pending: Vec<(usize, UserId)> = watched
            .iter()
            .enumerate()
            .filter(|(_, one)| one.state == State::NotSeen)
            .filter_map(|(index, one)| Some((index, one.id?)))
            .collect();
        for part in pending.chunks(session.settings.concurrency.max(1)) {
            let looks = join_all(part.iter().map(|(_, id)| look(session, *id)));
            let looked = tokio::select! {
                looked = looks => looked,
                () = interrupt.asked() => return,
            };
            for ((index, _), looked) in part.iter().zip(looked) {
                let Some(one) = watched.get_mut(*index) else {
                    continue;
                };
                one.take_in(looked, since);
                if one.state != State::NotSeen {
                    ended += 1;
                    progress.set(ended);
                }
            }
        }
        let left = end.remaining(&*session.clock);
        let all = watched.iter().all(|one| one.state != State::NotSeen);
        if all || left.is_zero() {
            return;
        }
        // The last look is at the end of the time, unless Graph throttles beyond it.
        let throttled_for = session.directory.waiting().unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(BETWEEN.max(throttled_for).min(left)) => {}
            () = interrupt.asked() => return,
        }
    }
}

async fn look(session: &Session, id: UserId) -> Looked {
    let deadline = Deadline::after(&*session.clock, LOOK);
    session.directory.user(id, &Tally::new(), deadline).await
}

pub(super) fn write(
    output: &mut dyn Write,
    watched: &[Watched],
    namespace: &str,
    width: u16,
) -> io::Result<()> {
    writeln!(output)?;
    let mut table = table(width);
    table.set_header(["USER", "STATE", "SESSIONS VALID FROM"]);
    for one in watched {
        table.add_row([
            Escaped(one.name()).to_string(),
            one.state.word().to_owned(),
            one.sessions_valid_from.map_or_else(|| "-".to_owned(), time),
        ]);
    }
    write_table(output, &table)?;
    for one in watched {
        if let Some(detail) = &one.detail {
            let text = format!("{}: {detail}", one.name());
            writeln!(output)?;
            write_escaped(output, "", &text, width)?;
        }
    }
    let seen = count(watched, State::Cut);
    writeln!(
        output,
        "\n{seen} of {} cut since the sending.",
        watched.len()
    )?;
    if count(watched, State::NotSeen) + count(watched, State::Unreadable) > 0 {
        let text = format!(
            "Next: the message stays sent, and the function may still do it: `evict status` says since when sessions are valid. \
             If it stays so, `evict rejected list --namespace {namespace}` and `evict dead-letters list --namespace \
             {namespace}` say whether the message was given up, and why."
        );
        write_wrapped(output, "", &text, width)?;
    }
    Ok(())
}

fn count(watched: &[Watched], state: State) -> usize {
    watched.iter().filter(|one| one.state == state).count()
}

pub(super) fn exit(watched: &[Watched]) -> Exit {
    if watched.iter().any(|one| one.lacks_permission) {
        Exit::NoPermission
    } else if watched.iter().all(|one| one.state == State::Cut) {
        Exit::Success
    } else {
        Exit::Partly
    }
}
