//! What the reports of Entra ID say of the users who were found: risk, last sign-ins, and who signed in since sessions are
//! valid. Each report has a lane of its own, in which users are asked for one after the other; together they may take some
//! seconds and no more, and what was not read by then, or may not be read, is told.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::session::Session;
use crate::domain::{Deadline, UserId};
use crate::inquiry::reports::{self, Because, LastSignIns, SignInLog, Unread};

/// How long the reports may take for one user, for each further one, and at most.
const FIRST: Duration = Duration::from_secs(5);
const EACH: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(30);

/// What the reports say of a user.
#[derive(Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reported {
    /// What Identity Protection says; left out if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) risk: Option<Risk>,
    /// When the user last signed in; left out if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_sign_ins: Option<Last>,
    /// What the sign-in log shows since sessions are valid; left out if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in_since: Option<SignedIn>,
    /// What could not be read, and what it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_readable: Vec<NotReadable>,
}

/// The risk of a user, in Identity Protection's own words.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Risk {
    /// `none`, `low`, `medium`, `high` or `hidden`.
    pub(crate) level: String,
    /// `none`, `atRisk`, `confirmedCompromised`, `remediated`, `dismissed` or `confirmedSafe`.
    pub(crate) state: String,
    /// What brought the user into that state, if somebody or something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) last_updated: Option<Timestamp>,
}

/// When a user last signed in. What is left out never happened, as far as the directory has noted.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Last {
    /// The last success of either kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) successful: Option<Timestamp>,
    /// The last attempt of the user, successful or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) interactive: Option<Timestamp>,
    /// The last attempt of a client app on the user's behalf, successful or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) non_interactive: Option<Timestamp>,
}

/// What the sign-in log shows since sessions are valid.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedIn {
    /// From when on the log was looked at: since sessions are valid, or as far back as it goes.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) since: Timestamp,
    /// When it was looked at. Entries appear some minutes late.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) seen_until: Timestamp,
    /// Whether what client apps do on the user's behalf is in it, beside the user's own sign-ins.
    pub(crate) includes_non_interactive: bool,
    /// Whether there are more than are listed.
    pub(crate) more: bool,
    /// The successful sign-ins, the most recent first.
    pub(crate) sign_ins: Vec<SignIn>,
}

/// A successful sign-in.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    /// When it began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) at: Timestamp,
    /// The name of the client app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip_address: Option<String>,
    /// The two letters of the country or region of that address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
    /// Whether the user was there, or a client app acted on the user's behalf.
    pub(crate) interactive: bool,
}

/// Something that could not be read.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotReadable {
    /// `risk`, `lastSignIns` or `signedInSince`.
    pub(crate) report: &'static str,
    /// `permission`, `licence`, `licence_or_role`, `throttled`, `not_asked` or `failed`.
    pub(crate) because: &'static str,
    /// The Graph permission that it needs.
    pub(crate) permission: &'static str,
    /// The licence that the tenant needs for it.
    pub(crate) licence: &'static str,
    /// What happened and the next step, as sentences.
    pub(crate) detail: String,
}

/// Asks the reports for these users, whose sessions are valid from the instant beside each.
pub(crate) async fn gather(
    session: &Session,
    users: &[(UserId, Option<Timestamp>)],
) -> HashMap<UserId, Reported> {
    let reports = session.directory.reports();
    let more = u32::try_from(users.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let patience = MOST.min(FIRST.saturating_add(EACH.saturating_mul(more)));
    let deadline = Deadline::after(&*session.clock, patience);
    let (risks, lasts, logs) = tokio::join!(
        each(users, async |user, _| reports.risk(user, deadline).await),
        each(users, async |user, _| reports
            .last_sign_ins(user, deadline)
            .await),
        each(users, async |user, from| reports
            .sign_ins(user, from, deadline)
            .await)
    );
    let mut reported = HashMap::new();
    for ((((user, _), risk), last), log) in users.iter().zip(risks).zip(lasts).zip(logs) {
        reported.insert(*user, Reported::of(risk, last, log));
    }
    reported
}

type Read<T> = Vec<Result<T, Unread>>;
type Users<'a> = &'a [(UserId, Option<Timestamp>)];

/// Asks for one user after the other. What is refused for all of them is asked for once.
async fn each<T>(
    users: Users<'_>,
    ask: impl AsyncFn(UserId, Option<Timestamp>) -> Result<T, Unread>,
) -> Read<T> {
    let mut read = Vec::with_capacity(users.len());
    for (user, valid_from) in users {
        read.push(match refusal_of_all(read.last()) {
            Some(unread) => Err(unread),
            None => ask(*user, *valid_from).await,
        });
    }
    read
}

/// What was refused for want of a permission or a licence is refused for every user, and not asked for again.
fn refusal_of_all<T>(last: Option<&Result<T, Unread>>) -> Option<Unread> {
    let unread = last?.as_ref().err()?;
    match unread.because {
        Because::Permission | Because::Licence | Because::LicenceOrRole => Some(unread.clone()),
        Because::Throttled | Because::NotAsked | Because::Failed => None,
    }
}

impl Reported {
    fn of(
        risk: Result<reports::Risk, Unread>,
        last: Result<LastSignIns, Unread>,
        log: Result<SignInLog, Unread>,
    ) -> Self {
        let mut not_readable = Vec::new();
        let mut note = |report, unread: Unread| {
            not_readable.push(NotReadable {
                report,
                because: unread.because.as_str(),
                permission: unread.permission,
                licence: unread.licence,
                detail: unread.detail,
            });
        };
        // Why one is missing stands in `not_readable`, which is told beside the others.
        let risk = risk.map_err(|unread| note("risk", unread)).ok();
        let last = last.map_err(|unread| note("lastSignIns", unread)).ok();
        let log = log.map_err(|unread| note("signedInSince", unread)).ok();
        Self {
            risk: risk.map(|risk| Risk {
                level: risk.level,
                state: risk.state,
                detail: risk.detail,
                last_updated: risk.last_updated,
            }),
            last_sign_ins: last.map(|last| Last {
                successful: last.successful,
                interactive: last.interactive,
                non_interactive: last.non_interactive,
            }),
            signed_in_since: log.map(SignedIn::of),
            not_readable,
        }
    }
}

impl SignedIn {
    fn of(log: SignInLog) -> Self {
        let sign_ins = log.sign_ins.into_iter().map(|sign_in| SignIn {
            at: sign_in.at,
            application: sign_in.application,
            ip_address: sign_in.ip_address,
            country: sign_in.country,
            interactive: sign_in.interactive,
        });
        Self {
            since: log.since,
            seen_until: log.seen_until,
            includes_non_interactive: log.both_kinds,
            more: log.more,
            sign_ins: sign_ins.collect(),
        }
    }
}
