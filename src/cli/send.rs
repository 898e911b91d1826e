//! `evict send`: puts a message on the function's queue, for those who may ask but not cut.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::bus::{Connection, Failure};
use super::escape::Escaped;
use super::{Console, Exit};
use crate::alert;
use crate::domain::{Parsed, SubjectKind};
use crate::queue::{Outgoing, QueuePath};

/// Puts a message on the function's queue; the function cuts the users and publishes the receipts.
///
/// It signs in as whoever is signed in to the Azure CLI, who needs the role Azure Service Bus Data Sender on the queue.
///
/// Exit code 0 if the queue has the message, 2 if Service Bus did not take it or could not be reached, 65 if Evict could
/// not read the message (nothing was sent then), 66 if the file cannot be read, 77 if a sign-in or a role is missing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evict send alice@contoso.com --namespace contoso-evict --reason \"tokens on a paste site\""
)]
pub(super) struct Send {
    /// Who is to be cut: a user principal name, an object id, a SID or DOMAIN\name.
    #[arg(value_name = "USER", required_unless_present = "alert")]
    users: Vec<String>,
    /// Send this alert as it is, in place of users; `-` is the standard input.
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["users", "reason", "expect"])]
    alert: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
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
    /// Answer with one JSON document.
    #[arg(long)]
    json: bool,
}

/// The message that a person's words become; its contract stands in `alert::manual`.
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
pub(super) struct Sent<'a> {
    /// The host of the namespace.
    namespace: &'a str,
    /// The queue.
    queue: String,
    /// The message's id.
    message_id: &'a str,
    /// How the function will read it, a name of README's list of shapes.
    shape: &'static str,
    /// How many users it asks for.
    users: usize,
    /// When it may be delivered first, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Option<Timestamp>,
}

impl Send {
    /// Runs the verb.
    pub(super) fn run(&self, console: &mut Console<'_>) -> Exit {
        match self.send(console) {
            Ok(()) => Exit::Success,
            Err(failure) => failure.tell(console),
        }
    }

    fn send(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        let body = self.body(console.input)?;
        let (shape, users) = Self::look_at(&body)?;
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
        let session = self.connection.open()?;
        session
            .runtime
            .block_on(session.bus.send(&self.queue, &message))?;
        let sent = Sent {
            namespace: session.bus.namespace().host(),
            queue: self.queue.to_string(),
            message_id: &message.message_id,
            shape,
            users,
            at: self.at,
        };
        if self.json {
            serde_json::to_writer_pretty(&mut *console.output, &sent).map_err(io::Error::from)?;
            writeln!(console.output)?;
            return Ok(());
        }
        let asks = match users {
            1 => "asks for one user".to_owned(),
            users => format!("asks for {users} users"),
        };
        let Sent {
            namespace, queue, ..
        } = &sent;
        writeln!(
            console.output,
            "Sent to the queue {queue} of {namespace}; it {asks}."
        )?;
        writeln!(
            console.output,
            "   message     {}",
            Escaped(&message.message_id)
        )?;
        if let Some(at) = self.at {
            writeln!(console.output, "   not before  {at}")?;
        }
        writeln!(
            console.output,
            "   next        what becomes of them is in the receipts, under this message id"
        )?;
        Ok(())
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

    /// What the function will see in it: the shape, and how many users it asks for.
    fn look_at(body: &[u8]) -> Result<(&'static str, usize), Failure> {
        let refused = |reason: String| {
            Err(Failure::new(
                Exit::Data,
                format!("nothing was sent: {reason}"),
            ))
        };
        let parsed = alert::parse(body);
        let users = match &parsed {
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
            Parsed::Alert(alert) => alert
                .subjects
                .iter()
                .filter(|subject| subject.kind == SubjectKind::User)
                .count(),
        };
        Ok((parsed.header().shape.as_str(), users))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 90m, 4h or PT90M";
    let time: SignedDuration = text.parse().map_err(|_| EXPECTED)?;
    match Duration::try_from(time) {
        Ok(time) if time >= Duration::from_secs(1) => Ok(time),
        _ => Err(format!("{EXPECTED}, of one second at least")),
    }
}
