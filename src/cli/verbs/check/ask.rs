//! Runs the checks in sequence. A check that depends on a failed sign-in is left out.

use std::time::Duration;

use super::{About, Check, Line};
use crate::cli::exit::Exit;
use crate::cli::session::function::{CheckReply, Target, not_let_in, otherwise, silent};
use crate::cli::session::service_bus::{connect, credential_name};
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::table::time;
use crate::config::Settings;
use crate::containment::{Concern, SelfCheck};
use crate::domain::{Deadline, Mode};
use crate::graph::{REQUIRED_PERMISSIONS, Who};
use crate::identity::TokenFacts;
use crate::identity::operator::SignedIn;
use crate::inquiry::function::{FunctionCheck, FunctionPolicy};
use crate::service_bus::{Namespace, QueuePath, Reading, ServiceBus};

/// The longest that Graph is asked: a person waits.
const GRAPH: Duration = Duration::from_secs(30);

impl Check {
    pub(super) async fn ask(
        &self,
        settings: Settings,
        about: &About,
        progress: &Progress<'_>,
        lines: &mut Vec<Line>,
    ) {
        let session = match self.operator.connect(settings).await {
            Ok(session) => session,
            Err(failure) => {
                lines.push(Line::not_ok("sign-in", failure.exit, failure.text));
                return;
            }
        };
        let facts = &session.facts;
        lines.push(Line::ok("sign-in", describe(facts)));
        let tenant = format!("{}, the one that is pinned", facts.tenant);
        lines.push(Line::ok("tenant", tenant));
        progress.step();
        let deadline = Deadline::after(&*session.clock, GRAPH);
        let found = session.guard().check(deadline).await;
        lines.extend(of_graph(&found, &session.settings));
        progress.step();
        if let Some(namespace) = &about.namespace {
            lines.extend(of_queues(namespace, &self.queue, &session.signed_in).await);
            progress.step();
        }
        if let Some(target) = &about.function {
            lines.push(of_function(target, &session.signed_in).await);
        }
    }
}

/// The caller, the way of signing in, and when the token expires.
fn describe(facts: &TokenFacts) -> String {
    let who = Who::of(facts).name();
    let id = |name: &str, id: Option<uuid::Uuid>| {
        id.map_or_else(String::new, |id| format!(", {name} {id}"))
    };
    let way = match Who::of(facts) {
        Who::Person | Who::AzureCliApplication => {
            format!(", by {}", credential_name(facts.given_by))
        }
        Who::ManagedIdentity | Who::WorkloadIdentity => String::new(),
    };
    format!(
        "{who}{}{}{way}; the token holds until {}",
        id("object id", facts.object_id),
        id("application", facts.app_id),
        time(facts.expires_at)
    )
}

/// The lines of the self-check of containment.
fn of_graph(found: &SelfCheck, settings: &Settings) -> Vec<Line> {
    let mut lines = Vec::new();
    let problem = |about: Concern| {
        found
            .problems
            .iter()
            .find(|problem| problem.about == about)
            .map(|problem| problem.text.clone())
    };
    for about in [Concern::SignIn, Concern::Tenant] {
        if let Some(text) = problem(about) {
            lines.push(Line::not_ok("sign-in", Exit::Unable, text));
        }
    }
    for permission in REQUIRED_PERMISSIONS {
        let name = format!("permission {}", permission.name);
        lines.push(match problem(Concern::Permission(permission.name)) {
            Some(text) => Line::not_ok(name, Exit::NoPermission, text),
            None => Line::ok(
                name,
                format!(
                    "there, or a stronger one; it takes it to {}",
                    permission.needed_for
                ),
            ),
        });
    }
    let graph = settings.graph_endpoint.root();
    lines.push(match (problem(Concern::Graph), found.graph_reachable) {
        (Some(text), _) => Line::not_ok("graph", Exit::Partly, text),
        (None, Some(_)) => Line::ok("graph", format!("{graph} answers")),
        (None, None) => Line::unknown(
            "graph",
            "not asked, for the token does not name whose it is",
        ),
    });
    for group in &settings.policy.protected_groups {
        let name = format!("protected group {group}");
        lines.push(match problem(Concern::Group(*group)) {
            Some(text) => Line::not_ok(name, Exit::Partly, text),
            None => Line::ok(name, "is there; its members are not cut"),
        });
    }
    for entry in 1..=settings.policy.protected_users.len() {
        let name = format!("protected user {entry}");
        lines.push(match problem(Concern::ProtectedUser(entry)) {
            Some(text) => Line::not_ok(name, Exit::Partly, text),
            None => Line::ok(name, "is there, and is not cut"),
        });
    }
    let policy = &settings.policy;
    if policy.protected_groups.is_empty() && policy.protected_users.is_empty() {
        lines.push(Line::unknown(
            "protected accounts",
            "none, by the settings of this shell: EVICT_PROTECTED_USERS and EVICT_PROTECTED_GROUPS. `evict revoke` knows \
             whom the function protects only if it is told where the function is, by --url or a profile.",
        ));
    }
    lines
}

