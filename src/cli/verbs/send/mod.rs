//! `evict send`: puts a message on the function's queue, for people who may ask for a cut but not make one.

mod watch;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use self::watch::{Watch, Watched};
use crate::alert;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::function::{Function, foresee};
use crate::cli::session::runtime;
use crate::cli::session::service_bus::Connection;
use crate::cli::session::subjects::count_users;
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::{Escaped, write_json};
use crate::cli::terminal::progress::{Interrupt, run_interruptibly};
use crate::domain::{Parsed, SubjectRef};
use crate::service_bus::{Outgoing, QueuePath};

/// Puts a message on the function's queue; the function cuts the users and publishes the receipts.
///
/// It signs in as whoever is signed in (the Azure CLI, a managed identity, a workload identity), who needs the role Azure
/// Service Bus Data Sender on the queue, and with --wait the Graph permission User.Read.All.
///
/// Exit code 0 if the queue has the message, and with --wait if the sessions of all users are seen to be cut; 1 if some are
/// not, or if the function would cut nobody (nothing was sent then); 2 if nobody is signed in, or Service Bus or Graph refused or
/// could not be reached; 64 for a wrong command line or setting; 65 if Evict could not read the message, or it names nobody
/// (nothing was sent then); 66 if the file cannot be read; 74 if the standard input cannot be read or the answer not be written; 77
/// if a role or a permission is missing; 130 after a second Ctrl-C.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict send alice@contoso.com --namespace contoso-evict --reason \"tokens on a paste site\"\n  \
                  evict send alice@contoso.com --namespace contoso-evict --wait --timeout 5m"
)]
pub(crate) struct Send {
    /// Who is to be cut: a user principal name, an object id, a SID or DOMAIN\name.
    #[arg(value_name = "USER", required_unless_present = "alert")]
    users: Vec<String>,
    /// Send this alert as it is, in place of users; `-` is the standard input.
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["users", "reason", "expect"])]
    alert: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    function: Function,
    /// The queue.
    #[arg(long, value_name = "NAME", default_value = "evict")]
    queue: QueuePath,
    /// Why, for the receipts.
    #[arg(long)]
    reason: Option<String>,
    /// How many different users you mean. It lifts the cap per alert for this message.
    #[arg(long, value_name = "N")]
    expect: Option<usize>,
    /// The message's id; a new one if left out.
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// An id that the receipts repeat.
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// What the body is.
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    content_type: String,
    /// How long the message is worth anything, such as 90m or 4h; as long as the queue says if left out.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time_to_live: Option<Duration>,
    /// When it may be delivered first, such as 2026-11-25T06:00:00Z; at once if left out.
    #[arg(long, value_name = "WHEN")]
    at: Option<Timestamp>,
    /// Watch the directory until the users' sessions are cut; takes no message away from anyone.
    #[arg(long, conflicts_with = "at")]
    wait: bool,
    /// How long to watch at most.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m", requires = "wait")]
    timeout: Duration,
    /// Answer with one JSON document.
    #[arg(long)]
    json: bool,
}

/// The manual message; its contract stands in `alert::manual`.
#[derive(Serialize)]
struct Asked<'a> {
    users: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<usize>,
}

/// A message that the queue has taken.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Sent")]
pub(crate) struct Sent<'a> {
    /// The host of the namespace.
    namespace: &'a str,
    /// The queue.
    queue: String,
    /// The message's id.
    message_id: &'a str,
    /// How the function will read it, a name of the list in `function/README.md`.
    shape: &'static str,
    /// How many users it asks for.
    users: usize,
    /// When it may be delivered first, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Option<Timestamp>,
    /// What became of the users by the end of the waiting, each once.
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<&'a [Watched]>,
}

