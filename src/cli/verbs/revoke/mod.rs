//! `evict revoke`: cuts users now, from this machine, under the operator's own identity, by the same code as the function.
//!
//! What the function protects is protected here too, if the function is known. The users that a person was shown are the
//! users that are cut, by object id. Only a person's explicit word overrides a guard, and the receipt repeats that word.

mod confirm;
mod cut;
mod guards;
mod receipts;

use clap::Args;

use self::confirm::Asking;
use self::cut::Cutting;
use self::guards::Guards;
use self::guards::Person;
use self::receipts::Done;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::function::Function;
use crate::cli::session::look_up::look_up;
use crate::cli::session::subjects::{Users, count_users};
use crate::cli::session::{Operator, runtime};
use crate::cli::terminal::table::write_escaped;
use crate::cli::terminal::{Console, Surroundings, question};
use crate::domain::{Mode, SubjectRef, json_without_controls};
use crate::receipt::{self, OperatorReport};

/// Cuts every session of the users, now and from here, and hands back receipts.
///
/// Protected accounts stay protected: by the function's own policy, if --url or a profile says where it is, and by
/// `EVICT_PROTECTED_USERS`, `EVICT_PROTECTED_GROUPS`, the caps and `EVICT_MODE` of this shell. Who may be in a protected group
/// that hides its members is spared, unless you hold `Member.Read.Hidden`.
///
/// The function's cap per hour leaves you what is left of its hour, and does not count what you cut: a person's cuts take no
/// place from the alerts that come.
///
/// Exit code 0 if all are cut, or with --observe would be; 1 if some are not (withheld, not found, not effective, not confirmed, only
/// observed by `EVICT_MODE` or the function), 2 if the work could
/// not be done, 64 for a wrong command line or setting, 65 if a user cannot be understood or --expect does not fit, 66 and 74
/// if the list cannot be read, 77 if a permission is missing, 130 after a second Ctrl-C.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict revoke alice@contoso.com --yes --reason 'Tokens seen on a paste site'\n  \
                        evict revoke --file users.txt --expect 3 --json\n  evict revoke alice@contoso.com --observe"
)]
pub(crate) struct Revoke {
    #[command(flatten)]
    users: Users,
    /// Why; it stands in the receipts.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say who would be cut, and change nothing.
    #[arg(long)]
    observe: bool,
    /// Do not ask the person at the terminal. Where nobody is at one, this or --expect has to be given.
    #[arg(long, short)]
    yes: bool,
    /// Cut also whom a guard protects, and beyond what the function allows, for this reason, which stands in the receipts.
    #[arg(long, value_name = "REASON", value_parser = reason, conflicts_with = "observe")]
    override_guard: Option<String>,
    /// How many users are meant. Another number stops the command before anything is asked or changed; the right one is the
    /// word that all are meant, also beyond `EVICT_MAX_USERS_PER_ALERT`.
    #[arg(long, value_name = "N")]
    expect: Option<usize>,
    /// Answer with one JSON document: {"receipts": [...], "summary": {...}}.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    function: Function,
    #[command(flatten)]
    operator: Operator,
}

fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("expected a reason, which stands in the receipts");
    }
    Ok(text.to_owned())
}

impl Revoke {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let subjects = self.users.read(console.input)?;
        self.check_expectation(&subjects)?;
        let settings = self.operator.settings(&console.surroundings)?;
        let observes = self.observe || settings.policy.mode == Mode::Observe;
        self.check_attendance(&console.surroundings, observes)?;
        let target = self.function.target(&console.surroundings)?;
        let runtime = runtime()?;
        let mut session = runtime.block_on(self.operator.connect(settings))?;
        if self.observe {
            session.settings.policy.mode = Mode::Observe;
        }
        let learning = Guards::learn(&mut session, target, self.override_guard.as_deref());
        let guards = runtime.block_on(learning)?;
        let unsound = runtime.block_on(guards.pin_names(&mut session))?;
        for text in unsound {
            console.tell(&text)?;
        }
        let people = runtime.block_on(look_up(&session, subjects));
        let mut people = guards.people(&mut session, people);
        let asks = self.asks(&console.surroundings, session.settings.policy.mode);
        if asks || self.override_guard.is_some() {
            people = runtime.block_on(guards.examine(&session, people));
        }
        if asks {
            let asking = Asking {
                tenant: session.settings.policy.tenant,
                guards: guards.describe(&session),
                overridden: self.override_guard.is_some(),
                people: &people,
            };
            let answer = question::open()
                .and_then(|mut terminal| confirm::confirm(&mut terminal, console.errors, &asking));
            if !answer.map_err(|error| Failure::asking(&error))? {
                return Err(Failure::new(
                    Exit::Partly,
                    "not confirmed. Nothing was changed.",
                ));
            }
        }
        let policy = guards.policy_of_the_run(&session);
        let doing = if policy.mode == Mode::Observe {
            "Looking at users"
        } else {
            "Cutting users"
        };
        let cutting = Cutting {
            session: &session,
            policy,
            reason: self.reason.as_deref(),
            expects: self.expect.is_some(),
            // Only these were shown to the person, or checked against the function's policy.
            found_alone: asks || guards.are_the_functions(),
        };
        let mut done = console.with_progress(doing, Some(people.len()), |progress, _| {
            runtime.block_on(cutting.cut(&people, progress))
        });
        guards.note(&people, &mut done.receipts);
        self.report(console, &done)
    }

    /// Without a terminal, consent has to be on the command line.
    fn check_attendance(&self, surroundings: &Surroundings, observes: bool) -> Result<(), Failure> {
        let has_word = self.yes || self.expect.is_some();
        if observes || has_word || surroundings.is_attended {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Usage,
            "nobody is at a terminal to be asked. Nothing was changed.\nNext: give --yes, or the number of users with --expect.",
        ))
    }

    fn asks(&self, surroundings: &Surroundings, mode: Mode) -> bool {
        let cuts = mode == Mode::Enforce || self.override_guard.is_some();
        surroundings.is_attended && !self.yes && cuts
    }

    fn check_expectation(&self, subjects: &[SubjectRef]) -> Result<(), Failure> {
        let named = count_users(subjects);
        match self.expect {
            Some(expected) if expected != named => Err(Failure::new(
                Exit::Data,
                format!(
                    "--expect is {expected}, but the number of different users named is {named}. Nothing was changed.\nNext: see who is \
                     named too much or too little, then run the command again."
                ),
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn report(&self, console: &mut Console<'_>, done: &Done) -> Result<Exit, Failure> {
        if self.json {
            let json = receipt::operator_json(&OperatorReport {
                receipts: &done.receipts,
                not_begun: &done.not_begun,
                unknown: &done.unknown,
                reason: self.reason.as_deref(),
            });
            writeln!(console.output, "{}", json_without_controls(&json))?;
        } else {
            self.write(console, done)?;
        }
        Ok(receipts::exit(done, self.observe))
    }

    fn write(&self, console: &mut Console<'_>, done: &Done) -> std::io::Result<()> {
        let width = console.surroundings.width;
        receipts::write(console.output, done, width)?;
        for (name, text) in [
            ("Reason: ", &self.reason),
            ("Guards overridden: ", &self.override_guard),
        ] {
            if let Some(text) = text {
                write_escaped(console.output, name, text, width)?;
            }
        }
        Ok(())
    }
}
