//! `evict revoke`: cuts now, from here, under the operator's own identity, by the same code as the function.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use uuid::Uuid;

use super::confirm;
use super::look_up::look_up;
use super::operator::{Operator, Session, complain};
use super::progress::{Interrupt, Progress, heeding};
use super::receipts::Done;
use super::users::Users;
use super::{Console, Exit, question, receipts};
use crate::containment::{Containment, Limits, Task};
use crate::domain::{
    AlertHeader, Correlation, Mode, Shape, SubjectKind, SubjectRef, json_without_controls,
};
use crate::ledger::MemoryLedger;
use crate::receipt::{self, OperatorReport};

/// How often it is looked how many have ended.
const GLANCE: Duration = Duration::from_millis(100);

/// Cuts every session of the users, now and from here, and hands back receipts.
///
/// Protected accounts stay protected: `EVICT_PROTECTED_USERS`, `EVICT_PROTECTED_GROUPS`, the caps and `EVICT_MODE` are read from
/// the environment, as the function reads them.
///
/// Exit code 0 if all are cut, 1 if some are not (withheld, not found, not effective, not confirmed), 2 if the work could
/// not be done, 64 for a wrong command line or setting, 65 if a user cannot be understood or --expect does not fit, 66 and 74
/// if the list cannot be read, 77 if a permission is missing, 130 after a second Ctrl-C.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict revoke alice@contoso.com --reason 'Tokens seen on a paste site'\n  \
                        evict revoke --file users.txt --expect 3 --json\n  evict revoke alice@contoso.com --observe"
)]
pub(super) struct Revoke {
    #[command(flatten)]
    users: Users,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say who would be cut, and change nothing.
    #[arg(long)]
    observe: bool,
    /// Do not ask the person at the terminal.
    #[arg(long, short)]
    yes: bool,
    /// How many users are meant. Another number stops the command before anything is asked or changed; the right one is the
    /// word that all are meant, also beyond `EVICT_MAX_USERS_PER_ALERT`.
    #[arg(long, value_name = "N")]
    expect: Option<usize>,
    /// Answer with one JSON document: {"receipts": [...], "summary": {...}}.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: Operator,
}

impl Revoke {
    /// Runs the verb.
    pub(super) fn run(&self, console: &mut Console<'_>) -> Exit {
        self.attempt(console).unwrap_or_else(|exit| exit)
    }

    fn attempt(&self, console: &mut Console<'_>) -> Result<Exit, Exit> {
        let subjects = self.users.read(console)?;
        self.check_expectation(console, &subjects)?;
        let mut session = self.operator.begin(console)?;
        if self.observe {
            session.settings.policy.mode = Mode::Observe;
        }
        let people = session.run(look_up(&session, subjects));
        if self.wants_confirmation(console, &session) {
            let tenant = session.settings.policy.tenant;
            let answer = question::open().and_then(|mut terminal| {
                confirm::confirm(&mut terminal, console.errors, tenant, &people)
            });
            if !answer.map_err(|_| Exit::Io)? {
                return Err(complain(
                    console,
                    Exit::Partly,
                    "not confirmed. Nothing was changed.",
                ));
            }
        }
        let subjects: Vec<_> = people.into_iter().map(|(subject, _)| subject).collect();
        let doing = if session.settings.policy.mode == Mode::Observe {
            "Looking at users"
        } else {
            "Cutting users"
        };
        let progress = Progress::begin(
            console.errors,
            &console.surroundings,
            doing,
            Some(subjects.len()),
        );
        let done = session.run(self.cut(&session, subjects, &progress));
        drop(progress);
        self.report(console, &done)
    }

