//! The answer of `evict explain`: how a payload is read, for programs and for people.

use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::sentences::{asked_of_the_incident, headline, sentence};
use crate::alert::{self, Nearest};
use crate::cli::terminal::escape::Escaped;
use crate::domain::{
    AccountName, AlertHeader, Cleared, ClearedAs, MailAddress, Mention, MentionedAs,
    NothingToDoReason, Parsed, SecurityIdentifier, Severity, Subject, SubjectKind, SubjectRef,
    TenantId, UserId, UserPrincipalName, WrittenBy,
};

/// How a payload was read.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Explained")]
pub(crate) struct Document<'a> {
    /// `alert`, `nothing_to_do` or `malformed`.
    verdict: &'static str,
    /// The shape of the payload, a name of the list in `function/README.md`.
    shape: &'static str,
    /// If nothing would be done: what the payload was taken for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_for: Option<String>,
    /// As the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    /// The alert's id, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_id: Option<&'a str>,
    /// The incident's id, as the sender wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_id: Option<&'a str>,
    /// If it belongs to an incident of Microsoft Sentinel that is asked, where `EVICT_SENTINEL_WORKSPACES` names its workspace:
    /// `awaited` if the payload names nobody yet, so that the function asks for up to 15 minutes; `refreshed` if the function asks
    /// whether it still stands and, of a message older than two minutes, who has joined it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<&'static str>,
    /// If there is nothing to do: the word for why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// If the incident was merged into another: that one's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirected_to: Option<&'a str>,
    /// Whom it flags, in its order.
    subjects: Vec<ExplainedSubject<'a>>,
    /// Whom it only names, and why that is no flag. Nobody of them is looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentioned: Vec<ExplainedMention<'a>>,
    /// The parts of a batch that name nobody yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<UnreadPart<'a>>,
    /// If nothing would be done: the shapes that it comes nearest to, and what it lacks of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nearest: Vec<NearestShape>,
    /// If it is malformed: where, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem<'a>>,
    #[serde(skip)]
    parsed: &'a Parsed,
}

/// An account that a payload names. What it does not say is left out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExplainedAccount")]
struct Account<'a> {
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

/// An account that a payload flags, with what flags it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ExplainedSubject<'a> {
    #[serde(flatten)]
    account: Account<'a>,
    /// How grave what flags it is; absent where that is not stated, which counts as grave enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    /// `open` if what flags it stands, `over` if its sender says that it is over: then nobody is cut.
    state: &'static str,
    /// If it is over: how, in which word of the sender's, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<End<'a>>,
    /// Who wrote what flags it. A person's order is acted on whatever its severity.
    written_by: WrittenBy,
}

/// How a flag ended.
#[derive(Serialize, JsonSchema)]
struct End<'a> {
    /// How, in one word for all senders.
    how: ClearedAs,
    /// The sender's own word.
    word: &'a str,
    /// Since when, if the sender tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Option<Timestamp>,
}

/// An account that is not acted on.
#[derive(Serialize, JsonSchema)]
struct ExplainedMention<'a> {
    #[serde(flatten)]
    account: Account<'a>,
    /// The word for why it is no subject.
    why: &'static str,
    /// The same in words.
    reason: &'static str,
    /// If the alert that names it is over: how that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<End<'a>>,
}

/// A part of a batch that names nobody yet.
#[derive(Serialize, JsonSchema)]
struct UnreadPart<'a> {
    /// The JSON path.
    path: &'a str,
    /// The word for why.
    reason: &'static str,
}

/// A shape that a payload comes near to.
#[derive(Serialize, JsonSchema)]
struct NearestShape {
    /// The shape.
    shape: &'static str,
    /// What the payload lacks of its signs.
    lacks: Vec<&'static str>,
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
    pub(super) fn of(parsed: &'a Parsed, nearest: Vec<Nearest>) -> Self {
        let AlertHeader {
            shape,
            severity,
            alert_id,
            incident_id,
            ..
        } = parsed.header();
        let mut document = Self {
            verdict: parsed.verdict(),
            shape: shape.as_str(),
            taken_for: None,
            severity: severity.as_deref(),
            alert_id: alert_id.as_deref(),
            incident_id: incident_id.as_deref(),
            entities: asked_of_the_incident(parsed).map(|(word, _)| word),
            reason: None,
            redirected_to: None,
            subjects: parsed.subjects().iter().map(ExplainedSubject::of).collect(),
            mentioned: parsed
                .mentioned()
                .iter()
                .map(ExplainedMention::of)
                .collect(),
            unread: Vec::new(),
            nearest: Vec::new(),
            problem: None,
            parsed,
        };
        match parsed {
            Parsed::Alert(alert) => {
                let parts = alert.unread.iter();
                document.unread = parts
                    .map(|part| UnreadPart {
                        path: &part.path,
                        reason: part.reason.as_str(),
                    })
                    .collect();
                return document;
            }
            Parsed::NothingToDo(nothing) => {
                document.reason = Some(nothing.reason.as_str());
                if let NothingToDoReason::Redirected { into } = &nothing.reason {
                    document.redirected_to = into.as_deref();
                }
            }
            Parsed::Malformed(malformed) => {
                document.problem = Some(Problem {
                    path: &malformed.path,
                    expected: &malformed.expected,
                });
            }
        }
        document.taken_for = Some(alert::taken_for(parsed));
        document.nearest = nearest
            .into_iter()
            .map(|nearest| NearestShape {
                shape: nearest.shape.as_str(),
                lacks: nearest.lacks,
            })
            .collect();
        document
    }

