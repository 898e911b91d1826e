//! Reads a user's successful sign-ins from the sign-in log ("List signIns", "signIn resource type").
//!
//! Only `beta` shows sign-ins of client apps on the user's behalf, and `beta` may change: if it refuses the question, `v1.0`
//! is asked, and the answer says that it shows the user's own sign-ins alone. The log lists the most recent entries first. A
//! page may be empty although another one follows.

use jiff::{SignedDuration, Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::questions::LOG;
use super::{Reports, Unread};
use crate::domain::{Deadline, UserId};
use crate::graph::throttling::retry_after;
use crate::graph::{CallError, Journal, Question, Surface, Tally, path};

/// Licensed tenants keep the log for thirty days ("Microsoft Entra data retention").
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The version of Graph that may change.
const BETA: Surface = Surface("/beta");

/// The entries of a page: enough to see what goes on, few enough for a terminal.
const MOST: &str = "20";

/// The most pages that are read in search of the first entry.
const PAGES: usize = 3;

const BOTH_KINDS: &str =
    "(signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser'))";

/// What the sign-in log shows since sessions are valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SignedIn")]
pub struct SignInLog {
    /// From when on the log was looked at: since sessions are valid, or as far back as it goes.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When it was looked at. Entries appear some minutes late.
    // By Graph's clock, where its answer has a date.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub seen_until: Timestamp,
    /// Whether what client apps do on the user's behalf is in it, beside the user's own sign-ins.
    pub includes_non_interactive: bool,
    /// Whether there are more than are listed.
    pub more: bool,
    /// The successful sign-ins, the most recent first.
    pub sign_ins: Vec<SignIn>,
}

/// A successful sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// When it began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The name of the client app.
    // Untrusted: to be escaped where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The two letters of the country or region of that address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether the user was there, or a client app acted on the user's behalf.
    pub interactive: bool,
}

#[derive(Deserialize)]
struct WirePage {
    value: Vec<WireSignIn>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSignIn {
    created_date_time: String,
    app_display_name: Option<String>,
    ip_address: Option<String>,
    is_interactive: Option<bool>,
    location: Option<WireLocation>,
    status: Option<WireStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLocation {
    country_or_region: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatus {
    error_code: Option<i64>,
}

impl WireSignIn {
    /// The sign-in, if it succeeded. The filter asks for successes already.
    fn read(self) -> Result<Option<SignIn>, &'static str> {
        let at = self
            .created_date_time
            .parse()
            .map_err(|_| "an entry's createdDateTime is not a time")?;
        let failed = self
            .status
            .and_then(|status| status.error_code)
            .is_some_and(|code| code != 0);
        let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok((!failed).then(|| SignIn {
            at,
            application: non_empty(self.app_display_name),
            ip_address: non_empty(self.ip_address),
            country: non_empty(self.location.and_then(|place| place.country_or_region)),
            interactive: self.is_interactive.unwrap_or(true),
        }))
    }
}

impl Reports {
    /// The successful sign-ins of a user since an instant, rounded down to the second as Graph does; without an instant, all
    /// that the log has.
    ///
    /// # Errors
    /// If it cannot be read, with what it takes.
    pub async fn sign_ins(
        &self,
        user: UserId,
        since: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<SignInLog, Unread> {
        self.log.turn(&LOG, deadline)?;
        let now = self.log.client.clock.now();
        let oldest = now.checked_sub(RETENTION).unwrap_or(now);
        let since = since.map_or(oldest, |since| since.max(oldest));
        let since = since
            .round(
                jiff::TimestampRound::new()
                    .smallest(Unit::Second)
                    .mode(jiff::RoundMode::Floor),
            )
            .unwrap_or(since);
        let read = match self.pages(user, since, true, deadline).await {
            Err(error) if is_refusal_of_beta(&error) => {
                self.pages(user, since, false, deadline).await
            }
            read => read,
        };
        read.map_err(|error| Unread::of(&LOG, &error))
    }

    async fn pages(
        &self,
        user: UserId,
        since: Timestamp,
        both_kinds: bool,
        deadline: Deadline,
    ) -> Result<SignInLog, CallError> {
        let mut skip: Option<String> = None;
        let mut page = 1;
        loop {
            let mut log = self
                .page(user, since, both_kinds, skip.as_deref(), deadline)
                .await?;
            let next = log.1.as_deref().and_then(skip_token);
            if next.is_none() || !log.0.sign_ins.is_empty() || page == PAGES {
                log.0.more = log.1.is_some();
                return Ok(log.0);
            }
            skip = next;
            page += 1;
        }
    }

    async fn page(
        &self,
        user: UserId,
        since: Timestamp,
        both_kinds: bool,
        skip: Option<&str>,
        deadline: Deadline,
    ) -> Result<(SignInLog, Option<String>), CallError> {
        let mut filter = format!(
            "{} and createdDateTime ge {since} and status/errorCode eq 0",
            path::equals("userId", &user.to_string())
        );
        if both_kinds {
            filter.push_str(" and ");
            filter.push_str(BOTH_KINDS);
        }
        let mut options = vec![("filter", filter.as_str()), ("top", MOST)];
        options.extend(skip.map(|token| ("skiptoken", token)));
        let path = format!("/auditLogs/signIns{}", path::query(&options));
        let mut question = Question::get(LOG.operation(), path);
        question.user = Some(user);
        if both_kinds {
            question.surface = BETA;
        }
        let client = &self.log.client;
        let reply = client
            .send(&question, &Journal::default(), &Tally::new(), deadline)
            .await?;
        let page: WirePage = reply.json()?;
        let date = reply.answer.header("date").and_then(retry_after::http_date);
        let mut sign_ins = Vec::new();
        for wire in page.value {
            let sign_in = wire.read().map_err(|what| reply.unreadable(what))?;
            sign_ins.extend(sign_in);
        }
        sign_ins.sort_by_key(|sign_in| std::cmp::Reverse(sign_in.at));
        let log = SignInLog {
            since,
            seen_until: date.unwrap_or_else(|| client.clock.now()),
            includes_non_interactive: both_kinds,
            more: false,
            sign_ins,
        };
        Ok((log, page.next))
    }
}

/// Whether `beta` may have changed, rather than the log being unreadable.
fn is_refusal_of_beta(error: &CallError) -> bool {
    match error.status() {
        Some(status) => matches!(status, 400 | 404 | 405 | 410 | 500..=599),
        None => false,
    }
}

/// The token of the next page. The link is not followed: the bearer token goes to Graph alone.
fn skip_token(link: &str) -> Option<String> {
    let link = crate::http::Url::parse(link).ok()?;
    link.query_pairs()
        .find(|(name, _)| name == "$skiptoken")
        .map(|(_, value)| value.into_owned())
}