    fn check_expectation(
        &self,
        console: &mut Console<'_>,
        subjects: &[SubjectRef],
    ) -> Result<(), Exit> {
        let named = users_among(subjects);
        match self.expect {
            Some(expected) if expected != named => Err(complain(
                console,
                Exit::Data,
                &format!(
                    "--expect is {expected}, but the number of different users named is {named}. Nothing was changed.\nNext: see who is \
                     named too much or too little, then run the command again."
                ),
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn wants_confirmation(&self, console: &Console<'_>, session: &Session) -> bool {
        console.surroundings.is_attended
            && !self.yes
            && session.settings.policy.mode == Mode::Enforce
    }

    /// Cuts a few at a time, so that a Ctrl-C leaves those alone whose turn had not come.
    async fn cut(
        &self,
        session: &Session,
        subjects: Vec<SubjectRef>,
        progress: &Progress<'_>,
    ) -> Done {
        let policy = session.settings.policy.clone();
        let named = users_among(&subjects);
        // Beyond the cap only so many are looked at, in one go; the guard withholds the others.
        let capped = self.expect.is_none() && named > policy.max_users_per_alert;
        let at_once = if capped {
            subjects.len()
        } else {
            session.settings.concurrency
        };
        let containment = Containment::new(
            session.entra.clone(),
            policy,
            Arc::new(MemoryLedger::new(Arc::clone(&session.clock))),
            Arc::clone(&session.clock),
            Limits {
                concurrency: session.settings.concurrency,
                verify: session.settings.verify,
            },
        );
        let mut header = AlertHeader::new(Shape::Manual);
        header.reason.clone_from(&self.reason);
        header.expect = (!capped).then_some(named);
        let correlation = Correlation {
            invocation_id: run_id(session),
            ..Correlation::default()
        };
        let mut done = Done::default();
        let interrupt = Interrupt::default();
        let ended = Arc::new(AtomicUsize::new(0));
        for part in subjects.chunks(at_once.max(1)) {
            if interrupt.is_asked() || !done.unknown.is_empty() {
                done.not_begun.extend(part.iter().map(SubjectRef::written));
                continue;
            }
            let task = Task {
                header: header.clone(),
                subjects: part.to_vec(),
                enqueued_at: None,
                correlation: correlation.clone(),
                requested_by: session.caller(),
                deadline: session.deadline(),
            };
            let work = watched(
                progress,
                &ended,
                containment.contain_counting(task, Arc::clone(&ended)),
            );
            let finishing = || "finishing what was begun".to_owned();
            match heeding(&interrupt, progress, finishing, work).await {
                Some(receipts) => done.receipts.extend(receipts),
                None => done.unknown.extend(part.iter().map(SubjectRef::written)),
            }
        }
        for receipt in &mut done.receipts {
            receipt.still_alive = receipt::still_alive(&receipt.outcome, receipt::cut_at(receipt));
        }
        done
    }

    fn report(&self, console: &mut Console<'_>, done: &Done) -> Result<Exit, Exit> {
        let written = if self.json {
            let json = receipt::operator_json(&OperatorReport {
                receipts: &done.receipts,
                not_begun: &done.not_begun,
                unknown: &done.unknown,
                reason: self.reason.as_deref(),
            });
            writeln!(console.output, "{}", json_without_controls(&json))
        } else {
            receipts::write(console.output, done, console.surroundings.width)
        };
        written.map_err(|_| Exit::Io)?;
        Ok(receipts::exit(done, self.observe))
    }
}

/// Does the work, and shows meanwhile how many have ended.
async fn watched<T>(
    progress: &Progress<'_>,
    ended: &AtomicUsize,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        let done = tokio::time::timeout(GLANCE, &mut work).await;
        progress.set(ended.load(Ordering::Relaxed));
        if let Ok(done) = done {
            return done;
        }
    }
}

fn users_among(subjects: &[SubjectRef]) -> usize {
    subjects
        .iter()
        .filter(|subject| subject.kind == SubjectKind::User)
        .count()
}

/// A name for this run, which its receipts share.
fn run_id(session: &Session) -> String {
    let now = session.clock.now();
    let tenant = session.settings.policy.tenant.uuid();
    Uuid::new_v5(&tenant, now.to_string().as_bytes()).to_string()
}
