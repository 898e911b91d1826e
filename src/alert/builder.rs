//! What is known of a payload while it is read, and how several alerts in one payload are merged.

use jiff::Timestamp;

use crate::domain::{
    Alert, AlertHeader, Cleared, CommentBy, HandedOn, Mention, NothingToDo, NothingToDoReason,
    Parsed, Severity, Shape, State, Subject, SubjectKind, SubjectRef, TenantId, Unread, WrittenBy,
};

use super::accounts::merge::Accounts;
use super::json::JsonProblem;
use super::json::tidy::tidy;
use super::reason;
use super::said::{Role, Said, Standing, Statement, Statements};
use super::single::Single;

/// The longest id that is kept, in characters. An ARM id has some 400.
const LONGEST_ID: usize = 1_024;
/// The longest severity that is kept, in characters.
const LONGEST_SEVERITY: usize = 64;
/// The longest reason, or name of who asked, that is kept, in characters.
const LONGEST_REMARK: usize = 1_000;

/// A payload that could not be understood, with what was read before the problem.
pub(crate) struct Failure {
    pub(crate) header: Box<AlertHeader>,
    pub(crate) problem: JsonProblem,
}

/// What is known of a payload so far.
pub(crate) struct AlertBuilder {
    shape: Shape,
    severity: Option<String>,
    alert_id: Single<String>,
    incident_id: Single<String>,
    tenant: Single<TenantId>,
    flagged_at: Option<Timestamp>,
    reason: Option<String>,
    requested_by: Option<String>,
    /// The number of alerts that were merged.
    parts: usize,
    /// The number of users that a manual message says it names.
    pub(crate) expect: Option<usize>,
    /// Who writes the comment on the incident, if the sender says so.
    pub(crate) comment_by: Option<CommentBy>,
    pub(crate) handed_on: Option<HandedOn>,
    /// What the alerts of this payload state. What is read now belongs to the last one.
    statements: Vec<Statement>,
    /// The accounts found, with what was stated about each.
    accounts: Accounts,
    /// Parts that name nobody yet.
    unread: Vec<(JsonProblem, NothingToDoReason)>,
    /// Why there is nothing to do, if no account is found.
    pub(crate) otherwise: NothingToDoReason,
}

