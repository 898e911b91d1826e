//! `evict explain`: says what Evict would see in a payload, without asking or changing anything.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::escape::{Escaped, write_json};
use super::{Console, Exit};
use crate::alert;
use crate::domain::{
    AccountName, AlertHeader, MailAddress, NothingToDoReason, Parsed, SecurityIdentifier,
    SubjectKind, SubjectRef, TenantId, UserId, UserPrincipalName,
};

/// Says what Evict would see in a payload; asks nobody and changes nothing.
///
/// Exit code 0 if the payload was understood, 65 if it is malformed, 66 if the file cannot be read, 74 if the standard
/// input cannot be read or the answer cannot be written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict explain incident.json\n  evict explain --json - < incident.json"
)]
pub(super) struct Explain {
    /// Answer with one JSON document.
    #[arg(long)]
    json: bool,
    /// The payload; `-` is the standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

impl Explain {
    /// Runs the verb.
    pub(super) fn run(&self, console: &mut Console<'_>) -> Exit {
        let payload = match self.payload(console.input) {
            Ok(payload) => payload,
            Err((exit, reason)) => {
                let file = self.file.display().to_string();
                let complaint = writeln!(console.errors, "evict: {}: {reason}", Escaped(&file));
                return complaint.map_or(Exit::Io, |()| exit);
            }
        };
        let parsed = alert::parse(&payload);
        let exit = match &parsed {
            Parsed::Alert(_) | Parsed::NothingToDo(_) => Exit::Success,
            Parsed::Malformed(_) => Exit::Data,
        };
        let document = Document::of(&parsed);
        let written = if self.json {
            write_json(console.output, &document)
        } else {
            document.write_plain(console.output)
        };
        written.map_or(Exit::Io, |()| exit)
    }

    fn payload(&self, input: &mut dyn Read) -> Result<Vec<u8>, (Exit, io::Error)> {
        let mut payload = Vec::new();
        let read = |source: &mut dyn Read, payload: &mut Vec<u8>, exit| {
            source
                .read_to_end(payload)
                .map(|_| ())
                .map_err(|error| (exit, error))
        };
        if self.file.as_os_str() == "-" {
            read(input, &mut payload, Exit::Io)?;
        } else {
            let mut file = File::open(&self.file).map_err(|error| (Exit::NoInput, error))?;
            read(&mut file, &mut payload, Exit::NoInput)?;
        }
        Ok(payload)
    }
}

/// How a payload was read.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Explained")]
pub(super) struct Document<'a> {
    /// `alert`, `nothing_to_do` or `malformed`.
    verdict: &'static str,
    /// The shape of the payload, a name of README's list.
    shape: &'static str,
    /// As the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    /// The alert's id, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_id: Option<&'a str>,
    /// The incident's id, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_id: Option<&'a str>,
    /// If there is nothing to do: the word for why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Whom it names, in its order.
    subjects: Vec<Subject<'a>>,
    /// If it is malformed: where, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem<'a>>,
    #[serde(skip)]
    parsed: &'a Parsed,
}

/// An account that a payload names. What it does not say is left out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExplainedSubject")]
struct Subject<'a> {
    /// What the payload says it is.
    #[serde(rename = "as")]
    kind: SubjectKind,
    /// The object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    /// The user principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a UserPrincipalName>,
    /// The security identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a SecurityIdentifier>,
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<&'a MailAddress>,
    /// The tenant that the payload names.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// Any other name, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// Where a payload cannot be read, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExplainedProblem")]
struct Problem<'a> {
    /// The JSON path.
    path: &'a str,
    /// What was expected there.
    expected: &'a str,
}

impl<'a> Document<'a> {
    fn of(parsed: &'a Parsed) -> Self {
        let AlertHeader {
            shape,
            severity,
            alert_id,
            incident_id,
            ..
        } = parsed.header();
        let (subjects, reason, problem): (&[SubjectRef], _, _) = match parsed {
            Parsed::Alert(alert) => (&alert.subjects, None, None),
            Parsed::NothingToDo(nothing) => {
                (&nothing.subjects, Some(nothing.reason.as_str()), None)
            }
            Parsed::Malformed(malformed) => {
                let (path, expected) = (malformed.path.as_str(), malformed.expected.as_str());
                (&[], None, Some(Problem { path, expected }))
            }
        };
        Self {
            verdict: parsed.verdict(),
            shape: shape.as_str(),
            severity: severity.as_deref(),
            alert_id: alert_id.as_deref(),
            incident_id: incident_id.as_deref(),
            reason,
            subjects: subjects.iter().map(Subject::of).collect(),
            problem,
            parsed,
        }
    }

