//! `evict check`: whether everything that the other verbs need is there, line by line, with the next step. It changes
//! nothing.

mod ask;

use std::io::{self, Write};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::function::{Function, Target};
use crate::cli::session::service_bus::standing_namespace;
use crate::cli::session::{Operator, runtime};
use crate::cli::terminal::escape::{Escaped, write_json};
use crate::cli::terminal::progress::{Interrupt, run_interruptibly};
use crate::cli::terminal::table::write_wrapped;
use crate::cli::terminal::{Console, Surroundings};
use crate::service_bus::{Namespace, QueuePath};

/// Says whether all is there that the other verbs need: sign-in, tenant, permissions, Graph, queue, function; changes nothing.
///
/// No message is taken, locked or sent. Whether you may send to a queue is not told by Service Bus but when something is sent.
///
/// Exit code 0 if all is well; 1 if something is not; 2 if nobody is signed in, so that nothing could be asked; 64 for a wrong
/// command line or setting; 74 if the answer cannot be written; 77 if a permission or a role is missing, or the function does not
/// let you in; 130 after a second Ctrl-C.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evict check\n  evict check --namespace contoso-evict --json\n  evict check --profile contoso"
)]
pub(crate) struct Check {
    /// The Service Bus namespace: its name, or its whole host in another cloud; without it `EVICT_NAMESPACE` counts, then the profile.
    /// Without any no queue is asked for.
    #[arg(long, value_name = "HOST")]
    namespace: Option<Namespace>,
    /// The function's queue; the queue of that name with `-rejected` behind it is asked for too.
    #[arg(long, value_name = "NAME", default_value = "evict")]
    queue: QueuePath,
    #[command(flatten)]
    function: Function,
    /// Answer with one JSON document: {"ok": …, "checks": [...]}.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: Operator,
}

/// What is checked beside Graph.
struct About {
    namespace: Option<Namespace>,
    function: Option<Target>,
}

/// The answer. Its JSON is a contract; what is not known is left out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Check")]
pub(crate) struct Document {
    /// Whether nothing is wrong.
    ok: bool,
    /// What was looked at, in its order.
    checks: Vec<Line>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CheckLine")]
struct Line {
    /// What it is: `sign-in`, `tenant`, `permission …`, `graph`, `protected group …`, `queue …`, `function`.
    name: String,
    /// Whether it is well.
    state: State,
    /// What is so, or what is wrong and what to do.
    detail: String,
    #[serde(skip)]
    exit: Exit,
}

/// Whether a thing is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CheckState")]
enum State {
    /// It is well.
    Ok,
    /// It is not; the detail says what to do.
    NotOk,
    /// It cannot be told from here, or is not needed by everybody.
    Unknown,
}

impl Line {
    fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: State::Ok,
            detail: detail.into(),
            exit: Exit::Success,
        }
    }

    fn not_ok(name: impl Into<String>, exit: Exit, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: State::NotOk,
            detail: detail.into(),
            exit,
        }
    }

    fn unknown(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            state: State::Unknown,
            ..Self::ok(name, detail)
        }
    }
}

impl Check {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let settings = self.operator.settings(&console.surroundings)?;
        let about = self.about(&console.surroundings)?;
        let runtime = runtime()?;
        let first = || "stopping, with nothing changed".to_owned();
        let interrupt = Interrupt::default();
        let checks = console.with_progress("Checking", None, |progress, _| {
            runtime.block_on(run_interruptibly(&interrupt, progress, first, async {
                let mut checks = Vec::new();
                tokio::select! {
                    () = self.ask(settings, &about, progress, &mut checks) => {}
                    () = interrupt.asked() => {}
                }
                checks
            }))
        });
        // After a second Ctrl-C there is nothing to say.
        let Some(checks) = checks else {
            return Ok(Exit::Interrupted);
        };
        let ok = !interrupt.is_asked() && checks.iter().all(|line| line.state != State::NotOk);
        let exit = exit(&checks, interrupt.is_asked());
        let document = Document { ok, checks };
        if self.json {
            write_json(console.output, &document)?;
        } else {
            document.write(console.output, console.surroundings.width)?;
        }
        Ok(exit)
    }
}

impl Check {
    fn about(&self, surroundings: &Surroundings) -> Result<About, Failure> {
        let namespace = match &self.namespace {
            Some(namespace) => Some(namespace.clone()),
            None => standing_namespace(surroundings)?,
        };
        Ok(About {
            namespace,
            function: self.function.target(surroundings)?,
        })
    }
}

/// A failed sign-in comes first, then a missing permission, then anything else.
fn exit(checks: &[Line], stopped: bool) -> Exit {
    for exit in [Exit::Unable, Exit::NoPermission, Exit::Partly] {
        if checks.iter().any(|line| line.exit == exit) {
            return exit;
        }
    }
    if stopped { Exit::Partly } else { Exit::Success }
}

impl Document {
    fn write(&self, output: &mut dyn Write, width: u16) -> io::Result<()> {
        for line in &self.checks {
            let word = match line.state {
                State::Ok => "ok",
                State::NotOk => "NOT OK",
                State::Unknown => "?",
            };
            writeln!(output, "{word:<6}  {}", Escaped(&line.name))?;
            for part in line.detail.lines() {
                write_wrapped(output, "        ", &Escaped(part).to_string(), width)?;
            }
        }
        let wrong = self
            .checks
            .iter()
            .filter(|line| line.state == State::NotOk)
            .count();
        match (self.ok, wrong) {
            (true, _) => writeln!(output, "\nAll is well, as far as it can be told from here."),
            (false, 0) => writeln!(output, "\nStopped before all was asked."),
            (false, 1) => writeln!(output, "\nOne thing is not well."),
            (false, wrong) => writeln!(output, "\n{wrong} things are not well."),
        }
    }
}
