//! The reports of Entra ID for the users that exist: risk, last sign-ins, and sign-ins since sessions are valid. Reports are
//! read in parallel, users in sequence, within some seconds in all; the answer says what was not read in that time, or may
//! not be read.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::session::Session;
use crate::domain::{Deadline, UserId};
use crate::inquiry::reports::{Because, LastSignIns, Risk, SignInLog, Unread};

/// The time for the first user, for each further one, and at most.
const FIRST: Duration = Duration::from_secs(5);
const EACH: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(30);

/// What the reports say of a user.
#[derive(Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reported {
    /// What Identity Protection says; left out if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk: Option<Risk>,
    /// When the user last signed in; left out if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_sign_ins: Option<LastSignIns>,
    /// What the sign-in log shows since sessions are valid; left out if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signed_in_since: Option<SignInLog>,
    /// What could not be read, and what it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) not_readable: Vec<Unread>,
}

/// Reads the reports for users, each with the instant from which sessions are valid.
pub(super) async fn gather(
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

/// Asks for users in sequence. A refusal that concerns all of them is asked for once.
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

/// A missing permission or licence refuses every user, so it is not asked for again.
fn refusal_of_all<T>(last: Option<&Result<T, Unread>>) -> Option<Unread> {
    let unread = last?.as_ref().err()?;
    match unread.because {
        Because::Permission | Because::Licence | Because::LicenceOrRole => Some(unread.clone()),
        Because::Throttled | Because::NotAsked | Because::Failed => None,
    }
}

impl Reported {
    fn of(
        risk: Result<Risk, Unread>,
        last_sign_ins: Result<LastSignIns, Unread>,
        log: Result<SignInLog, Unread>,
    ) -> Self {
        let mut not_readable = Vec::new();
        // A report that is missing here has its reason in `not_readable`.
        let mut note = |unread| not_readable.push(unread);
        Self {
            risk: risk.map_err(&mut note).ok(),
            last_sign_ins: last_sign_ins.map_err(&mut note).ok(),
            signed_in_since: log.map_err(&mut note).ok(),
            not_readable,
        }
    }
}