impl Send {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let body = self.body(console.input)?;
        let (shape, subjects) = Self::look_at(&body)?;
        let message = Outgoing {
            body,
            message_id: self
                .message_id
                .clone()
                .unwrap_or_else(|| Uuid::new_v4().to_string()),
            correlation_id: self.correlation_id.clone(),
            content_type: Some(self.content_type.clone()),
            time_to_live: self.time_to_live,
            at: self.at,
            ..Outgoing::default()
        };
        let users = count_users(&subjects);
        self.foresee(&subjects, console)?;
        let (host, watched) = if self.wait {
            let watch = Watch::begin(&self.connection, subjects, &console.surroundings)?;
            let host = watch.host().to_owned();
            let watched = watch.send_and_wait(&self.queue, &message, self.timeout, console)?;
            (host, Some(watched))
        } else {
            (self.send_alone(&message, console)?, None)
        };
        let sent = Sent {
            namespace: &host,
            queue: self.queue.to_string(),
            message_id: &message.message_id,
            shape,
            users,
            at: self.at,
            watched: watched.as_deref(),
        };
        if self.json {
            write_json(console.output, &sent)?;
        } else {
            sent.write(console.output, console.surroundings.width)?;
        }
        Ok(watched.as_deref().map_or(Exit::Success, watch::exit))
    }

    /// Says what the function will do with the message, if the function is known. The function decides all the same: one
    /// that does not answer prevents no message.
    fn foresee(&self, subjects: &[SubjectRef], console: &mut Console<'_>) -> Result<(), Failure> {
        let Some(target) = self.function.target(&console.surroundings)? else {
            return Ok(());
        };
        let signed_in = self
            .connection
            .operator
            .without_graph(&console.surroundings)?;
        let runtime = runtime()?;
        let notices = match runtime.block_on(target.policy(&signed_in, signed_in.pinned())) {
            Err(why) => vec![format!("whom the function protects is not known: {why}")],
            Ok(policy) => {
                let foreseen = foresee(&policy, subjects, self.expect.is_some());
                if foreseen.nobody_is_cut {
                    return Err(Failure::new(
                        Exit::Partly,
                        format!(
                            "nothing was sent: {}\nNext: decide with whoever keeps the function's settings; `evict revoke \
                             --override-guard` cuts all the same.",
                            foreseen.notices.join("\n")
                        ),
                    ));
                }
                foreseen.notices
            }
        };
        for text in notices {
            console.warn(&text);
        }
        Ok(())
    }

    /// Sends, and returns the namespace's host.
    fn send_alone(&self, message: &Outgoing, console: &mut Console<'_>) -> Result<String, Failure> {
        let session = self.connection.open(console)?;
        let interrupt = Interrupt::default();
        let first = || "the message is on its way: waiting for the answer".to_owned();
        let sent = console.with_progress("Sending", None, |progress, _| {
            let sending = session.bus.send(&self.queue, message);
            let sent = run_interruptibly(&interrupt, progress, first, sending);
            session.runtime.block_on(sent)
        });
        match sent {
            Some(sent) => sent?,
            None => return Err(unknown()),
        }
        Ok(session.bus.namespace().host().to_owned())
    }

    fn body(&self, input: &mut dyn Read) -> Result<Vec<u8>, Failure> {
        let Some(path) = &self.alert else {
            let asked = Asked {
                users: &self.users,
                reason: self.reason.as_deref(),
                expect: self.expect,
            };
            return Ok(serde_json::to_vec(&asked).map_err(io::Error::from)?);
        };
        let mut body = Vec::new();
        if path.as_os_str() == "-" {
            input.read_to_end(&mut body).map_err(|error| {
                Failure::new(Exit::Io, format!("reading the standard input: {error}"))
            })?;
        } else {
            File::open(path)
                .and_then(|mut file| file.read_to_end(&mut body))
                .map_err(|error| {
                    Failure::new(Exit::NoInput, format!("{}: {error}", path.display()))
                })?;
        }
        Ok(body)
    }

    /// What the function will see in the message: its shape and its subjects.
    fn look_at(body: &[u8]) -> Result<(&'static str, Vec<SubjectRef>), Failure> {
        let refused = |reason: String| {
            Err(Failure::new(
                Exit::Data,
                format!("nothing was sent: {reason}"),
            ))
        };
        let parsed = alert::parse(body);
        let subjects = match &parsed {
            Parsed::Malformed(malformed) => {
                return refused(format!(
                    "the function could not read it: at {}: {}\n  Next: correct it; `evict explain` shows how a payload is read.",
                    malformed.path, malformed.expected
                ));
            }
            Parsed::NothingToDo(nothing) => {
                return refused(format!(
                    "the function would find nothing to do in it ({})\n  Next: `evict explain` shows how a payload is read.",
                    nothing.reason.as_str()
                ));
            }
            Parsed::Alert(_) => parsed.accounts(),
        };
        Ok((parsed.header().shape.as_str(), subjects))
    }
}

impl Sent<'_> {
    fn write(&self, output: &mut dyn Write, width: u16) -> io::Result<()> {
        let asks = match self.users {
            1 => "asks for one user".to_owned(),
            users => format!("asks for {users} users"),
        };
        let Self {
            namespace, queue, ..
        } = self;
        writeln!(
            output,
            "Sent to the queue {queue} of {namespace}; it {asks}."
        )?;
        writeln!(output, "   message     {}", Escaped(self.message_id))?;
        if let Some(at) = self.at {
            writeln!(output, "   not before  {at}")?;
        }
        match self.watched {
            Some(watched) => watch::write(output, watched, namespace, width),
            None => writeln!(
                output,
                "   next        what becomes of them is in the receipts, under this message id"
            ),
        }
    }
}

fn unknown() -> Failure {
    Failure::new(
        Exit::Interrupted,
        "ended at once: whether the message arrived is not known.\nNext: send it again if in doubt; a second one at worst cuts \
         the same users twice.",
    )
}

fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 90m, 4h or PT90M";
    let time: SignedDuration = text.parse().map_err(|_| EXPECTED)?;
    match Duration::try_from(time) {
        Ok(time) if time >= Duration::from_secs(1) => Ok(time),
        _ => Err(format!("{EXPECTED}, of one second at least")),
    }
}
