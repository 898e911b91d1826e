//! One story in numbers: the people of the tenant, the app's settings, the messages, and the faults. The numbers are
//! small throughout, so that a failing story shrinks to a readable one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) people: Vec<Person>,
    pub(crate) groups: Vec<Group>,
    pub(crate) policy: Rules,
    pub(crate) app: AppOf,
    pub(crate) alerts: Vec<AlertOf>,
    pub(crate) trouble: Vec<Trouble>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) kind: Kind,
    /// How many minutes before the start each session began.
    pub(crate) sessions: Vec<u16>,
    /// How many minutes before the start all sessions were last cut.
    pub(crate) cut: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Member,
    NoMail,
    Disabled,
    Synced,
    /// A guest by name: `…#EXT#…`.
    Guest,
    /// External by name, and a member by type.
    ExternalMember,
    /// A guest by type who signs in here.
    InternalGuest,
    /// A name of this tenant, but authenticated by another directory.
    Invited,
    /// One of the people who share a mail address.
    SharedMail,
}

impl Kind {
    pub(crate) fn is_external(self) -> bool {
        matches!(self, Self::Guest | Self::ExternalMember | Self::Invited)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) people: Vec<usize>,
    pub(crate) groups: Vec<usize>,
    /// Whether seeing its members takes a separate permission.
    #[serde(default)]
    pub(crate) hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// The protected people: a number, and whether by name rather than by object id.
    pub(crate) people: Vec<(usize, bool)>,
    /// Groups by number; a missing one is a typing error in the setting.
    pub(crate) groups: Vec<usize>,
    pub(crate) observe: bool,
    pub(crate) per_alert: usize,
    pub(crate) per_hour: usize,
    pub(crate) least: Option<Grade>,
    /// Whether the app holds the permission to see the members of hidden groups.
    #[serde(default)]
    pub(crate) sees_hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppOf {
    /// The number of instances of the app.
    pub(crate) instances: usize,
    /// The number of messages that each works on at a time.
    pub(crate) pumps: usize,
    pub(crate) concurrency: usize,
    pub(crate) deliveries: u32,
    pub(crate) verify: u64,
    pub(crate) queue_deadline: u64,
    pub(crate) http_deadline: u64,
    pub(crate) redelivery_wait: u64,
    /// The delay before a message is delivered, in milliseconds.
    pub(crate) waits: u32,
    /// How far the app's clock is ahead of the tenant's, in seconds.
    pub(crate) skew: i32,
    /// The fraction of a second at which the story begins, in milliseconds.
    pub(crate) begins: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AlertOf {
    /// How often the message is sent; 0 for an HTTP request.
    pub(crate) copies: u8,
    pub(crate) shape: Form,
    pub(crate) grade: Option<Grade>,
    pub(crate) mentions: Vec<Mention>,
    /// When it is sent, in milliseconds after the start.
    pub(crate) at: u32,
    /// Whether a manual message states its number of users.
    pub(crate) expect: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    Manual,
    Text,
    Incident,
    GraphAlert,
    RiskyUser,
    /// An unreadable message.
    Garbled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Grade {
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mention {
    pub(crate) who: Who,
    pub(crate) by: By,
    /// Whether the sender states another tenant for the account.
    pub(crate) elsewhere: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Who {
    Person(usize),
    /// A name that nobody in this tenant has.
    Stranger(usize),
    Machine(usize),
}

/// The identifier by which a mention names its account. An identifier that the account lacks is replaced by its object
/// id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    Id,
    Upn,
    UpnInCapitals,
    CloudSid,
    Sid,
    Mail,
    Account,
    IdAndUpn,
    IdAndOldUpn,
    UpnAndSid,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Trouble {
    /// Calls fail.
    Call {
        on: Op,
        person: Option<usize>,
        after: u32,
        times: u32,
        effect: bool,
        how: How,
    },
    /// Reads lag behind writes by this many milliseconds.
    Lag {
        milliseconds: u32,
    },
    /// The first reads after a write see the old value; this is their number.
    LagReads {
        reads: u32,
    },
    /// A permission is revoked at `at`, and granted again at `back`.
    Permission {
        lost: Right,
        at: u32,
        back: Option<u32>,
    },
    /// Graph refuses all tokens issued so far.
    TokensRevoked {
        at: u32,
    },
    /// Tokens are another tenant's, from the start to `until`.
    OthersTokens {
        until: u32,
    },
    Deleted {
        person: usize,
        at: u32,
    },
    /// The person gets another user principal name.
    Renamed {
        person: usize,
        at: u32,
    },
    /// Another administrator cuts the person's sessions.
    CutByOthers {
        person: usize,
        at: u32,
    },
    SignIn {
        person: usize,
        at: u32,
    },
    /// The ledger's `nth` answer is an error.
    LedgerFails {
        nth: u32,
    },
    /// Recording the cuts fails.
    LedgerForgets {
        nth: u32,
    },
    LedgerSlow {
        milliseconds: u32,
    },
    /// The bus refuses an output.
    OutputRefused {
        output: Output,
        times: usize,
    },
    /// The lock of the `nth` delivery is lost during its work.
    LockLost {
        nth: u32,
        after: u32,
    },
    /// The app ends at its `call`th call to Graph and restarts.
    Death {
        call: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Op {
    ReadUser,
    FindUser,
    Members,
    ReadGroup,
    Revoke,
    Token,
    Anything,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Right {
    Revoke,
    ReadUsers,
    ReadMembers,
    ReadHidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Output {
    Receipts,
    Rejected,
    Handover,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum How {
    /// 429 with this `Retry-After`.
    Throttled(Option<String>),
    /// 429 with a date this many seconds ahead.
    ThrottledUntil(u64),
    Status(u16),
    /// 503 with this `Retry-After`.
    Down(String),
    Reset,
    Truncated(u64),
    Garbage,
    Hang,
    Late(u32),
    /// 200 without an effect.
    Hollow,
    /// 200 that says that nothing was done.
    Denied,
    /// A false 404, from an intermediary between the app and Graph.
    Stray,
}

impl Case {
    /// Whether the story has no faults, so that its outcomes can be predicted.
    pub(crate) fn is_calm(&self) -> bool {
        self.trouble.is_empty()
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "policy: {}",
            if self.observe { "observe" } else { "enforce" }
        )?;
        for (person, by_name) in &self.people {
            write!(
                f,
                ", protects p{person} by {}",
                if *by_name { "name" } else { "id" }
            )?;
        }
        for group in &self.groups {
            write!(f, ", protects g{group}")?;
        }
        if self.sees_hidden {
            f.write_str(", sees hidden groups")?;
        }
        write!(
            f,
            ", {} an alert, {} an hour",
            self.per_alert, self.per_hour
        )?;
        if let Some(least) = self.least {
            write!(f, ", from {least:?}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, person) in self.people.iter().enumerate() {
            write!(f, "p{number}: {:?}", person.kind)?;
            match person.sessions.as_slice() {
                [] => {}
                minutes => write!(f, ", signed in {minutes:?} min before")?,
            }
            if let Some(minutes) = person.cut {
                write!(f, ", cut {minutes} min before")?;
            }
            writeln!(f)?;
        }
        for (number, group) in self.groups.iter().enumerate() {
            writeln!(
                f,
                "g{number}: people {:?}, groups {:?}{}",
                group.people,
                group.groups,
                if group.hidden { ", hidden" } else { "" }
            )?;
        }
        writeln!(f, "{}", self.policy)?;
        let app = &self.app;
        writeln!(
            f,
            "app: {} instance(s) with {} pump(s), {} users at a time, {} deliveries, verify {} s, queue {} s, http {} s, \
             redelivery after {} s, messages wait {} ms, clock {:+} s, begins at .{:03}",
            app.instances,
            app.pumps,
            app.concurrency,
            app.deliveries,
            app.verify,
            app.queue_deadline,
            app.http_deadline,
            app.redelivery_wait,
            app.waits,
            app.skew,
            app.begins,
        )?;
        for (number, alert) in self.alerts.iter().enumerate() {
            let way = match alert.copies {
                0 => "over HTTP".to_owned(),
                1 => "by queue".to_owned(),
                copies => format!("by queue, {copies} times"),
            };
            write!(
                f,
                "alert {number} at {} ms {way}, {:?}",
                alert.at, alert.shape
            )?;
            if let Some(grade) = alert.grade {
                write!(f, " {grade:?}")?;
            }
            if alert.expect {
                f.write_str(" with expect")?;
            }
            f.write_str(":")?;
            for mention in &alert.mentions {
                let elsewhere = if mention.elsewhere {
                    " of another tenant"
                } else {
                    ""
                };
                write!(f, " {:?} by {:?}{elsewhere};", mention.who, mention.by)?;
            }
            writeln!(f)?;
        }
        for trouble in &self.trouble {
            writeln!(f, "trouble: {trouble:?}")?;
        }
        write!(
            f,
            "kept as: {}",
            serde_json::to_string(self).map_err(|_| fmt::Error)?
        )
    }
}
