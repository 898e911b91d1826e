//! The cut itself. A user that was found is cut by the object id that was shown; the others are only looked up once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::Person;
use super::receipts::Done;
use crate::cli::session::Session;
use crate::cli::session::subjects::count_users;
use crate::cli::terminal::progress::{Interrupt, Progress, run_interruptibly};
use crate::containment::{Containment, Task};
use crate::domain::{
    AlertHeader, Correlation, Flag, Masked, Mode, Policy, Receipt, Shape, Subject, SubjectKind,
    SubjectRef, WrittenBy,
};
use crate::ledger::MemoryLedger;

/// How often the progress bar is updated.
const GLANCE: Duration = Duration::from_millis(100);

pub(super) struct Cutting<'a> {
    pub(super) session: &'a Session,
    pub(super) policy: Policy,
    pub(super) reason: Option<&'a str>,
    /// Whether `--expect` was given, which has to be right to get here.
    pub(super) expects: bool,
    /// Whether only users that were found beforehand may be cut.
    pub(super) found_alone: bool,
}

struct Turn {
    index: usize,
    subject: SubjectRef,
    written: String,
}

/// The subjects of one policy.
struct Part {
    turns: Vec<Turn>,
    containment: Containment,
}

impl Cutting<'_> {
    /// Cuts a few users at a time: a Ctrl-C leaves the others alone.
    pub(super) async fn cut(&self, people: &[Person], progress: &Progress<'_>) -> Done {
        let named = count_users(people.iter().map(|person| &person.subject));
        // Beyond the cap all subjects go in one batch, of which the guard withholds the rest.
        let capped = !self.expects && named > self.policy.max_users_per_alert;
        let at_once = if capped {
            people.len()
        } else {
            self.session.settings.concurrency
        };
        let mut header = AlertHeader::new(Shape::Manual);
        header.reason = self.reason.map(str::to_owned);
        header.expect = (!capped).then_some(named);
        let correlation = Correlation {
            invocation_id: run_id(self.session),
            ..Correlation::default()
        };
        let mut receipts: Vec<(usize, Receipt)> = Vec::new();
        let mut done = Done::default();
        let interrupt = Interrupt::default();
        let ended = Arc::new(AtomicUsize::new(0));
        for Part { turns, containment } in self.parts(people) {
            for part in turns.chunks(at_once.max(1)) {
                let written = part.iter().map(|turn| turn.written.clone());
                if interrupt.is_asked() || !done.unknown.is_empty() {
                    done.not_begun.extend(written);
                    continue;
                }
                let task = Task {
                    left_out: 0,
                    header: header.clone(),
                    subjects: part
                        .iter()
                        .map(|turn| by_order_of_a_person(&turn.subject))
                        .collect(),
                    enqueued_at: None,
                    received_at: Some(self.session.clock.now()),
                    message: None,
                    correlation: correlation.clone(),
                    requested_by: self.session.caller(),
                    deadline: self.session.deadline(),
                    cleared: Arc::default(),
                };
                let count = Arc::clone(&ended);
                let one_more = move |_, _: &Receipt| {
                    count.fetch_add(1, Ordering::Relaxed);
                };
                let work = containment.contain_watched(task, Arc::new(one_more));
                let work = run_counted(progress, &ended, work);
                let finishing = || "finishing what was begun".to_owned();
                match run_interruptibly(&interrupt, progress, finishing, work).await {
                    Some(made) => receipts.extend(part.iter().zip(made).map(with_written_subject)),
                    None => done.unknown.extend(written),
                }
            }
        }
        receipts.sort_by_key(|(index, _)| *index);
        done.receipts = receipts.into_iter().map(|(_, receipt)| receipt).collect();
        done
    }

    /// The users that may be cut, and the subjects that are only looked up once more, so that each has a receipt.
    fn parts(&self, people: &[Person]) -> [Part; 2] {
        let ledger = Arc::new(MemoryLedger::new(Arc::clone(&self.session.clock)));
        let containment = |mode| {
            let policy = Policy {
                mode,
                ..self.policy.clone()
            };
            self.session
                .containment(policy, Arc::<MemoryLedger>::clone(&ledger))
        };
        let turns = people.iter().enumerate().map(|(index, person)| {
            let subject = match &person.found {
                Some(user) => {
                    let mut by_id = SubjectRef::new(SubjectKind::User);
                    by_id.id = Some(user.id);
                    by_id
                }
                None => person.subject.clone(),
            };
            let turn = Turn {
                index,
                subject,
                written: person.subject.written(),
            };
            (person.found.is_some() || !self.found_alone, turn)
        });
        let (sure, others): (Vec<_>, Vec<_>) = turns.partition(|(is_sure, _)| *is_sure);
        let of = |turns: Vec<(bool, Turn)>| turns.into_iter().map(|(_, turn)| turn).collect();
        [
            Part {
                turns: of(sure),
                containment: containment(self.policy.mode),
            },
            Part {
                turns: of(others),
                containment: containment(Mode::Observe),
            },
        ]
    }
}

/// The receipt, with the subject as it was written.
fn with_written_subject((turn, mut receipt): (&Turn, Receipt)) -> (usize, Receipt) {
    receipt.subject = Masked(turn.written.clone());
    (turn.index, receipt)
}

/// Runs the work and updates the progress bar.
async fn run_counted<T>(
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

/// The id of this run, which its receipts share.
fn run_id(session: &Session) -> String {
    let now = session.clock.now();
    let tenant = session.settings.policy.tenant.uuid();
    Uuid::new_v5(&tenant, now.to_string().as_bytes()).to_string()
}

/// A subject that a person orders to be cut.
fn by_order_of_a_person(account: &SubjectRef) -> Subject {
    Subject {
        account: account.clone(),
        flag: Flag::open(WrittenBy::Person),
    }
}
