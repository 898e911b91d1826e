//! Asks for one thing after the other. What depends on a sign-in that failed is not asked.

use std::sync::Arc;
use std::time::Duration;

use super::{Check, Line};
use crate::cli::Exit;
use crate::cli::bus::{by, connect};
use crate::cli::operator::{SIGN_IN, exit_of};
use crate::cli::progress::Progress;
use crate::cli::receipts::time;
use crate::config::Settings;
use crate::containment::{Concern, Containment, Limits, SelfCheck};
use crate::domain::{Audience, Clock, Deadline, SystemClock};
use crate::entra::operator::SignedIn;
use crate::entra::operator::function::{CheckUrl, FunctionCheck};
use crate::entra::{REQUIRED_PERMISSIONS, Resource, TokenFacts, Who};
use crate::ledger::MemoryLedger;
use crate::queue::{Namespace, QueuePath, Reading, ServiceBus};

/// How long Graph may take: a person waits.
const GRAPH: Duration = Duration::from_secs(30);

impl Check {
    /// Asks for everything.
    pub(super) async fn ask(
        &self,
        settings: &Settings,
        progress: &Progress<'_>,
        lines: &mut Vec<Line>,
    ) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let signed_in = {
            let connected = self.operator.connect(settings, &clock);
            match connected {
                Err(error) => Err(error),
                Ok((signed_in, entra)) => {
                    let deadline = Deadline::after(&*clock, SIGN_IN);
                    let facts = entra.identity(deadline).await;
                    facts.map(|facts| (signed_in, entra, facts))
                }
            }
        };
        let (signed_in, entra, facts) = match signed_in {
            Ok(signed_in) => signed_in,
            Err(error) => {
                lines.push(Line::not_ok("sign-in", exit_of(&error), error.to_string()));
                return;
            }
        };
        lines.push(Line::ok("sign-in", told(&facts)));
        let tenant = format!("{}, the one that is pinned", facts.tenant);
        lines.push(Line::ok("tenant", tenant));
        progress.step();
        let containment = Containment::new(
            entra,
            settings.policy.clone(),
            Arc::new(MemoryLedger::new(Arc::clone(&clock))),
            Arc::clone(&clock),
            Limits {
                concurrency: settings.concurrency,
                verify: settings.verify,
            },
        );
        let found = containment.check(Deadline::after(&*clock, GRAPH)).await;
        lines.extend(of_graph(&found, settings));
        progress.step();
        if let Some(namespace) = &self.namespace {
            lines.extend(of_queues(namespace, &self.queue, &signed_in).await);
            progress.step();
        }
        if let Some(url) = &self.url {
            let set = settings.callers.as_ref().map(|callers| &callers.audience);
            let audience = self.audience.as_ref().or(set);
            lines.push(of_function(url, audience, &signed_in).await);
        }
    }
}

/// Who is signed in, by which way, and until when.
fn told(facts: &TokenFacts) -> String {
    let who = Who::of(facts).name();
    let id = |name: &str, id: Option<uuid::Uuid>| {
        id.map_or_else(String::new, |id| format!(", {name} {id}"))
    };
    let way = match Who::of(facts) {
        Who::Person | Who::AzureCliApplication => format!(", by {}", by(facts.given_by)),
        Who::ManagedIdentity | Who::WorkloadIdentity => String::new(),
    };
    format!(
        "{who}{}{}{way}; the token holds until {}",
        id("object id", facts.object_id),
        id("application", facts.app_id),
        time(facts.expires_at)
    )
}

/// What the self-check of containment says, line by line.
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
            "none, by the settings of this shell: EVICT_PROTECTED_USERS and EVICT_PROTECTED_GROUPS. `evict revoke` would cut \
             whom the function protects.",
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

async fn of_function(url: &CheckUrl, audience: Option<&Audience>, signed_in: &SignedIn) -> Line {
    const NAME: &str = "function";
    let token = match audience {
        None => None,
        Some(audience) => {
            let resource = match Resource::application(audience) {
                Ok(resource) => resource,
                Err(reason) => {
                    let text = format!(
                        "{audience} is {reason}: no token for it is sent to {url}. Next: give the function's own application by \
                         --audience."
                    );
                    return Line::not_ok(NAME, Exit::Partly, text);
                }
            };
            match signed_in.token_for(&resource).await {
                Ok(token) => Some(token),
                Err(problem) => {
                    let text = format!(
                        "getting a token for {audience}, with which {url} was to be asked. Nothing was sent there. {problem}"
                    );
                    return Line::not_ok(NAME, Exit::Partly, text);
                }
            }
        }
    };
    let asking = format!("asking {url} for its self-check");
    match signed_in.ask_function(url, token.as_ref()).await {
        FunctionCheck::Well { version } => Line::ok(
            NAME,
            format!("{url} says that all is well there (version {version})"),
        ),
        FunctionCheck::NotWell { problems } => Line::not_ok(
            NAME,
            Exit::Partly,
            format!(
                "{url} says what is not well there:\n{}",
                problems.join("\n")
            ),
        ),
        FunctionCheck::NotLetIn { status, said } => {
            let said = said.unwrap_or_else(|| {
                "It says no more, as the Functions host does where a function key is asked for, which this command does not \
                 take. Next: set EVICT_HTTP_AUDIENCE and EVICT_ALLOWED_CALLERS in the app and give --audience, or open the \
                 self-check from the Azure portal."
                    .to_owned()
            });
            let with = if token.is_some() {
                "your token"
            } else {
                "no token"
            };
            let text = format!("{asking}, with {with}: it answered {status}. {said}");
            Line::not_ok(NAME, Exit::NoPermission, text)
        }
        FunctionCheck::Otherwise { what } => Line::not_ok(
            NAME,
            Exit::Partly,
            format!(
                "{asking}: it answered {what}. Next: see that the address is the app's, with /api/check at its end, and look at \
                 the app's log."
            ),
        ),
        FunctionCheck::Silent { reason } => Line::not_ok(
            NAME,
            Exit::Partly,
            format!(
                "{asking}: {reason}. Next: see whether the app is running, and whether it can be reached from here (private \
                 endpoint, VPN, access restrictions)."
            ),
        ),
    }
}