    fn write_plain(&self, output: &mut dyn Write) -> io::Result<()> {
        let headline = match self.parsed {
            Parsed::Alert(alert) => headline(&alert.subjects),
            Parsed::NothingToDo(nothing) => {
                format!("Nothing to do: {}.", sentence(&nothing.reason))
            }
            Parsed::Malformed(_) => "Malformed: this cannot be understood.".to_owned(),
        };
        writeln!(output, "{headline}")?;
        let at = self.parsed.header().flagged_at.map(|at| at.to_string());
        let facts = [
            ("shape", Some(self.shape)),
            ("severity", self.severity),
            ("alert", self.alert_id),
            ("incident", self.incident_id),
            ("flagged at", at.as_deref()),
            ("at", self.problem.as_ref().map(|problem| problem.path)),
            (
                "problem",
                self.problem.as_ref().map(|problem| problem.expected),
            ),
        ];
        write_facts(output, &facts)?;
        for (number, subject) in (1..).zip(&self.subjects) {
            writeln!(
                output,
                "\n{number}. {}",
                subject.kind.as_str().replace('_', " ")
            )?;
            subject.write_plain(output)?;
        }
        Ok(())
    }
}

impl<'a> Subject<'a> {
    fn of(subject: &'a SubjectRef) -> Self {
        let stronger = subject.id.is_some()
            || subject.upn.is_some()
            || subject.sid.is_some()
            || subject.mail.is_some();
        let account = subject.account.as_ref().filter(|_| !stronger);
        Self {
            kind: subject.kind,
            id: subject.id,
            upn: subject.upn.as_ref(),
            sid: subject.sid.as_ref(),
            mail: subject.mail.as_ref(),
            tenant: subject.tenant,
            name: subject.name.as_deref().or(account.map(AccountName::as_str)),
        }
    }

    fn write_plain(&self, output: &mut dyn Write) -> io::Result<()> {
        let id = self.id.map(|id| id.to_string());
        let tenant = self.tenant.map(|tenant| tenant.to_string());
        write_facts(
            output,
            &[
                ("upn", self.upn.map(UserPrincipalName::as_str)),
                ("name", self.name),
                ("id", id.as_deref()),
                ("sid", self.sid.map(SecurityIdentifier::as_str)),
                ("mail", self.mail.map(MailAddress::as_str)),
                ("tenant", tenant.as_deref()),
            ],
        )
    }
}

fn headline(subjects: &[SubjectRef]) -> String {
    let is_user = |subject: &&SubjectRef| subject.kind == SubjectKind::User;
    match (subjects.len(), subjects.iter().filter(is_user).count()) {
        (1, _) => "An alert that names one user.".to_owned(),
        (all, users) if all == users => format!("An alert that names {users} users."),
        (all, 1) => format!("An alert that names {all} accounts, one of them a user."),
        (all, users) => format!("An alert that names {all} accounts, {users} of them users."),
    }
}

fn write_facts(output: &mut dyn Write, facts: &[(&str, Option<&str>)]) -> io::Result<()> {
    for (label, value) in facts {
        if let Some(value) = value {
            writeln!(output, "   {label:<10}  {}", Escaped(value))?;
        }
    }
    Ok(())
}

fn sentence(reason: &NothingToDoReason) -> &'static str {
    match reason {
        NothingToDoReason::NoAccount => "it names no account",
        NothingToDoReason::EntitiesNotArrived => {
            "it has alerts, but its entities have not arrived yet; ask for it again later"
        }
        NothingToDoReason::NoUser => "none of the accounts it names is a user",
        NothingToDoReason::NotificationOnly => {
            "it says that there is an alert, but not whom it flags; read the alert itself"
        }
        NothingToDoReason::Resolved => "its condition has ended",
        NothingToDoReason::NotAnAlert => "it is a record of another kind",
        NothingToDoReason::SubscriptionValidation { .. } => {
            "Event Grid asks whether this endpoint is meant"
        }
    }
}