async fn of_queues(namespace: &Namespace, queue: &QueuePath, signed_in: &SignedIn) -> Vec<Line> {
    let bus = match connect(namespace, signed_in).await {
        Ok((bus, _)) => bus,
        Err(failure) => {
            let name = format!("queue {queue}");
            return vec![Line::not_ok(name, failure.exit, failure.text)];
        }
    };
    let mut lines = vec![of_queue(&bus, queue, "dead-letters").await];
    if let Ok(rejected) = format!("{queue}-rejected").parse() {
        lines.push(of_queue(&bus, &rejected, "rejected").await);
    }
    lines
}

async fn of_queue(bus: &ServiceBus, queue: &QueuePath, verb: &str) -> Line {
    let name = format!("queue {queue}");
    match bus.probe(queue).await {
        Ok(Reading::Allowed) => Line::ok(
            name,
            format!(
                "is there, and you may read it (evict {verb}). Whether you may send to it, by the role Azure Service Bus Data \
                 Sender, shows only when something is sent."
            ),
        ),
        Ok(Reading::NotAllowed) => Line::unknown(
            name,
            format!(
                "{} answers and knows who asks. You lack the role Azure Service Bus Data Receiver, which `evict {verb}` takes \
                 and `evict send` does not; without it Service Bus does not tell whether the queue is there. Whether you may \
                 send, by the role Azure Service Bus Data Sender, shows only when something is sent.",
                bus.namespace()
            ),
        ),
        Err(error) => {
            let exit = if error.is_about_permission() {
                Exit::NoPermission
            } else {
                Exit::Partly
            };
            Line::not_ok(name, exit, error.to_string())
        }
    }
}

async fn of_function(target: &Target, signed_in: &SignedIn) -> Line {
    const NAME: &str = "function";
    let url = &target.url;
    let (with_token, check) = match target.ask(signed_in).await {
        CheckReply::Answer { with_token, check } => (with_token, check),
        CheckReply::NotAsked(why) => return Line::not_ok(NAME, Exit::Partly, why),
    };
    match check {
        FunctionCheck::Well { version, policy } => {
            let held = policy.map_or_else(String::new, |policy| format!("; {}", held_by(&policy)));
            Line::ok(
                NAME,
                format!("{url} says that all is well there (version {version}){held}"),
            )
        }
        FunctionCheck::NotWell { problems, .. } => Line::not_ok(
            NAME,
            Exit::Partly,
            format!(
                "{url} says what is not well there:\n{}",
                problems.join("\n")
            ),
        ),
        FunctionCheck::NotLetIn { status, said } => Line::not_ok(
            NAME,
            Exit::NoPermission,
            not_let_in(url, with_token, status, said),
        ),
        FunctionCheck::Otherwise { what } => {
            Line::not_ok(NAME, Exit::Partly, otherwise(url, &what))
        }
        FunctionCheck::Silent { reason } => Line::not_ok(NAME, Exit::Partly, silent(url, &reason)),
    }
}

/// A policy in short.
fn held_by(policy: &FunctionPolicy) -> String {
    let does = match policy.mode {
        Mode::Enforce => "it cuts",
        Mode::Observe => "it only observes",
    };
    format!(
        "{does}, protects {} users and {} groups, and its caps are {} users an alert and {} an hour",
        policy.protected_users,
        policy.protected_groups.len(),
        policy.max_users_per_alert,
        policy.max_users_per_hour
    )
}