impl AlertBuilder {
    /// A payload whose shape alone is known.
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            severity: None,
            alert_id: Single::Unknown,
            incident_id: Single::Unknown,
            tenant: Single::Unknown,
            flagged_at: None,
            reason: None,
            requested_by: None,
            parts: 0,
            expect: None,
            comment_by: None,
            handed_on: None,
            statements: vec![Statement {
                source: None,
                at: None,
                state: State::Open,
                severity: None,
                written_by: shape.written_by(),
            }],
            accounts: Accounts::default(),
            unread: Vec::new(),
            otherwise: NothingToDoReason::NoAccount,
        }
    }

    /// Adds a severity as the sender wrote it. The gravest becomes the payload's.
    pub(crate) fn severity(&mut self, text: Option<impl AsRef<str>>) {
        let Some(text) = text.and_then(|text| tidy(text.as_ref(), LONGEST_SEVERITY)) else {
            return;
        };
        if let Some(severity) = Severity::read(&text) {
            self.statement().severity = Some(severity);
        }
        self.join_severity(text);
    }

    /// Adds the severity of one alert within an incident, which has a severity of its own.
    pub(crate) fn alert_severity(&mut self, text: Option<impl AsRef<str>>) {
        if let Some(severity) = text.and_then(|text| Severity::read(text.as_ref())) {
            self.statement().severity = Some(severity);
        }
    }

    fn join_severity(&mut self, text: String) {
        let known = self.severity.as_deref();
        if known.is_none_or(|known| Severity::read(known) < Severity::read(&text)) {
            self.severity = Some(text);
        }
    }

    /// Adds an alert's id. Two different ids count as no id.
    pub(crate) fn alert(&mut self, text: Option<impl AsRef<str>>) {
        if let Some(id) = text.and_then(|text| tidy(text.as_ref(), LONGEST_ID)) {
            self.source(&id);
            self.alert_id.add(id);
        }
    }

    /// Adds the id of an alert within an incident that is read as a whole. It does not identify the incident's
    /// statement.
    pub(crate) fn alert_of_whole(&mut self, text: Option<impl AsRef<str>>) {
        if let Some(id) = text.and_then(|text| tidy(text.as_ref(), LONGEST_ID)) {
            self.alert_id.add(id);
        }
    }

    /// Adds an incident's id. Two different ids count as no id.
    pub(crate) fn incident(&mut self, text: Option<impl AsRef<str>>) {
        if let Some(id) = text.and_then(|text| tidy(text.as_ref(), LONGEST_ID)) {
            self.incident_id.add(id);
        }
    }

    /// Sets the id of the current statement: an alert's, a detection's or an incident's.
    pub(crate) fn source(&mut self, id: &str) {
        self.statement().source = Some(id.to_lowercase());
    }

    /// Sets the time at which the sender made the current statement.
    pub(crate) fn said_at(&mut self, at: Option<Timestamp>) {
        self.statement().at = at;
    }

    /// The time at which the sender made the current statement, if known.
    pub(crate) fn has_said_at(&mut self) -> Option<Timestamp> {
        self.statement().at
    }

    /// Sets whether the alert that is read now is still active. A statement that is over stays over.
    pub(crate) fn state(&mut self, state: State) {
        let statement = self.statement();
        if statement.state == State::Open {
            statement.state = state;
        }
    }

    /// Sets who wrote the current statement, where the shape does not determine it.
    pub(crate) fn written_by(&mut self, written_by: WrittenBy) {
        self.statement().written_by = written_by;
    }

    /// Begins a new alert within this payload. It inherits that the whole is over, and the severity of the whole until
    /// it states its own.
    pub(crate) fn begin_alert(&mut self) {
        let whole = self.statements[0].clone();
        self.statements.push(Statement {
            source: None,
            at: None,
            ..whole
        });
    }

    fn statement(&mut self) -> &mut Statement {
        // A builder starts with one statement and never loses it.
        let last = self.statements.len() - 1;
        &mut self.statements[last]
    }

    /// Adds the tenant of an alert. Two different tenants count as none.
    pub(crate) fn tenant(&mut self, tenant: Option<TenantId>) {
        if let Some(tenant) = tenant {
            self.tenant.add(tenant);
        }
    }

    /// Adds the time at which accounts were flagged. The latest one counts.
    pub(crate) fn flagged(&mut self, at: Option<Timestamp>) {
        self.flagged_at = self.flagged_at.max(at);
    }

    /// Sets the reason, and who asked.
    pub(crate) fn remarks(&mut self, reason: Option<&str>, requested_by: Option<&str>) {
        self.reason = reason.and_then(|text| tidy(text, LONGEST_REMARK));
        self.requested_by = requested_by.and_then(|text| tidy(text, LONGEST_REMARK));
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn lacks_time(&self) -> bool {
        self.flagged_at.is_none()
    }

    /// Whether no account has been found yet.
    pub(crate) fn names_nobody(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The number of users found.
    pub(crate) fn users(&self) -> usize {
        self.accounts.users()
    }

    /// Adds an account that the alert flags.
    pub(crate) fn subject(&mut self, account: SubjectRef) {
        self.named(account, Role::Subject);
    }

    /// Adds an account, flagged or only mentioned.
    pub(crate) fn named(&mut self, account: SubjectRef, role: Role) {
        self.say(account, role, None, None);
    }

    /// Adds an account. Its own flag is over if `cleared` is given.
    pub(crate) fn risk(&mut self, account: SubjectRef, cleared: Option<Cleared>) {
        self.say(account, Role::Subject, cleared, None);
    }

    /// Adds a flagged account with a severity of its own.
    pub(crate) fn subject_of(&mut self, account: SubjectRef, severity: Option<Severity>) {
        self.say(account, Role::Subject, None, severity);
    }

    fn say(
        &mut self,
        account: SubjectRef,
        role: Role,
        cleared: Option<Cleared>,
        severity: Option<Severity>,
    ) {
        let statement = self.statements.len() - 1;
        let said = Said {
            statement,
            role,
            cleared,
            severity,
        };
        self.accounts.add(account, vec![said]);
    }

    /// Sets the tenant of every account whose tenant is unknown.
    pub(crate) fn belong_to(&mut self, tenant: Option<TenantId>) {
        self.accounts.belong_to(tenant);
    }

    /// The flagged accounts of a part that is read by itself.
    pub(crate) fn into_subjects(self) -> Vec<SubjectRef> {
        let is_subject = |said: &Vec<Said>| said.iter().any(|one| one.role == Role::Subject);
        let accounts = self.accounts.into_list().into_iter();
        accounts
            .filter(|(_, said)| is_subject(said))
            .map(|(account, _)| account)
            .collect()
    }

    /// Merges one more alert of the same payload; `place` maps its problems to their place in the payload.
    pub(crate) fn absorb(&mut self, other: Self, place: impl Fn(JsonProblem) -> JsonProblem) {
        if other.names_nobody() && other.otherwise.leaves_users_unread() && other.unread.is_empty()
        {
            self.unread
                .push((place(JsonProblem::new("")), other.otherwise.clone()));
        }
        let deeper = other.unread.into_iter();
        self.unread
            .extend(deeper.map(|(problem, reason)| (place(problem), reason)));
        if let Some(severity) = other.severity {
            self.join_severity(severity);
        }
        self.alert_id.join(other.alert_id);
        self.incident_id.join(other.incident_id);
        self.tenant.join(other.tenant);
        self.flagged(other.flagged_at);
        let is_alone = self.parts == 0;
        // The expected number, the reason and the author of one message do not apply to its neighbours.
        let common = |known: Option<String>, other: Option<String>| {
            if is_alone {
                other
            } else {
                known.filter(|known| other.as_ref() == Some(known))
            }
        };
        self.reason = common(self.reason.take(), other.reason);
        self.requested_by = common(self.requested_by.take(), other.requested_by);
        self.expect = other.expect.filter(|_| is_alone);
        self.comment_by = self.comment_by.or(other.comment_by);
        self.handed_on = other.handed_on.filter(|_| is_alone);
        if self.parts == 0 || reason::rank(&other.otherwise) > reason::rank(&self.otherwise) {
            self.otherwise = other.otherwise;
        }
        self.parts += 1;
        let before = self.statements.len();
        self.statements.extend(other.statements);
        for (account, mut said) in other.accounts.into_list() {
            for one in &mut said {
                one.statement += before;
            }
            self.accounts.add(account, said);
        }
    }

    /// Moves all paths below a name.
    pub(crate) fn stands_within(&mut self, name: &'static str) {
        let parts = std::mem::take(&mut self.unread).into_iter();
        self.unread = parts
            .map(|(problem, reason)| (problem.within(name), reason))
            .collect();
    }

    /// Takes over the contents of an envelope under `name`. The shape stays the envelope's.
    pub(crate) fn enclose(
        &mut self,
        inner: Result<Self, Failure>,
        name: &'static str,
    ) -> Result<(), JsonProblem> {
        match inner {
            Ok(inner) => {
                self.absorb(inner, |problem| problem.within(name));
                Ok(())
            }
            Err(failure) => {
                let AlertHeader {
                    severity,
                    alert_id,
                    incident_id,
                    ..
                } = *failure.header;
                self.severity(severity);
                self.alert(alert_id);
                self.incident(incident_id);
                Err(failure.problem.within(name))
            }
        }
    }

    /// Finishes an alert: one that is over has no entities to wait for.
    pub(crate) fn ended(mut self) -> Self {
        let is_over = |statement: &Statement| statement.state != State::Open;
        let alerts = match self.statements.as_slice() {
            [_, alerts @ ..] if !alerts.is_empty() => alerts,
            whole => whole,
        };
        if self.names_nobody() && self.parts == 0 && alerts.iter().all(is_over) {
            self.otherwise = match self.otherwise {
                NothingToDoReason::NoAccount
                | NothingToDoReason::EntitiesPending
                | NothingToDoReason::NotificationOnly
                | NothingToDoReason::NoUser => NothingToDoReason::Resolved,
                told @ (NothingToDoReason::Resolved
                | NothingToDoReason::Redirected { .. }
                | NothingToDoReason::NotAnAlert { .. }
                | NothingToDoReason::SubscriptionValidation { .. }) => told,
            };
        }
        self
    }

    /// Everything but the accounts.
    pub(crate) fn header(&self) -> AlertHeader {
        AlertHeader {
            shape: self.shape,
            severity: self.severity.clone(),
            alert_id: self.alert_id.one(),
            incident_id: self.incident_id.one(),
            tenant: self.tenant.one(),
            flagged_at: self.flagged_at,
            reason: self.reason.clone(),
            requested_by: self.requested_by.clone(),
            expect: self.expect,
            comment_by: self.comment_by,
            handed_on: self.handed_on.clone(),
        }
    }

    /// The same payload as a failure.
    pub(crate) fn fail(&self, problem: JsonProblem) -> Failure {
        Failure {
            header: Box::new(self.header()),
            problem,
        }
    }

    /// The result of reading the payload.
    pub(crate) fn finish(self) -> Parsed {
        let header = self.header();
        let statements = Statements::new(&self.statements);
        let (mut subjects, mut mentioned) = (Vec::new(), Vec::new());
        for (account, said) in self.accounts.into_list() {
            match statements.standing(&said) {
                Standing::Flagged(flag) => subjects.push(Subject { account, flag }),
                Standing::Mentioned(why) => mentioned.push(Mention { account, why }),
            }
        }
        let is_user = |subject: &Subject| subject.account.kind == SubjectKind::User;
        if subjects.iter().any(is_user) {
            return Parsed::Alert(Alert {
                header,
                subjects,
                mentioned,
                unread: unread(self.unread),
            });
        }
        Parsed::NothingToDo(NothingToDo {
            header,
            reason: reason::of(&subjects, &mentioned, self.otherwise),
            subjects,
            mentioned,
            unread: unread(self.unread),
            incident: None,
        })
    }
}

fn unread(parts: Vec<(JsonProblem, NothingToDoReason)>) -> Vec<Unread> {
    parts
        .into_iter()
        .map(|(place, reason)| Unread {
            path: place.path(),
            reason,
        })
        .collect()
}
