//! `evict status`: a user's sessions and account in the directory, whether the guard lets them be cut, and the reports of
//! the user's sign-ins (`reported`, in words `text`). It changes nothing.

mod reported;
mod text;

use std::collections::HashSet;
use std::io::{self, Write};

use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use reported::Reported;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::look_up::{Seen, look_up, single_user};
use crate::cli::session::per_user::{Account, Entry, PerUser};
use crate::cli::session::subjects::Users;
use crate::cli::session::{Operator, Session};
use crate::cli::terminal::Console;
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::table::{time, write_wrapped};
use crate::containment::Containment;
use crate::directory::Resolution;
use crate::domain::{HomeTenant, SubjectRef, User, UserId, UserPrincipalName};
use crate::guard::Withheld;

/// Says since when a user's sessions are valid, who signed in since, and what else decides about a cut; changes nothing.
///
/// Risk, last sign-ins and the sign-in log need permissions and licences of their own; without them they are left out, and it
/// is said what they need.
///
/// Exit code 0 if all users are found, 1 if some are not or are ambiguous, 2 if the work could not be done, 64 for a wrong
/// command line or setting, 65 if a user cannot be understood, 66 and 74 if the list cannot be read, 77 if a permission is missing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict status alice@contoso.com\n  evict status --json --file users.txt"
)]
pub(crate) struct Status {
    #[command(flatten)]
    users: Users,
    /// Answer with one JSON document: {"users": [...]}.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: Operator,
}

pub(crate) type Document = PerUser<AccountStatus>;

/// How it stands with a user who was found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Status")]
pub(crate) struct AccountStatus {
    /// The object id.
    id: UserId,
    /// The user principal name.
    user_principal_name: UserPrincipalName,
    /// Whether the user may sign in.
    #[serde(rename = "accountEnabled", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// Whether the account is kept on premises and synchronised.
    on_premises_synced: bool,
    /// Whether the user signs in at another tenant, where alone the sessions can be cut.
    external: bool,
    /// Where an external user signs in, if something tells it. A hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    home_domain: Option<String>,
    /// Sessions that began before are dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    sessions_valid_from: Option<Timestamp>,
    /// Whether the guard would let the sessions be cut.
    protection: Protection,
    #[serde(flatten)]
    reported: Reported,
}

/// What the guard says, by the settings at hand.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Protection {
    /// Whether a cut would be withheld.
    withheld: bool,
    /// The word for why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The setting that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'static str>,
    /// Sentences for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl Protection {
    fn of(withheld: Option<Withheld>) -> Self {
        let is_withheld = withheld.is_some();
        let (reason, policy, detail) = withheld.map_or((None, None, None), |withheld| {
            let reason = withheld.reason.as_str();
            (Some(reason), Some(withheld.policy), Some(withheld.detail))
        });
        Self {
            withheld: is_withheld,
            reason,
            policy,
            detail,
        }
    }
}

impl Status {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let subjects = self.users.read(console.input)?;
        let (runtime, session) = self.operator.begin(&console.surroundings)?;
        let document = runtime.block_on(document(&session, subjects));
        document.answer(self.json, console)
    }
}

async fn document(session: &Session, subjects: Vec<SubjectRef>) -> Document {
    let people = look_up(session, subjects).await;
    let mut found: Vec<_> = people
        .iter()
        .filter_map(|(_, seen)| valid_from(seen.as_ref()))
        .collect();
    // Two names may mean one user.
    let mut met = HashSet::new();
    found.retain(|(id, _)| met.insert(*id));
    let (mut users, reported) =
        tokio::join!(entries(session, people), reported::gather(session, &found));
    for account in users.iter_mut().filter_map(|entry| entry.account.as_mut()) {
        account.reported = reported.get(&account.id).cloned().unwrap_or_default();
    }
    Document { users }
}

fn valid_from(seen: Option<&Seen>) -> Option<(UserId, Option<Timestamp>)> {
    match seen {
        Some(Ok(Resolution::Found(user))) => Some((user.id, user.sessions_valid_from)),
        Some(Ok(Resolution::NotFound | Resolution::Ambiguous { .. }) | Err(_)) | None => None,
    }
}

async fn entries(
    session: &Session,
    people: Vec<(SubjectRef, Option<Seen>)>,
) -> Vec<Entry<AccountStatus>> {
    let guard = session.guard();
    let mut users = Vec::new();
    for (subject, seen) in people {
        users.push(entry(session, &guard, &subject, seen).await);
    }
    users
}

async fn entry(
    session: &Session,
    guard: &Containment,
    subject: &SubjectRef,
    seen: Option<Seen>,
) -> Entry<AccountStatus> {
    match single_user(seen) {
        Ok(user) => {
            let withheld = guard.protection(&user, session.deadline()).await;
            let account = AccountStatus::of(user, Protection::of(withheld));
            Entry::found(subject, account, Exit::Success)
        }
        Err(unfound) => Entry::unfound(subject, unfound),
    }
}

impl AccountStatus {
    fn of(user: User, protection: Protection) -> Self {
        let external = user.home.is_some();
        let home_domain = match user.home {
            Some(HomeTenant::Domain(domain)) => Some(domain),
            Some(HomeTenant::Unknown) | None => None,
        };
        Self {
            id: user.id,
            user_principal_name: user.upn,
            enabled: user.account_enabled,
            on_premises_synced: user.on_premises_synced,
            external,
            home_domain,
            sessions_valid_from: user.sessions_valid_from,
            protection,
            reported: Reported::default(),
        }
    }
}

impl Account for AccountStatus {
    const DOCUMENT: &'static str = "What is known of the users who were named.";
    const ENTRY: &'static str = "What is known of one user.";

    fn write(&self, output: &mut dyn Write, width: u16) -> io::Result<()> {
        writeln!(output, "{}", Escaped(self.user_principal_name.as_str()))?;
        let valid_from = self
            .sessions_valid_from
            .map_or_else(|| "not told by the directory".to_owned(), time);
        let enabled = match self.enabled {
            Some(true) => "enabled",
            Some(false) => "disabled: no new sign-ins",
            None => "not told by the directory",
        };
        let kept = if self.on_premises_synced {
            "on premises, synchronised: a password is reset there"
        } else {
            "in the cloud"
        };
        let home = match (self.external, &self.home_domain) {
            (false, _) => "this tenant".to_owned(),
            (true, None) => "another tenant: its sessions can be cut there alone".to_owned(),
            (true, Some(domain)) => {
                format!("another tenant (probably {domain}): its sessions can be cut there alone")
            }
        };
        let protected = match (&self.protection.policy, &self.protection.detail) {
            (Some(policy), Some(detail)) => format!("a cut is withheld by {policy}. {detail}"),
            (_, _) => "no, by the settings at hand".to_owned(),
        };
        for (label, value) in [
            ("object id", self.id.to_string()),
            ("sessions valid from", valid_from),
            ("account", enabled.to_owned()),
            ("kept", kept.to_owned()),
            ("signs in at", home),
            ("protected", protected),
        ] {
            write_wrapped(
                output,
                &labelled(label),
                &Escaped(&value).to_string(),
                width,
            )?;
        }
        self.reported.write(output, width, &labelled)
    }

    fn write_notes(accounts: &[&Self], output: &mut dyn Write, width: u16) -> io::Result<()> {
        let reported = accounts.iter().map(|account| &account.reported);
        text::write_not_readable(output, width, reported)
    }
}

fn labelled(label: &str) -> String {
    format!("   {label:<19}  ")
}
