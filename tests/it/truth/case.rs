//! One story in numbers: who lives in the tenant, what the app is told to do, what is sent to it, and what goes wrong.
//! Small numbers throughout, so that a story that fails shrinks to one that a person can read.

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
    /// A name of this tenant, but another directory vouches.
    Invited,
    /// One of those who share a mail address.
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
    /// Whether only those see who is in it who hold a permission of their own for that.
    #[serde(default)]
    pub(crate) hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Whom no alert may touch: a person, and whether by name rather than by object id.
    pub(crate) people: Vec<(usize, bool)>,
    /// Groups by their number; one that does not exist is a typing error in the setting.
    pub(crate) groups: Vec<usize>,
    pub(crate) observe: bool,
    pub(crate) per_alert: usize,
    pub(crate) per_hour: usize,
    pub(crate) least: Option<Grade>,
    /// Whether the app holds the permission to see who is in hidden groups.
    #[serde(default)]
    pub(crate) sees_hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppOf {
    /// How many instances of the app there are.
    pub(crate) instances: usize,
    /// How many messages each works on at a time.
    pub(crate) pumps: usize,
    pub(crate) concurrency: usize,
    pub(crate) deliveries: u32,
    pub(crate) verify: u64,
    pub(crate) queue_deadline: u64,
    pub(crate) http_deadline: u64,
    pub(crate) redelivery_wait: u64,
    /// How long a message waits until it is handed out, in milliseconds.
    pub(crate) waits: u32,
    /// How far the app's clock is ahead of the tenant's, in seconds.
    pub(crate) skew: i32,
    /// At which part of a second the story begins, in milliseconds.
    pub(crate) begins: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AlertOf {
    /// How often the message comes; 0 for an HTTP request.
    pub(crate) copies: u8,
    pub(crate) shape: Form,
    pub(crate) grade: Option<Grade>,
    pub(crate) mentions: Vec<Mention>,
    /// When it is sent, in milliseconds after the start.
    pub(crate) at: u32,
    /// Whether a manual message says how many users it means.
    pub(crate) expect: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    Manual,
    Text,
    Incident,
    GraphAlert,
    RiskyUser,
    /// Nothing that can be read.
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
    /// Whether the sender says that the account belongs to another tenant.
    pub(crate) elsewhere: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Who {
    Person(usize),
    /// Nobody of this tenant.
    Stranger(usize),
    Machine(usize),
}

/// By what a mention names its account. What an account does not have is replaced by its object id.
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
    /// Calls go wrong.
    Call {
        on: Op,
        person: Option<usize>,
        after: u32,
        times: u32,
        effect: bool,
        how: How,
    },
    /// Reads stay behind writes by so many milliseconds.
    Lag {
        milliseconds: u32,
    },
    /// The first so many reads after a write see the old value.
    LagReads {
        reads: u32,
    },
    /// A permission is gone from `at` on, and back at `back`.
    Permission {
        lost: Right,
        at: u32,
        back: Option<u32>,
    },
    /// Graph refuses all tokens so far.
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
    /// Somebody else cuts the person's sessions.
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
    /// It cannot be told what was cut.
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
    /// The lock of the `nth` delivery is lost while it is worked on.
    LockLost {
        nth: u32,
        after: u32,
    },
    /// The app ends at its `call`th call to Graph and starts anew.
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
    /// 429 with a date so many seconds ahead.
    ThrottledUntil(u64),
    Status(u16),
    /// 503 with this `Retry-After`.
    Down(String),
    Reset,
    Truncated(u64),
    Garbage,
    Hang,
    Late(u32),
    /// 200, and nothing is done.
    Hollow,
    /// 200 that says that nothing was done.
    Denied,
    /// 404 of somebody between the app and Graph, for what is there.
    Stray,
}

impl Case {
    /// Whether nothing goes wrong, so that it can be told beforehand how everything ends.
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