    pub(super) fn write_plain(&self, output: &mut dyn Write) -> io::Result<()> {
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
            ("taken for", self.taken_for.as_deref()),
            ("severity", self.severity),
            ("alert", self.alert_id),
            ("incident", self.incident_id),
            (
                "entities",
                asked_of_the_incident(self.parsed).map(|(_, text)| text),
            ),
            ("merged into", self.redirected_to),
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
                subject.account.kind.as_str().replace('_', " ")
            )?;
            subject.write_plain(output)?;
        }
        self.write_rest(output)
    }

    fn write_rest(&self, output: &mut dyn Write) -> io::Result<()> {
        if !self.mentioned.is_empty() {
            writeln!(output, "\nOnly named, and not acted on:")?;
        }
        for mention in &self.mentioned {
            let name = mention.account.written();
            writeln!(output, "   {}: {}", Escaped(&name), mention.reason)?;
            if let Some(cleared) = &mention.cleared {
                writeln!(output, "      {}", cleared.plain())?;
            }
        }
        for part in &self.unread {
            writeln!(
                output,
                "\nNames nobody yet, at {}: {}",
                part.path, part.reason
            )?;
        }
        if !self.nearest.is_empty() {
            writeln!(output, "\nNearest shapes:")?;
        }
        for nearest in &self.nearest {
            writeln!(
                output,
                "   {} lacks {}",
                nearest.shape,
                nearest.lacks.join("; ")
            )?;
        }
        Ok(())
    }
}

impl<'a> Account<'a> {
    fn of(account: &'a SubjectRef) -> Self {
        let stronger = account.id.is_some()
            || account.upn.is_some()
            || account.sid.is_some()
            || account.mail.is_some();
        let qualified = account.account.as_ref().filter(|_| !stronger);
        Self {
            kind: account.kind,
            id: account.id,
            upn: account.upn.as_ref(),
            sid: account.sid.as_ref(),
            mail: account.mail.as_ref(),
            tenant: account.tenant,
            name: account
                .name
                .as_deref()
                .or(qualified.map(AccountName::as_str)),
        }
    }

    /// The identifier that a person knows best.
    fn written(&self) -> String {
        let texts = [
            self.upn.map(UserPrincipalName::as_str).map(str::to_owned),
            self.mail.map(MailAddress::as_str).map(str::to_owned),
            self.name.map(str::to_owned),
            self.id.map(|id| id.to_string()),
            self.sid.map(|sid| sid.as_str().to_owned()),
        ];
        texts
            .into_iter()
            .flatten()
            .next()
            .unwrap_or_else(|| "an account without a name".to_owned())
    }
}

impl<'a> ExplainedSubject<'a> {
    fn of(subject: &'a Subject) -> Self {
        let cleared = subject.flag.state.cleared();
        Self {
            account: Account::of(&subject.account),
            severity: subject.flag.severity,
            state: if cleared.is_some() { "over" } else { "open" },
            cleared: cleared.map(End::of),
            written_by: subject.flag.written_by,
        }
    }

    fn write_plain(&self, output: &mut dyn Write) -> io::Result<()> {
        let account = &self.account;
        let id = account.id.map(|id| id.to_string());
        let tenant = account.tenant.map(|tenant| tenant.to_string());
        let over = self.cleared.as_ref().map(End::plain);
        write_facts(
            output,
            &[
                ("upn", account.upn.map(UserPrincipalName::as_str)),
                ("name", account.name),
                ("id", id.as_deref()),
                ("sid", account.sid.map(SecurityIdentifier::as_str)),
                ("mail", account.mail.map(MailAddress::as_str)),
                ("tenant", tenant.as_deref()),
                ("severity", self.severity.map(Severity::as_str)),
                ("state", over.as_deref()),
            ],
        )
    }
}

impl<'a> ExplainedMention<'a> {
    fn of(mention: &'a Mention) -> Self {
        let cleared = match &mention.why {
            MentionedAs::AlertOver(cleared) => Some(End::of(cleared)),
            MentionedAs::Contextual
            | MentionedAs::Scanned
            | MentionedAs::Target
            | MentionedAs::Related
            | MentionedAs::NoThreatsFound
            | MentionedAs::Recipient
            | MentionedAs::Sender
            | MentionedAs::SignedIn
            | MentionedAs::Owner
            | MentionedAs::Part => None,
        };
        Self {
            account: Account::of(&mention.account),
            why: mention.why.as_str(),
            reason: mention.why.sentence(),
            cleared,
        }
    }
}

impl<'a> End<'a> {
    fn of(cleared: &'a Cleared) -> Self {
        Self {
            how: cleared.how,
            word: &cleared.word,
            at: cleared.at,
        }
    }

    fn plain(&self) -> String {
        let since = self
            .at
            .map_or_else(String::new, |at| format!(" since {at}"));
        format!("over: its sender says \"{}\"{since}", Escaped(self.word))
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
